using System.Globalization;
using System.Net;
using Network.Iptables;
using Network.ServiceProxy.Choice;
using Network.ServiceProxy.Model;

namespace Network.ServiceProxy.Backends.Iptables;

/// <summary>A rule with the chain it stands in.</summary>
internal sealed record PlacedRule(string Chain, IptablesRule Rule);

/// <summary>
/// Everything the kernel needs for one service port: its own chains (all in nat), its lines in KUBE-SERVICES and
/// KUBE-NODEPORTS, and its lines in the filter table when nobody answers. Pure; kube-proxy's semantics.
/// </summary>
internal sealed record ServiceRules(IReadOnlyList<string> OwnChains, IReadOnlyList<PlacedRule> OwnRules, IReadOnlyList<PlacedRule> NatEntries,
    IReadOnlyList<PlacedRule> FilterEntries)
{
    internal int Count => OwnRules.Count + NatEntries.Count + FilterEntries.Count;

    internal static ServiceRules For(ServicePort service, ProxySettings settings)
    {
        var choice = EndpointChoice.For(service);
        var builder = new Builder(service, choice, settings);
        builder.AddEndpoints();
        builder.AddBalancing();
        builder.AddExternal();
        builder.AddEntries();
        return new ServiceRules(builder.ChainNames, builder.Own, builder.Nat, builder.Filter);
    }

    private sealed class Builder(ServicePort service, EndpointChoice choice, ProxySettings settings)
    {
        internal List<string> ChainNames { get; } = [];

        internal List<PlacedRule> Own { get; } = [];

        internal List<PlacedRule> Nat { get; } = [];

        internal List<PlacedRule> Filter { get; } = [];

        private readonly bool _v6 = service.ClusterIps is [{ AddressFamily: System.Net.Sockets.AddressFamily.InterNetworkV6 }, ..];

        private bool HasExternal => service.HasExternal;

        private string Whole => _v6 ? "/128" : "/32";

        private string ClientMask => _v6 ? "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" : "255.255.255.255";

        private string Pods => settings.ClusterCidr is { } pods && (pods.BaseAddress.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6) == _v6 ? pods.ToString() : "";

        private bool InsideIsLocal => service.InternalPolicy == TrafficPolicy.Local;

        private bool OutsideIsLocal => HasExternal && service.ExternalPolicy == TrafficPolicy.Local;

        private bool UsesCluster => choice.Cluster.Count > 0 && (HasExternal || !InsideIsLocal);

        private bool UsesLocal => choice.Local.Count > 0 && (InsideIsLocal || OutsideIsLocal);

        private string InsideChain => InsideIsLocal ? Chains.LocalService(service) : Chains.Service(service);

        internal void AddEndpoints()
        {
            foreach (var endpoint in (UsesCluster ? choice.Cluster : []).Union(UsesLocal ? choice.Local : []))
            {
                var chain = Chains.Endpoint(service, endpoint);
                ChainNames.Add(chain);
                // Hairpin: an endpoint that reaches itself through the service must see somebody else's address.
                Own.Add(new PlacedRule(chain, IptablesRule.New.Source(endpoint.Address + Whole).Comment(service.Id).Jump(Chains.MarkMasquerade)));
                var rule = IptablesRule.New.Protocol(service.ProtocolName).Comment(service.Id);
                if (service.Affinity is not null)
                    rule = rule.Match("recent", "--set", "--name", chain, "--mask", ClientMask, "--rsource");
                Own.Add(new PlacedRule(chain, rule.Match(service.ProtocolName).Jump("DNAT", "--to-destination", Text(endpoint))));
            }
        }

        // SVC always means the whole cluster and SVL this node, so a port may have both: the policies inside and outside differ.
        internal void AddBalancing()
        {
            if (UsesCluster)
                AddChoice(Chains.Service(service), choice.Cluster);
            if (UsesLocal)
                AddChoice(Chains.LocalService(service), choice.Local);
        }

        // What comes from outside: masqueraded and spread over all, or (Local) kept on this node with its source.
        internal void AddExternal()
        {
            if (!HasExternal || !choice.HasAny)
                return;
            var chain = Chains.External(service);
            ChainNames.Add(chain);
            if (service.ExternalPolicy == TrafficPolicy.Cluster)
            {
                Own.Add(new PlacedRule(chain, IptablesRule.New.Comment($"masquerade traffic for {service.Id} external destinations").Jump(Chains.MarkMasquerade)));
                Own.Add(new PlacedRule(chain, IptablesRule.New.Jump(Chains.Service(service))));
                return;
            }

            if (Pods.Length > 0)
                Own.Add(new PlacedRule(chain, IptablesRule.New.Source(Pods).Comment($"pod traffic for {service.Id} external destinations").Jump(Chains.Service(service))));
            var local = IptablesRule.New.Comment($"masquerade LOCAL traffic for {service.Id} external destinations").Match("addrtype", "--src-type", "LOCAL");
            Own.Add(new PlacedRule(chain, local.Jump(Chains.MarkMasquerade)));
            Own.Add(new PlacedRule(chain, IptablesRule.New.Comment($"route LOCAL traffic for {service.Id} external destinations")
                .Match("addrtype", "--src-type", "LOCAL").Jump(Chains.Service(service))));
            if (choice.Local.Count > 0)
                Own.Add(new PlacedRule(chain, IptablesRule.New.Jump(Chains.LocalService(service))));
        }

        internal void AddEntries()
        {
            foreach (var address in service.ClusterIps)
                AddEntry(address, "cluster IP", InsideChain, choice.HasAny && (!InsideIsLocal || choice.Local.Count > 0), Chains.Services);
            foreach (var address in service.ExternalIps)
                AddExternalEntry(address, "external IP", Chains.External(service));
            foreach (var address in service.LoadBalancerIps.Except(service.ExternalIps))
                AddExternalEntry(address, "loadbalancer IP", IsFirewalled ? Chains.SourceRanges(service) : Chains.External(service));
            if (IsFirewalled)
                AddFirewall();
            if (service.NodePort == 0)
                return;
            if (choice.HasAny)
                Nat.Add(new PlacedRule(Chains.NodePorts, IptablesRule.New.Protocol(service.ProtocolName).Comment(service.Id)
                    .Match(service.ProtocolName, "--dport", Text(service.NodePort)).Jump(Chains.External(service))));
            if (choice.HasAny && ExternalAnswers)
                return;
            // Only where the node port is answered; elsewhere the number may be somebody else's.
            IEnumerable<IptablesRule> places = settings.NodePortAddresses.Count == 0 ? [IptablesRule.New] : settings.NodePortAddresses
                .Where(range => (range.BaseAddress.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6) == _v6).Select(range => IptablesRule.New.Destination(range.ToString()));
            foreach (var place in places)
                Filter.Add(new PlacedRule(Chains.ExternalServices, Refuse(place.Protocol(service.ProtocolName)
                    .Comment($"{service.Id} {Why}").Match("addrtype", "--dst-type", "LOCAL").Match(service.ProtocolName, "--dport", Text(service.NodePort)))));
        }

        private bool ExternalAnswers => service.ExternalPolicy == TrafficPolicy.Cluster || choice.Local.Count > 0;

        private string Why => choice.HasAny ? "has no local endpoints" : "has no endpoints";

        private void AddEntry(IPAddress address, string kind, string target, bool answered, string refusingChain)
        {
            if (answered)
                Nat.Add(new PlacedRule(Chains.Services, To(address).Comment($"{service.Id} {kind}").Match(service.ProtocolName, "--dport", Text(service.Port)).Jump(target)));
            else
                AddRefusal(address, refusingChain);
        }

        // Without an endpoint here the jump stays, for pods and the node itself, whom the policy does not bind; what no
        // rule there took is refused.
        private void AddExternalEntry(IPAddress address, string kind, string target)
        {
            AddEntry(address, kind, target, choice.HasAny, Chains.ExternalServices);
            if (choice.HasAny && !ExternalAnswers)
                AddRefusal(address, Chains.ExternalServices);
        }

        private bool IsFirewalled => service.SourceRanges is not null && choice.HasAny && service.LoadBalancerIps.Count > 0;

        // What the ranges do not hold is not rewritten, and still has the load balancer's address when the filter table drops it.
        // Whoever may use the address from the node may also use it as its own source: the node that holds the address sends so.
        private void AddFirewall()
        {
            var chain = Chains.SourceRanges(service);
            ChainNames.Add(chain);
            foreach (var range in service.SourceRanges!)
                Own.Add(new PlacedRule(chain, IptablesRule.New.Source(range.ToString()).Comment($"{service.Id} loadbalancer IP").Jump(Chains.External(service))));
            if (settings.NodeAddresses.Any(node => service.SourceRanges!.Any(range => range.Contains(node))))
            {
                foreach (var address in service.LoadBalancerIps)
                    Own.Add(new PlacedRule(chain, IptablesRule.New.Source(address + Whole).Comment($"{service.Id} loadbalancer IP").Jump(Chains.External(service))));
            }

            Own.Add(new PlacedRule(chain, IptablesRule.New.Comment($"other traffic to {service.Id} will be dropped by {Chains.Firewall}")));
            foreach (var address in service.LoadBalancerIps.Except(service.ExternalIps))
                Filter.Add(new PlacedRule(Chains.Firewall, To(address).Comment($"{service.Id} traffic not accepted by {chain}")
                    .Match(service.ProtocolName, "--dport", Text(service.Port)).Jump("DROP")));
        }

        private void AddRefusal(IPAddress address, string chain) => Filter.Add(new PlacedRule(chain,
            Refuse(To(address).Comment($"{service.Id} {Why}").Match(service.ProtocolName, "--dport", Text(service.Port)))));

        private IptablesRule To(IPAddress address) => IptablesRule.New.Destination(address + Whole).Protocol(service.ProtocolName);

        // Nobody at all is told so at once; "not on this node" stays silent, because another node may answer.
        private IptablesRule Refuse(IptablesRule rule) =>
            choice.HasAny ? rule.Jump("DROP") : rule.Jump("REJECT", "--reject-with", _v6 ? "icmp6-port-unreachable" : "icmp-port-unreachable");

        private void AddChoice(string chain, IReadOnlyList<ServiceEndpoint> endpoints)
        {
            ChainNames.Add(chain);
            if (chain == InsideChain && (settings.MasqueradeAll || Pods.Length > 0))
            {
                foreach (var address in service.ClusterIps)
                    Own.Add(new PlacedRule(chain, (settings.MasqueradeAll ? IptablesRule.New : IptablesRule.New.Source($"!{Pods}")).Destination(address + Whole).Protocol(service.ProtocolName)
                        .Comment($"{service.Id} cluster IP").Match(service.ProtocolName, "--dport", Text(service.Port)).Jump(Chains.MarkMasquerade)));
            }

            if (service.Affinity is { } affinity)
            {
                foreach (var endpoint in endpoints)
                    Own.Add(new PlacedRule(chain, IptablesRule.New.Comment($"{service.Id} -> {Text(endpoint)}")
                        .Match("recent", "--rcheck", "--seconds", Text((int)affinity.TotalSeconds), "--reap", "--name", Chains.Endpoint(service, endpoint),
                            "--mask", ClientMask, "--rsource").Jump(Chains.Endpoint(service, endpoint))));
            }

            for (var i = 0; i < endpoints.Count; i++)
            {
                var rule = IptablesRule.New.Comment($"{service.Id} -> {Text(endpoints[i])}");
                if (i < endpoints.Count - 1)
                    rule = rule.Match("statistic", "--mode", "random", "--probability", (1.0 / (endpoints.Count - i)).ToString("0.0000000000", CultureInfo.InvariantCulture));
                Own.Add(new PlacedRule(chain, rule.Jump(Chains.Endpoint(service, endpoints[i]))));
            }
        }

        private static string Text(ServiceEndpoint endpoint) => new IPEndPoint(endpoint.Address, endpoint.Port).ToString();

        private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
    }
}
