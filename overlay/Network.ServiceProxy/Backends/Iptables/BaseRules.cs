using Network.Iptables;

namespace Network.ServiceProxy.Backends.Iptables;

/// <summary>The chains that stand whether or not there are services, and the jumps from the kernel's own chains into them.</summary>
internal static class BaseRules
{
    internal static readonly string[] NatChains = [Chains.Services, Chains.NodePorts, Chains.Postrouting, Chains.MarkMasquerade];
    internal static readonly string[] FilterChains = [Chains.Services, Chains.ExternalServices, Chains.Forward, Chains.Firewall];
    internal static readonly string[] CanaryTables = ["nat", "filter", "mangle"];

    /// <summary>Table, kernel chain, rule that must be there (at the beginning).</summary>
    internal static readonly IReadOnlyList<(string Table, string Chain, IptablesRule Rule)> Jumps =
    [
        ("nat", "PREROUTING", IptablesRule.New.Comment("kubernetes service portals").Jump(Chains.Services)),
        ("nat", "OUTPUT", IptablesRule.New.Comment("kubernetes service portals").Jump(Chains.Services)),
        ("nat", "POSTROUTING", IptablesRule.New.Comment("kubernetes postrouting rules").Jump(Chains.Postrouting)),
        ("filter", "FORWARD", IptablesRule.New.Comment("kubernetes forwarding rules").Jump(Chains.Forward)),
        ("filter", "FORWARD", New("kubernetes service portals", Chains.Services)),
        ("filter", "OUTPUT", New("kubernetes service portals", Chains.Services)),
        ("filter", "FORWARD", New("kubernetes externally-visible service portals", Chains.ExternalServices)),
        ("filter", "INPUT", New("kubernetes externally-visible service portals", Chains.ExternalServices)),
        // Beyond kube-proxy: the node's own programs are refused too, and do not send to the outside what is for a service.
        ("filter", "OUTPUT", New("kubernetes externally-visible service portals", Chains.ExternalServices)),
        ("filter", "INPUT", New("kubernetes load balancer firewall", Chains.Firewall)),
        ("filter", "OUTPUT", New("kubernetes load balancer firewall", Chains.Firewall)),
        ("filter", "FORWARD", New("kubernetes load balancer firewall", Chains.Firewall)),
    ];

    internal static bool Owns(string table, string chain) => table switch
    {
        "nat" when NatChains.Contains(chain) || Chains.IsPerService(chain) => true,
        "filter" when FilterChains.Contains(chain) => true,
        _ => chain == Chains.Canary && CanaryTables.Contains(table),
    };

    internal static IEnumerable<PlacedRule> Nat()
    {
        yield return new PlacedRule(Chains.MarkMasquerade, IptablesRule.New.Jump("MARK", "--set-xmark", $"{Chains.Mark}/{Chains.Mark}"));
        yield return new PlacedRule(Chains.Postrouting, IptablesRule.New.Match("mark", "!", "--mark", $"{Chains.Mark}/{Chains.Mark}").Jump("RETURN"));
        // The mark goes off again, so that a packet that is encapsulated and passes here a second time is not rewritten twice.
        yield return new PlacedRule(Chains.Postrouting, IptablesRule.New.Jump("MARK", "--set-xmark", $"{Chains.Mark}/0x0"));
        yield return new PlacedRule(Chains.Postrouting,
            IptablesRule.New.Comment("kubernetes service traffic requiring SNAT").Jump("MASQUERADE", "--random-fully"));
    }

    internal static IEnumerable<PlacedRule> Filter(ProxySettings settings)
    {
        if (!settings.TcpBeLiberal)
            yield return new PlacedRule(Chains.Forward, IptablesRule.New.Match("conntrack", "--ctstate", "INVALID").Jump("DROP"));
        yield return new PlacedRule(Chains.Forward, IptablesRule.New.Comment("kubernetes forwarding rules")
            .Match("mark", "--mark", $"{Chains.Mark}/{Chains.Mark}").Jump("ACCEPT"));
        yield return new PlacedRule(Chains.Forward, IptablesRule.New.Comment("kubernetes forwarding conntrack rule")
            .Match("conntrack", "--ctstate", "RELATED,ESTABLISHED").Jump("ACCEPT"));
    }

    /// <summary>Last in KUBE-SERVICES: what is addressed to the node itself may be a node port.</summary>
    internal static IEnumerable<PlacedRule> NodePortJumps(ProxySettings settings, IptablesFamily family)
    {
        var comment = IptablesRule.New.Comment("kubernetes service nodeports; NOTE: this must be the last rule in this chain");
        if (settings.NodePortAddresses.Count == 0)
        {
            // A reply from a pod to 127.0.0.1 is a martian unless route_localnet is set, which opens the node's own services too.
            var rule = family == IptablesFamily.V4 && !settings.LocalhostNodePorts ? IptablesRule.New.Destination("!127.0.0.0/8") : IptablesRule.New;
            yield return new PlacedRule(Chains.Services, rule.Append(comment).Match("addrtype", "--dst-type", "LOCAL").Jump(Chains.NodePorts));
        }

        var wanted = family == IptablesFamily.V4 ? System.Net.Sockets.AddressFamily.InterNetwork : System.Net.Sockets.AddressFamily.InterNetworkV6;
        foreach (var range in settings.NodePortAddresses.Where(range => range.BaseAddress.AddressFamily == wanted))
            yield return new PlacedRule(Chains.Services, IptablesRule.New.Destination(range.ToString()).Append(comment).Match("addrtype", "--dst-type", "LOCAL").Jump(Chains.NodePorts));
    }

    private static IptablesRule New(string comment, string target) =>
        IptablesRule.New.Match("conntrack", "--ctstate", "NEW").Comment(comment).Jump(target);
}
