using System.Net.Sockets;
using Network.Iptables;

namespace Network.Overlay;

/// <summary>
/// Pods leave the cluster behind their node's address and stay themselves inside it. One chain in nat, one in filter
/// (another program may have set the FORWARD policy to DROP).
/// </summary>
internal sealed class Masquerade(OverlaySettings settings, IptablesRestore iptables)
{
    internal const string NatChain = "PODNET-POSTRTG";
    internal const string ForwardChain = "PODNET-FORWARD";
    private static readonly IptablesRule s_natJump = IptablesRule.New.Comment("podnet: pods leaving the cluster").Jump(NatChain);
    private static readonly IptablesRule s_forwardJump = IptablesRule.New.Comment("podnet: pod traffic is forwarded").Jump(ForwardChain);

    internal static IptablesFamily FamilyOf(OverlaySettings settings) =>
        settings.ClusterCidr.BaseAddress.AddressFamily == AddressFamily.InterNetwork ? IptablesFamily.V4 : IptablesFamily.V6;

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
            var wanted = RulesOf(chain).ToList();
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

    private static IEnumerable<(string Table, string BuiltIn, string Chain, IptablesRule Jump)> Parts() =>
    [
        ("nat", "POSTROUTING", NatChain, s_natJump),
        ("filter", "FORWARD", ForwardChain, s_forwardJump),
    ];

    private IEnumerable<IptablesRule> RulesOf(string chain)
    {
        var cluster = settings.ClusterCidr.ToString();
        var pods = settings.PodCidr.ToString();
        if (chain == ForwardChain)
        {
            yield return IptablesRule.New.Source(cluster).Jump("ACCEPT");
            yield return IptablesRule.New.Destination(cluster).Jump("ACCEPT");
            yield break;
        }

        var multicast = FamilyOf(settings) == IptablesFamily.V4 ? "!224.0.0.0/4" : "!ff00::/8";
        // The service proxy masquerades what it marked itself; twice would corrupt checksums on old kernels.
        yield return IptablesRule.New.Match("mark", "--mark", "0x4000/0x4000").Jump("RETURN");
        yield return IptablesRule.New.Source(pods).Destination(cluster).Jump("RETURN");
        yield return IptablesRule.New.Source(cluster).Destination(pods).Jump("RETURN");
        // Keeps the client's address for services with externalTrafficPolicy Local.
        yield return IptablesRule.New.Source("!" + cluster).Destination(pods).Jump("RETURN");
        yield return IptablesRule.New.Source(cluster).Destination(multicast).Jump("MASQUERADE", "--random-fully");
        yield return IptablesRule.New.Source("!" + cluster).Destination(cluster).Jump("MASQUERADE", "--random-fully");
    }
}
