using Network.Cni.Ipam;
using Network.Linux;
using Network.Netlink.Netfilter;
using Network.Netlink.Netfilter.Expressions;

namespace Network.Cni.Types.Portmap;

/// <summary>
/// Port rules by nftables: one table of our own for both families, one rule a mapping and one to masquerade it, marked by a
/// comment. Every change is one transaction. Masquerading looks for translated connections instead of a mark, so it takes
/// no bit from anybody.
/// </summary>
internal sealed class NftPorts(bool snat) : IPortBackend
{
    internal const string Name = "nftables";
    private const string Table = "podnet-hostports";
    private const string Ports = "ports";
    private const string Postrouting = "postrouting";
    private const NftFamily Family = NftFamily.Inet;

    // Registers are counted in words of four bytes; an IPv6 address takes four of them.
    private const int First = 0, Second = 4;
    private const uint LocalAddress = 2, DestinationRewritten = 32;
    private const int Attempts = 20;

    private static readonly NftChain[] s_chains =
    [
        new(Family, Table, Ports),
        new(Family, Table, "prerouting") { Type = "nat", Hook = NftHook.Prerouting, Priority = -100 },
        new(Family, Table, "output") { Type = "nat", Hook = NftHook.Output, Priority = -100 },
        new(Family, Table, Postrouting) { Type = "nat", Hook = NftHook.Postrouting, Priority = 100 },
    ];

    string IPortBackend.Name => Name;

    public void Set(PodPorts ports) => Commit((nft, batch) =>
    {
        var hooked = Prepare(nft, batch);
        foreach (var rule in hooked ? RulesOf(ports) : Jumps().Concat(RulesOf(ports)))
            batch.RuleAdd(rule);
    });

    public void Remove(string key) => Commit((nft, batch) =>
    {
        foreach (var rule in Present(nft).Where(rule => rule.Comment == CommentOf(key)))
            batch.RuleDelete(rule);
    });

    public string? Missing(PodPorts ports)
    {
        using var nft = NftSocket.Open();
        var present = Present(nft);
        foreach (var wanted in Jumps().Concat(RulesOf(ports)))
        {
            if (!present.Any(rule => rule.SameAs(wanted)))
                return $"table inet {Table} chain {wanted.Chain}: {wanted}";
        }

        return null;
    }

    // The kernel refuses a transaction that was computed before another one was committed.
    private static void Commit(Action<NftSocket, NftBatch> change)
    {
        using var nft = NftSocket.Open();
        for (var attempt = 1; ; attempt++)
        {
            var batch = new NftBatch();
            var generation = nft.Generation().Id;
            change(nft, batch);
            if (nft.TryExecute(batch, generation) is not [var refusal, ..])
                return;
            if (attempt == Attempts || refusal.Error.Errno is not (Errno.ERESTART or Errno.EAGAIN or Errno.EBUSY))
                throw refusal.Error;
        }
    }

    /// <returns>Whether the base chains lead to ours already.</returns>
    private static bool Prepare(NftSocket nft, NftBatch batch)
    {
        if (Present(nft).Count(rule => rule.Comment is null && rule.Expressions is [.., NftImmediate { Verdict: not null }]) >= Jumps().Count())
            return true;
        // A table that somebody emptied or changed is begun anew by name; rules of pods that are there stay.
        batch.TableAdd(new NftTable(Family, Table) { Comment = "ports of this node that lead to pods, by podnet-cni" });
        foreach (var chain in s_chains)
            batch.ChainAdd(chain);
        foreach (var chain in (string[])["prerouting", "output"])
            batch.RulesFlush(Family, Table, chain);
        return false;
    }

    private static IReadOnlyList<NftRule> Present(NftSocket nft) =>
        nft.Tables().Any(table => table.Family == Family && table.Name == Table) ? nft.Rules(Family, Table) : [];

    private static IEnumerable<NftRule> Jumps() => from chain in (string[])["prerouting", "output"]
        select new NftRule(Family, Table, chain,
        [
            new NftFib(NftFibFlags.Destination, NftFibResult.AddressType, First), Equal(NftValue.Host(LocalAddress)),
            new NftImmediate(NftVerdict.Jump(Ports)),
        ]);

