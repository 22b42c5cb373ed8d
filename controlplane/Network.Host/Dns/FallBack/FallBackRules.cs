using System.Net;
using System.Net.Sockets;
using Network.Netlink.Netfilter;
using Network.Netlink.Netfilter.Expressions;

namespace Network.Host.Dns.FallBack;

/// <summary>
/// The table that a plan wants. It stands in the kernel, so it works while nobody of ours runs:
/// <code>
///  query to the DNS address
///    alive, and a socket is bound to just this address -> not tracked, delivered here
///    else -> rewritten to port 10053 of one of the Ready nodes, from this node's address
///  query to port 10053 of this node, from another node, while alive -> rewritten to the DNS address
/// </code>
/// <c>alive</c> holds the DNS address for as long as knocks come in, packets that the agent sends after its server has answered. Pure.
/// </summary>
internal sealed class FallBackRules
{
    internal const string TableName = "podnet-dns", Alive = "alive";

    /// <summary>Where nodes answer each other.</summary>
    internal const ushort NodePort = 10053;

    /// <summary>Where knocks go (discard, RFC 863). They end at the rule that takes note of them.</summary>
    internal const ushort KnockPort = 9;

    /// <summary>Time without a knock after which a server counts as gone.</summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(700);

    // Rules of another build are replaced, not added to.
    private const string Version = "DNS fall-back of podnet, layout 1";
    private const ushort DnsPort = 53;
    private const byte Udp = 17, Tcp = 6, Syn = 2;
    private const int Raw = -300, BeforeServices = -110, BeforeMasquerade = 90;
    private const string Answered = "answered for other nodes", Asked = "asked at other nodes";
    private readonly FallBackPlan _plan;
    private readonly NftFamily _family;

    internal FallBackRules(FallBackPlan plan)
    {
        _plan = plan;
        _family = FamilyOf(plan.Server);
        var address = _family == NftFamily.Ip6 ? NftTypes.Ip6 : NftTypes.Ip;
        Table = new NftTable(_family, TableName) { Comment = Version };
        AliveSet = Set(Alive, [address]) with { HasTimeout = true, Timeout = Patience, Dynamic = true, Size = 16, Comment = "DNS addresses whose server here has answered just now" };
        Askers = Set("askers", [address]) with { Comment = "the other nodes" };
        Answerers = Set("answerers", [NftTypes.Mark]) with { Data = [address], Comment = "nodes that are Ready, by number" };
        Transports = Set("transports", [NftTypes.Protocol]);
    }

    internal NftTable Table { get; }

    private NftSet AliveSet { get; }

    private NftSet Askers { get; }

    private NftSet Answerers { get; }

    private NftSet Transports { get; }

    internal static NftFamily FamilyOf(IPAddress address) => address.AddressFamily == AddressFamily.InterNetworkV6 ? NftFamily.Ip6 : NftFamily.Ip;

    /// <summary>One transaction from whatever stands there to this plan. What is alive stays so.</summary>
    /// <param name="replace">The table that stands there is of another layout.</param>
    internal NftBatch Batch(bool replace)
    {
        var batch = new NftBatch().TableAdd(Table);
        if (replace)
            batch.TableDelete(_family, TableName).TableAdd(Table);
        foreach (var set in (NftSet[])[AliveSet, Askers, Answerers, Transports])
            batch.SetAdd(set);
        foreach (var chain in Chains())
            batch.ChainAdd(chain);
        batch.RulesFlush(_family, TableName).SetFlush(Askers).SetFlush(Answerers)
            .ElementsAdd(Askers, _plan.Askers.Select(node => new NftElement(NftValue.Of(node))))
            .ElementsAdd(Answerers, _plan.Answerers.Select((node, i) => new NftElement(NftValue.Host((uint)i)) { Data = NftValue.Of(node) }))
            .ElementsAdd(Transports, [new NftElement(NftValue.Of(Udp)), new NftElement(NftValue.Of(Tcp))]);
        foreach (var rule in Rules())
            batch.RuleAdd(rule);
        return batch;
    }

