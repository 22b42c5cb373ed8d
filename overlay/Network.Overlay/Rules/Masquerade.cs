using System.Net.Sockets;
using Network.Iptables;
using Network.Netlink;

namespace Network.Overlay;

/// <summary>
/// Pods leave the cluster behind their node's address and stay themselves inside it. One chain in nat, one in filter
/// (another program may have set the FORWARD policy to DROP). One instance a family.
/// </summary>
internal sealed class Masquerade(OverlaySettings settings, AddressFamily family, IptablesRestore iptables)
{
    internal const string NatChain = "PODNET-POSTRTG";
    internal const string ForwardChain = "PODNET-FORWARD";
    private readonly string _suffix = settings.Network.Length == 0 ? "" : $"-{settings.Network.ToUpperInvariant()}";

    internal static IptablesFamily Translate(AddressFamily family) => family == AddressFamily.InterNetwork ? IptablesFamily.V4 : IptablesFamily.V6;

    /// <summary>Rules for every family that has pods.</summary>
    internal static async Task<IReadOnlyList<Masquerade>> DetectAsync(OverlaySettings settings, CancellationToken cancel)
    {
        var all = new List<Masquerade>();
        foreach (var family in PerFamily<int>.Families.Where(family => settings.PodCidrs[family] is not null))
            all.Add(new Masquerade(settings, family, await IptablesRestore.DetectAsync(Translate(family), settings.NetNs, cancel).ConfigureAwait(false)));
        return all;
    }

    /// <summary>The change may have touched our chains or the jumps to them.</summary>
    internal bool IsConcernedBy(RulesetChange change) =>
        Parts().Any(part => change.MayConcern(part.Table, part.BuiltIn) || change.MayConcern(part.Table, part.Chain));

    /// <summary>A look at the tables whose changes raise no event; null when our rules are in none of them.</summary>
    internal LegacyTables? WatchLegacy() => LegacyTables.Open(Translate(family), [.. Parts().Select(part => part.Table)], settings.NetNs);

    /// <summary>Makes the kernel hold the rules.</summary>
    /// <returns>True when something had to be changed.</returns>
    internal async Task<bool> EnsureAsync(CancellationToken cancel)
    {
        var transaction = Difference(await iptables.SaveAsync(cancel: cancel).ConfigureAwait(false));
        await iptables.ApplyAsync(transaction, cancel).ConfigureAwait(false);
        return !transaction.IsEmpty;
    }

    /// <summary>Removes rules and chains; what is absent is no error.</summary>
    internal async Task RemoveAsync(CancellationToken cancel)
    {
        var actual = await iptables.SaveAsync(cancel: cancel).ConfigureAwait(false);
        var transaction = new IptablesTransaction();
        foreach (var (table, builtIn, chain, jump) in Parts())
        {
            if (!actual.HasChain(table, chain))
                continue;
            transaction.Chain(table, chain);
            for (var i = actual.Jumps(table, builtIn, chain); i > 0; i--)
                transaction.Delete(table, builtIn, jump);
            transaction.DeleteChain(table, chain);
        }

        await iptables.ApplyAsync(transaction, cancel).ConfigureAwait(false);
    }

    internal IptablesTransaction Difference(IptablesSnapshot actual)
    {
        var transaction = new IptablesTransaction();
        foreach (var (table, builtIn, chain, jump) in Parts())
        {
            var wanted = RulesOf(table).ToList();
            if (!actual.HasChain(table, chain) || !actual.Rules(table, chain).SequenceEqual(wanted.Select(rule => rule.ToString())))
            {
                transaction.Chain(table, chain);
                wanted.ForEach(rule => transaction.Append(table, chain, rule));
            }

            var jumps = actual.Jumps(table, builtIn, chain);
            if (jumps == 0)
                transaction.Append(table, builtIn, jump);
            for (; jumps > 1; jumps--)
                transaction.Delete(table, builtIn, jump);
        }

        return transaction;
    }

    private IEnumerable<(string Table, string BuiltIn, string Chain, IptablesRule Jump)> Parts() =>
    [
        ("nat", "POSTROUTING", NatChain + _suffix, IptablesRule.New.Comment("podnet: pods leaving the cluster").Jump(NatChain + _suffix)),
        ("filter", "FORWARD", ForwardChain + _suffix, IptablesRule.New.Comment("podnet: pod traffic is forwarded").Jump(ForwardChain + _suffix)),
    ];

    private IEnumerable<IptablesRule> RulesOf(string table)
    {
        var cluster = settings.ClusterCidrs[family]!.Value.ToString();
        var pods = settings.PodCidrs[family]!.Value.ToString();
        if (table == "filter")
        {
            yield return IptablesRule.New.Source(cluster).Jump("ACCEPT");
            yield return IptablesRule.New.Destination(cluster).Jump("ACCEPT");
            yield break;
        }

        var multicast = family == AddressFamily.InterNetwork ? "!224.0.0.0/4" : "!ff00::/8";
        // The service proxy masquerades what it marked itself; twice would corrupt checksums on old kernels.
        yield return IptablesRule.New.Match("mark", "--mark", "0x4000/0x4000").Jump("RETURN");
        yield return IptablesRule.New.Source(pods).Destination(cluster).Jump("RETURN");
        yield return IptablesRule.New.Source(cluster).Destination(pods).Jump("RETURN");
        // Keeps the client's address for services with externalTrafficPolicy Local.
        yield return IptablesRule.New.Source("!" + cluster).Destination(pods).Jump("RETURN");
        foreach (var range in settings.NoMasquerade.Where(range => range.BaseAddress.AddressFamily == family))
            yield return IptablesRule.New.Source(cluster).Destination(range.ToString()).Jump("RETURN");
        yield return IptablesRule.New.Source(cluster).Destination(multicast).Jump("MASQUERADE", "--random-fully");
        yield return IptablesRule.New.Source("!" + cluster).Destination(cluster).Jump("MASQUERADE", "--random-fully");
    }
}