    private IEnumerable<NftRule> RulesOf(PodPorts ports)
    {
        var comment = CommentOf(ports.Key);
        foreach (var v6 in (bool[])[false, true])
        {
            foreach (var (mapping, pod) in ports.Pairs(v6))
            {
                yield return Translate(mapping, pod) with { Comment = comment };
                if (!snat)
                    continue;
                // The answer must come back through the node: to the pod itself, its neighbours on the bridge, and local processes.
                yield return MasqueradeFrom(NetworkOf(pod), mapping, pod) with { Comment = comment };
                if (!v6)
                    yield return MasqueradeFrom(new Subnet(Ip.V4(0x7f000000), 8), mapping, pod) with { Comment = comment };
            }
        }

        foreach (var pod in ports.Masquerade ? ports.Addresses : [])
        {
            var (family, own) = (FamilyOf(pod.Address), new Subnet(pod.Address, pod.Address.Bits));
            var multicast = pod.Address.IsV6 ? new Subnet(new Ip((UInt128)0xff << 120), 8) : new Subnet(Ip.V4(0xe0000000), 4);
            yield return new NftRule(Family, Table, Postrouting,
            [
                .. OfFamily(family), .. Within(NftPayload.SourceAddress(family, First), own, NftComparison.Equal),
                .. Within(NftPayload.DestinationAddress(family, First), NetworkOf(pod), NftComparison.NotEqual),
                .. Within(NftPayload.DestinationAddress(family, First), multicast, NftComparison.NotEqual),
                new NftMasquerade(NftNatFlags.FullyRandom),
            ]) { Comment = comment };
        }
    }

    private static NftRule Translate(PortMapping mapping, GrantedAddress pod)
    {
        var family = FamilyOf(pod.Address);
        var to = mapping.SpecificHostIp is { } ip ? Within(NftPayload.DestinationAddress(family, First), new Subnet(ip, ip.Bits), NftComparison.Equal) : [];
        return new NftRule(Family, Table, Ports,
        [
            .. OfFamily(family), .. to, .. To(mapping, mapping.HostPort),
            new NftImmediate(First, NftValue.Of(pod.Address.ToAddress())), new NftImmediate(Second, NftValue.BigEndian((ushort)mapping.ContainerPort)),
            new NftNat(Destination: true, family, First, Second),
        ]);
    }

    private static NftRule MasqueradeFrom(Subnet source, PortMapping mapping, GrantedAddress pod)
    {
        var family = FamilyOf(pod.Address);
        return new NftRule(Family, Table, Postrouting,
        [
            .. OfFamily(family), .. Within(NftPayload.SourceAddress(family, First), source, NftComparison.Equal),
            .. Within(NftPayload.DestinationAddress(family, First), new Subnet(pod.Address, pod.Address.Bits), NftComparison.Equal),
            .. To(mapping, mapping.ContainerPort),
            new NftConntrack(NftConntrackKey.Status, First), new NftBitwise(First, First, NftValue.Host(DestinationRewritten), NftValue.Host(0)),
            new NftCompare(First, NftComparison.NotEqual, NftValue.Host(0)),
            new NftMasquerade(NftNatFlags.FullyRandom),
        ]);
    }

    private static NftExpression[] OfFamily(NftFamily family) =>
        [new NftMeta(NftMetaKey.NetworkProtocol, First), Equal(NftValue.Of((byte)family))];

    private static NftExpression[] To(PortMapping mapping, int port) =>
    [
        new NftMeta(NftMetaKey.TransportProtocol, First), Equal(NftValue.Of(mapping.ProtocolNumber)),
        NftPayload.DestinationPort(First), Equal(NftValue.BigEndian((ushort)port)),
    ];

    private static NftExpression[] Within(NftPayload address, Subnet subnet, NftComparison comparison)
    {
        var value = NftValue.Of(subnet.Base.ToAddress());
        if (subnet.Length == subnet.Base.Bits)
            return [address, new NftCompare(First, comparison, value)];
        var mask = new byte[value.Length];
        for (var bit = 0; bit < subnet.Length; bit++)
            mask[bit / 8] |= (byte)(0x80 >> (bit % 8));
        return [address, new NftBitwise(First, First, new NftValue(mask), new NftValue(new byte[mask.Length])), new NftCompare(First, comparison, value)];
    }

    private static NftCompare Equal(NftValue value) => new(First, NftComparison.Equal, value);

    private static NftFamily FamilyOf(Ip address) => address.IsV6 ? NftFamily.Ip6 : NftFamily.Ip;

    private static Subnet NetworkOf(GrantedAddress pod) => Subnet.TryParseAddress(pod.ToString(), out _, out var subnet) ? subnet : new Subnet(pod.Address, pod.Address.Bits);

    // nft reads comments of at most 127 bytes with the final zero.
    private static string CommentOf(string key) => PodPorts.Mark(key, most: 126);
}