    /// <summary>Whether the table that stands there was written by this layout.</summary>
    internal static bool IsOurs(NftTable table) => table.Comment == Version;

    /// <summary>First packets of queries: asked at other nodes, and answered for them, since the rules were last written.</summary>
    internal static (ulong Asked, ulong Answered) Counts(IEnumerable<NftRule> rules)
    {
        var (asked, answered) = (0UL, 0UL);
        foreach (var rule in rules)
        {
            var packets = rule.Expressions.OfType<NftCounter>().FirstOrDefault()?.Packets ?? 0;
            asked += rule.Comment == Asked ? packets : 0;
            answered += rule.Comment == Answered ? packets : 0;
        }

        return (asked, answered);
    }

    private IEnumerable<NftChain> Chains() =>
    [
        Chain("raw-prerouting", "filter", NftHook.Prerouting, Raw),
        Chain("raw-output", "filter", NftHook.Output, Raw),
        Chain("nat-prerouting", "nat", NftHook.Prerouting, BeforeServices),
        Chain("nat-output", "nat", NftHook.Output, BeforeServices),
        Chain("nat-postrouting", "nat", NftHook.Postrouting, BeforeMasquerade),
    ];

    private IEnumerable<NftRule> Rules() => [.. RawPrerouting(), .. RawOutput(), .. Nat()];

    private IEnumerable<NftRule> RawPrerouting() =>
    [
        Rule("raw-prerouting", "knock", [.. FromLoopbackDevice, .. ToServer(KnockPort), new NftDynamicSet(Alive, NftSetOperation.Update, 0, Timeout: Patience), new NftImmediate(NftVerdict.Drop)]),
        Rule("raw-prerouting", "the agent's own question", [.. FromLoopbackAddress, .. ToServer(DnsPort), .. Untracked]),
        // Gone at once when the process is: no need to wait until the address is forgotten.
        Rule("raw-prerouting", "answered here", [.. ToServer(DnsPort), new NftLookup(Alive, 0), new NftSocketMatch(NftSocketKey.Wildcard, 1), new NftCompare(1, NftComparison.Equal, NftValue.Of((byte)0)), .. Untracked]),
        // Between SYN and accept, and after the end, the kernel has no whole socket to look at.
        Rule("raw-prerouting", "a connection that begins or ends here", [.. ToServer(DnsPort), new NftLookup(Alive, 0), .. TcpWithoutSyn, new NftSocketMatch(NftSocketKey.Transparent, 1), .. Untracked]),
        Rule("raw-prerouting", "the answer to the node itself", [.. FromLoopbackDevice, .. FromServer, .. Untracked]),
    ];

    private IEnumerable<NftRule> RawOutput() =>
    [
        // Root alone says that a server is alive.
        Rule("raw-output", "knock", [.. ToServer(KnockPort), new NftMeta(NftMetaKey.UserId, 1), new NftCompare(1, NftComparison.Equal, NftValue.Host(0)), .. Untracked]),
        Rule("raw-output", null, [.. ToServer(KnockPort), new NftImmediate(NftVerdict.Drop)]),
        Rule("raw-output", "the agent's own question", [.. FromLoopbackAddress, .. ToServer(DnsPort), .. Untracked]),
        Rule("raw-output", "answered here", [.. ToServer(DnsPort), new NftLookup(Alive, 0), .. Untracked]),
        // Answers to other nodes are rewritten on their way out, so they stay tracked.
        Rule("raw-output", "answers", [.. FromServer, NftPayload.DestinationAddress(_family, 0), new NftLookup(Askers.Name, 0, Inverted: true), .. Untracked]),
    ];

