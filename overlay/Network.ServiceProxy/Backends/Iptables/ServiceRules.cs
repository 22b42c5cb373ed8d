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

        private bool HasExternal => service.NodePort > 0 || service.ExternalIps.Count > 0;

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
                Own.Add(new PlacedRule(chain, IptablesRule.New.Source($"{endpoint.Address}/32").Comment(service.Id).Jump(Chains.MarkMasquerade)));
                var rule = IptablesRule.New.Protocol(service.ProtocolName).Comment(service.Id);
                if (service.Affinity is not null)
                    rule = rule.Match("recent", "--set", "--name", chain, "--mask", "255.255.255.255", "--rsource");
                Own.Add(new PlacedRule(chain, rule.Match(service.ProtocolName).Jump("DNAT", "--to-destination", $"{endpoint.Address}:{endpoint.Port}")));
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

            if (settings.ClusterCidr is { } pods)
                Own.Add(new PlacedRule(chain, IptablesRule.New.Source(pods.ToString()).Comment($"pod traffic for {service.Id} external destinations").Jump(Chains.Service(service))));
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
                AddExternalEntry(address);
            if (service.NodePort == 0)
                return;
            if (choice.HasAny)
                Nat.Add(new PlacedRule(Chains.NodePorts, IptablesRule.New.Protocol(service.ProtocolName).Comment(service.Id)
                    .Match(service.ProtocolName, "--dport", Text(service.NodePort)).Jump(Chains.External(service))));
            if (choice.HasAny && ExternalAnswers)
                return;
            Filter.Add(new PlacedRule(Chains.ExternalServices, Refuse(IptablesRule.New.Protocol(service.ProtocolName)
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
        private void AddExternalEntry(IPAddress address)
        {
            AddEntry(address, "external IP", Chains.External(service), choice.HasAny, Chains.ExternalServices);
            if (choice.HasAny && !ExternalAnswers)
                AddRefusal(address, Chains.ExternalServices);
        }

        private void AddRefusal(IPAddress address, string chain) => Filter.Add(new PlacedRule(chain,
            Refuse(To(address).Comment($"{service.Id} {Why}").Match(service.ProtocolName, "--dport", Text(service.Port)))));

        private IptablesRule To(IPAddress address) => IptablesRule.New.Destination($"{address}/32").Protocol(service.ProtocolName);

        // Nobody at all is told so at once; "not on this node" stays silent, because another node may answer.
        private IptablesRule Refuse(IptablesRule rule) =>
            choice.HasAny ? rule.Jump("DROP") : rule.Jump("REJECT", "--reject-with", "icmp-port-unreachable");

        private void AddChoice(string chain, IReadOnlyList<ServiceEndpoint> endpoints)
        {
            ChainNames.Add(chain);
            if (chain == InsideChain && settings.ClusterCidr is { } pods)
            {
                foreach (var address in service.ClusterIps)
                    Own.Add(new PlacedRule(chain, IptablesRule.New.Source($"!{pods}").Destination($"{address}/32").Protocol(service.ProtocolName)
                        .Comment($"{service.Id} cluster IP").Match(service.ProtocolName, "--dport", Text(service.Port)).Jump(Chains.MarkMasquerade)));
            }

            if (service.Affinity is { } affinity)
            {
                foreach (var endpoint in endpoints)
                    Own.Add(new PlacedRule(chain, IptablesRule.New.Comment($"{service.Id} -> {endpoint.Address}:{endpoint.Port}")
                        .Match("recent", "--rcheck", "--seconds", Text((int)affinity.TotalSeconds), "--reap", "--name", Chains.Endpoint(service, endpoint),
                            "--mask", "255.255.255.255", "--rsource").Jump(Chains.Endpoint(service, endpoint))));
            }

            for (var i = 0; i < endpoints.Count; i++)
            {
                var rule = IptablesRule.New.Comment($"{service.Id} -> {endpoints[i].Address}:{endpoints[i].Port}");
                if (i < endpoints.Count - 1)
                    rule = rule.Match("statistic", "--mode", "random", "--probability", (1.0 / (endpoints.Count - i)).ToString("0.0000000000", CultureInfo.InvariantCulture));
                Own.Add(new PlacedRule(chain, rule.Jump(Chains.Endpoint(service, endpoints[i]))));
            }
        }

        private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
    }
}