    private IEnumerable<NftRule> Nat()
    {
        yield return Rule("nat-prerouting", Answered,
        [
            .. To(_plan.Node, NodePort), NftPayload.SourceAddress(_family, 0), new NftLookup(Askers.Name, 0),
            new NftImmediate(0, NftValue.Of(_plan.Server)), new NftLookup(Alive, 0), new NftCounter(), new NftImmediate(4, NftValue.BigEndian(DnsPort)), new NftNat(true, _family, 0, 4),
        ]);
        if (_plan.Answerers.Count > 0)
        {
            foreach (var chain in (string[])["nat-prerouting", "nat-output"])
            {
                yield return Rule(chain, Asked,
                [
                    .. ToServer(DnsPort), new NftCounter(), new NftNumber(0, (uint)_plan.Answerers.Count), new NftLookup(Answerers.Name, 0, 0),
                    new NftImmediate(4, NftValue.BigEndian(NodePort)), new NftNat(true, _family, 0, 4),
                ]);
            }
        }

        yield return Rule("nat-postrouting", "as this node, whom the other one knows",
        [
            new NftConntrack(_family == NftFamily.Ip6 ? NftConntrackKey.DestinationIp6 : NftConntrackKey.DestinationIp, 0, Direction: 0), new NftCompare(0, NftComparison.Equal, NftValue.Of(_plan.Server)),
            .. Transport, NftPayload.DestinationPort(0), new NftCompare(0, NftComparison.Equal, NftValue.BigEndian(NodePort)), new NftImmediate(0, NftValue.Of(_plan.Node)), new NftNat(false, _family, 0, null),
        ]);
    }

    private static NftExpression[] Untracked => [new NftNoTrack(), new NftImmediate(NftVerdict.Accept)];

    private static NftExpression[] FromLoopbackDevice => [new NftMeta(NftMetaKey.InputName, 0), new NftCompare(0, NftComparison.Equal, NftValue.InterfaceName("lo"))];

    private NftExpression[] Transport => [new NftMeta(NftMetaKey.TransportProtocol, 0), new NftLookup(Transports.Name, 0)];

    // Flags are byte 13 of the header (RFC 9293 3.1).
    private static NftExpression[] TcpWithoutSyn =>
    [
        new NftMeta(NftMetaKey.TransportProtocol, 1), new NftCompare(1, NftComparison.Equal, NftValue.Of(Tcp)),
        new NftPayload(NftPayloadBase.Transport, 13, 1, 1), new NftBitwise(1, 1, NftValue.Of(Syn), NftValue.Of((byte)0)), new NftCompare(1, NftComparison.Equal, NftValue.Of((byte)0)),
    ];

    private NftExpression[] FromLoopbackAddress =>
    [
        NftPayload.SourceAddress(_family, 0), new NftCompare(0, NftComparison.Equal, NftValue.Of(_family == NftFamily.Ip6 ? IPAddress.IPv6Loopback : IPAddress.Loopback)),
    ];

    private NftExpression[] FromServer =>
    [
        .. Transport, NftPayload.SourcePort(0), new NftCompare(0, NftComparison.Equal, NftValue.BigEndian(DnsPort)),
        NftPayload.SourceAddress(_family, 0), new NftCompare(0, NftComparison.Equal, NftValue.Of(_plan.Server)),
    ];

    // The address is what register 0 holds afterwards.
    private NftExpression[] ToServer(ushort port) => To(_plan.Server, port);

    private NftExpression[] To(IPAddress address, ushort port) =>
    [
        .. Transport, NftPayload.DestinationPort(0), new NftCompare(0, NftComparison.Equal, NftValue.BigEndian(port)),
        NftPayload.DestinationAddress(_family, 0), new NftCompare(0, NftComparison.Equal, NftValue.Of(address)),
    ];

    private NftSet Set(string name, uint[] key) => new(_family, TableName, name) { Key = key };

    private NftChain Chain(string name, string type, NftHook hook, int priority) => new(_family, TableName, name) { Type = type, Hook = hook, Priority = priority };

    private NftRule Rule(string chain, string? comment, NftExpression[] expressions) => new(_family, TableName, chain, expressions) { Comment = comment };
}
