using System.Net;
using Network.ServiceProxy;
using Network.ServiceProxy.Backends.Iptables;
using Network.ServiceProxy.Model;
using Xunit;

namespace Network.Overlay.Tests.ServiceProxy;

/// <summary>
/// What one service becomes, word for word. Chain names and meaning are kube-proxy's (pkg/proxy/iptables), whose chain
/// names for well-known services are the oracle of the hash.
/// </summary>
public sealed class ServiceRulesTests
{
    private static readonly ProxySettings s_settings = new("w1") { ClusterCidr = IPNetwork.Parse("10.244.0.0/16") };

    [Theory]
    [InlineData("default", "kubernetes", "https", TransportProtocol.Tcp, "KUBE-SVC-NPX46M4PTMTKRN6Y")]
    [InlineData("kube-system", "kube-dns", "dns", TransportProtocol.Udp, "KUBE-SVC-TCOU7JCQXEZGVUNU")]
    [InlineData("kube-system", "kube-dns", "dns-tcp", TransportProtocol.Tcp, "KUBE-SVC-ERIFXISQEP7F7OF4")]
    [InlineData("ns1", "svc1", "p80", TransportProtocol.Tcp, "KUBE-SVC-XPGD46QRK7WJZT7O")]
    public void Chain_of_a_service_has_the_name_kube_proxy_gives_it(string ns, string name, string port, TransportProtocol protocol, string chain) =>
        Assert.Equal(chain, Chains.Service(new ServicePort(ns, name, port, protocol)));

    [Fact]
    public void Chain_of_an_endpoint_has_the_name_kube_proxy_gives_it() => Assert.Equal("KUBE-SEP-SXIVWICOYRO3J4NJ",
        Chains.Endpoint(new ServicePort("ns1", "svc1", "p80", TransportProtocol.Tcp), new ServiceEndpoint(IPAddress.Parse("10.180.0.1"), 80)));

    [Fact]
    public void Cluster_address_spreads_evenly_and_masquerades_hairpins_and_what_comes_from_outside_the_pods() => Expect(
        Service(1, 2),
        """
        SEP1 -s 10.244.1.1/32 -m comment --comment ns/s:p -j KUBE-MARK-MASQ
        SEP1 -p tcp -m comment --comment ns/s:p -m tcp -j DNAT --to-destination 10.244.1.1:8080
        SEP2 -s 10.244.1.2/32 -m comment --comment ns/s:p -j KUBE-MARK-MASQ
        SEP2 -p tcp -m comment --comment ns/s:p -m tcp -j DNAT --to-destination 10.244.1.2:8080
        SVC ! -s 10.244.0.0/16 -d 10.96.0.10/32 -p tcp -m comment --comment "ns/s:p cluster IP" -m tcp --dport 80 -j KUBE-MARK-MASQ
        SVC -m comment --comment "ns/s:p -> 10.244.1.1:8080" -m statistic --mode random --probability 0.5000000000 -j SEP1
        SVC -m comment --comment "ns/s:p -> 10.244.1.2:8080" -j SEP2
        KUBE-SERVICES -d 10.96.0.10/32 -p tcp -m comment --comment "ns/s:p cluster IP" -m tcp --dport 80 -j SVC
        """);

    [Fact]
    public void Service_with_nobody_behind_it_refuses_at_every_address() => Expect(
        Service() with { NodePort = 30080, ExternalIps = [IPAddress.Parse("203.0.113.7")], Protocol = TransportProtocol.Udp },
        """
        filter KUBE-SERVICES -d 10.96.0.10/32 -p udp -m comment --comment "ns/s:p has no endpoints" -m udp --dport 80 -j REJECT --reject-with icmp-port-unreachable
        filter KUBE-EXTERNAL-SERVICES -d 203.0.113.7/32 -p udp -m comment --comment "ns/s:p has no endpoints" -m udp --dport 80 -j REJECT --reject-with icmp-port-unreachable
        filter KUBE-EXTERNAL-SERVICES -p udp -m comment --comment "ns/s:p has no endpoints" -m addrtype --dst-type LOCAL -m udp --dport 30080 -j REJECT --reject-with icmp-port-unreachable
        """);

    [Fact]
    public void Node_port_masquerades_and_spreads_over_the_cluster() => Expect(
        Service(1) with { NodePort = 30080 },
        """
        SEP1 -s 10.244.1.1/32 -m comment --comment ns/s:p -j KUBE-MARK-MASQ
        SEP1 -p tcp -m comment --comment ns/s:p -m tcp -j DNAT --to-destination 10.244.1.1:8080
        SVC ! -s 10.244.0.0/16 -d 10.96.0.10/32 -p tcp -m comment --comment "ns/s:p cluster IP" -m tcp --dport 80 -j KUBE-MARK-MASQ
        SVC -m comment --comment "ns/s:p -> 10.244.1.1:8080" -j SEP1
        EXT -m comment --comment "masquerade traffic for ns/s:p external destinations" -j KUBE-MARK-MASQ
        EXT -j SVC
        KUBE-SERVICES -d 10.96.0.10/32 -p tcp -m comment --comment "ns/s:p cluster IP" -m tcp --dport 80 -j SVC
        KUBE-NODEPORTS -p tcp -m comment --comment ns/s:p -m tcp --dport 30080 -j EXT
        """);

    [Fact]
    public void External_policy_Local_keeps_strangers_on_this_node_and_lets_pods_and_the_node_reach_all() => ExpectPart(
        Local(Service(1, 2), 2) with { NodePort = 30080, ExternalPolicy = TrafficPolicy.Local },
        """
        SVC ! -s 10.244.0.0/16 -d 10.96.0.10/32 -p tcp -m comment --comment "ns/s:p cluster IP" -m tcp --dport 80 -j KUBE-MARK-MASQ
        SVC -m comment --comment "ns/s:p -> 10.244.1.1:8080" -m statistic --mode random --probability 0.5000000000 -j SEP1
        SVC -m comment --comment "ns/s:p -> 10.244.1.2:8080" -j SEP2
        SVL -m comment --comment "ns/s:p -> 10.244.1.2:8080" -j SEP2
        EXT -s 10.244.0.0/16 -m comment --comment "pod traffic for ns/s:p external destinations" -j SVC
        EXT -m comment --comment "masquerade LOCAL traffic for ns/s:p external destinations" -m addrtype --src-type LOCAL -j KUBE-MARK-MASQ
        EXT -m comment --comment "route LOCAL traffic for ns/s:p external destinations" -m addrtype --src-type LOCAL -j SVC
        EXT -j SVL
        KUBE-SERVICES -d 10.96.0.10/32 -p tcp -m comment --comment "ns/s:p cluster IP" -m tcp --dport 80 -j SVC
        KUBE-NODEPORTS -p tcp -m comment --comment ns/s:p -m tcp --dport 30080 -j EXT
        """);

    [Fact]
    public void External_policy_Local_without_a_local_endpoint_drops_strangers_and_still_serves_pods() => ExpectPart(
        Service(1) with { NodePort = 30080, ExternalIps = [IPAddress.Parse("203.0.113.7")], ExternalPolicy = TrafficPolicy.Local },
        """
        SVC ! -s 10.244.0.0/16 -d 10.96.0.10/32 -p tcp -m comment --comment "ns/s:p cluster IP" -m tcp --dport 80 -j KUBE-MARK-MASQ
        SVC -m comment --comment "ns/s:p -> 10.244.1.1:8080" -j SEP1
        EXT -s 10.244.0.0/16 -m comment --comment "pod traffic for ns/s:p external destinations" -j SVC
        EXT -m comment --comment "masquerade LOCAL traffic for ns/s:p external destinations" -m addrtype --src-type LOCAL -j KUBE-MARK-MASQ
        EXT -m comment --comment "route LOCAL traffic for ns/s:p external destinations" -m addrtype --src-type LOCAL -j SVC
        KUBE-SERVICES -d 10.96.0.10/32 -p tcp -m comment --comment "ns/s:p cluster IP" -m tcp --dport 80 -j SVC
        KUBE-SERVICES -d 203.0.113.7/32 -p tcp -m comment --comment "ns/s:p external IP" -m tcp --dport 80 -j EXT
        KUBE-NODEPORTS -p tcp -m comment --comment ns/s:p -m tcp --dport 30080 -j EXT
        filter KUBE-EXTERNAL-SERVICES -d 203.0.113.7/32 -p tcp -m comment --comment "ns/s:p has no local endpoints" -m tcp --dport 80 -j DROP
        filter KUBE-EXTERNAL-SERVICES -p tcp -m comment --comment "ns/s:p has no local endpoints" -m addrtype --dst-type LOCAL -m tcp --dport 30080 -j DROP
        """);

    [Fact]
    public void Internal_policy_Local_binds_the_cluster_address_and_leaves_the_node_port_to_the_cluster() => ExpectPart(
        Local(Service(1, 2), 2) with { NodePort = 30080, InternalPolicy = TrafficPolicy.Local },
        """
        SVC -m comment --comment "ns/s:p -> 10.244.1.1:8080" -m statistic --mode random --probability 0.5000000000 -j SEP1
        SVC -m comment --comment "ns/s:p -> 10.244.1.2:8080" -j SEP2
        SVL ! -s 10.244.0.0/16 -d 10.96.0.10/32 -p tcp -m comment --comment "ns/s:p cluster IP" -m tcp --dport 80 -j KUBE-MARK-MASQ
        SVL -m comment --comment "ns/s:p -> 10.244.1.2:8080" -j SEP2
        EXT -m comment --comment "masquerade traffic for ns/s:p external destinations" -j KUBE-MARK-MASQ
        EXT -j SVC
        KUBE-SERVICES -d 10.96.0.10/32 -p tcp -m comment --comment "ns/s:p cluster IP" -m tcp --dport 80 -j SVL
        KUBE-NODEPORTS -p tcp -m comment --comment ns/s:p -m tcp --dport 30080 -j EXT
        """);

    [Fact]
    public void Internal_policy_Local_without_a_local_endpoint_drops() => Expect(
        Service(1) with { InternalPolicy = TrafficPolicy.Local },
        """
        filter KUBE-SERVICES -d 10.96.0.10/32 -p tcp -m comment --comment "ns/s:p has no local endpoints" -m tcp --dport 80 -j DROP
        """);

    [Fact]
    public void Affinity_asks_every_endpoint_for_the_client_before_it_chooses() => Expect(
        Service(1, 2) with { Affinity = TimeSpan.FromSeconds(10800), Protocol = TransportProtocol.Udp },
        """
        SEP1 -s 10.244.1.1/32 -m comment --comment ns/s:p -j KUBE-MARK-MASQ
        SEP1 -p udp -m comment --comment ns/s:p -m recent --set --name SEP1 --mask 255.255.255.255 --rsource -m udp -j DNAT --to-destination 10.244.1.1:8080
        SEP2 -s 10.244.1.2/32 -m comment --comment ns/s:p -j KUBE-MARK-MASQ
        SEP2 -p udp -m comment --comment ns/s:p -m recent --set --name SEP2 --mask 255.255.255.255 --rsource -m udp -j DNAT --to-destination 10.244.1.2:8080
        SVC ! -s 10.244.0.0/16 -d 10.96.0.10/32 -p udp -m comment --comment "ns/s:p cluster IP" -m udp --dport 80 -j KUBE-MARK-MASQ
        SVC -m comment --comment "ns/s:p -> 10.244.1.1:8080" -m recent --rcheck --seconds 10800 --reap --name SEP1 --mask 255.255.255.255 --rsource -j SEP1
        SVC -m comment --comment "ns/s:p -> 10.244.1.2:8080" -m recent --rcheck --seconds 10800 --reap --name SEP2 --mask 255.255.255.255 --rsource -j SEP2
        SVC -m comment --comment "ns/s:p -> 10.244.1.1:8080" -m statistic --mode random --probability 0.5000000000 -j SEP1
        SVC -m comment --comment "ns/s:p -> 10.244.1.2:8080" -j SEP2
        KUBE-SERVICES -d 10.96.0.10/32 -p udp -m comment --comment "ns/s:p cluster IP" -m udp --dport 80 -j SVC
        """);

    [Theory]
    [InlineData(2, new[] { 0.5 })]
    [InlineData(3, new[] { 1.0 / 3, 0.5 })]
    [InlineData(7, new[] { 1.0 / 7, 1.0 / 6, 0.2, 0.25, 1.0 / 3, 0.5 })]
    public void Probabilities_give_every_endpoint_the_same_share(int endpoints, double[] expected)
    {
        var rules = ServiceRules.For(Service([.. Enumerable.Range(1, endpoints)]), s_settings).OwnRules
            .Select(placed => placed.Rule.ToString()).Where(rule => rule.Contains("--probability")).ToList();

        var written = rules.Select(rule => double.Parse(rule.Split("--probability ")[1].Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture)).ToList();
        Assert.Equal(expected.Length, written.Count);
        Assert.All(written.Zip(expected), pair => Assert.Equal(pair.Second, pair.First, 1e-9));
    }

    [Fact]
    public void Every_chain_that_a_rule_jumps_to_exists_whatever_the_service()
    {
        var random = new Random(1669);
        for (var round = 0; round < 2000; round++)
        {
            var service = Random(random);
            var rules = ServiceRules.For(service, s_settings);
            var targets = rules.OwnRules.Concat(rules.NatEntries).Select(placed => placed.Rule.ToString().Split("-j ")[1].Split(' ')[0])
                .Where(Chains.IsPerService).ToHashSet();
            var why = $"round {round}: {service}\n{Text(service)}";

            Assert.True(targets.IsSubsetOf(rules.OwnChains), why);
            Assert.True(rules.OwnRules.Select(placed => placed.Chain).ToHashSet().SetEquals(rules.OwnChains), why);
            Assert.True(rules.OwnChains.Distinct().Count() == rules.OwnChains.Count, why);
        }
    }

    private static ServicePort Random(Random random)
    {
        var policies = new[] { TrafficPolicy.Cluster, TrafficPolicy.Local };
        return Service() with
        {
            NodePort = random.Next(2) * 30080,
            ExternalIps = random.Next(2) == 0 ? [] : [IPAddress.Parse("203.0.113.7")],
            InternalPolicy = random.GetItems(policies, 1)[0],
            ExternalPolicy = random.GetItems(policies, 1)[0],
            Affinity = random.Next(2) == 0 ? null : TimeSpan.FromMinutes(1),
            Endpoints = Enumerable.Range(1, random.Next(4)).Select(number => Endpoint(number) with
            {
                Ready = random.Next(2) == 0,
                Serving = random.Next(2) == 0,
                Terminating = random.Next(2) == 0,
                IsLocal = random.Next(2) == 0,
            }).ToList(),
        };
    }

    private static ServicePort Service(params int[] endpoints) => new("ns", "s", "p", TransportProtocol.Tcp)
    {
        ClusterIps = [IPAddress.Parse("10.96.0.10")],
        Port = 80,
        Endpoints = endpoints.Select(Endpoint).ToList(),
    };

    private static ServiceEndpoint Endpoint(int number) => new(IPAddress.Parse($"10.244.1.{number}"), 8080);

    private static ServicePort Local(ServicePort service, int number) => service with
    {
        Endpoints = service.Endpoints.Select(endpoint => endpoint with { IsLocal = endpoint.Address.GetAddressBytes()[3] == number }).ToList(),
    };

    private static void Expect(ServicePort service, string rules) => Assert.Equal(rules, Text(service), ignoreLineEndingDifferences: true);

    // The endpoints' own chains stand in the complete cases above.
    private static void ExpectPart(ServicePort service, string rules) => Assert.Equal(rules,
        string.Join('\n', Text(service).Split('\n').Where(line => !line.StartsWith("SEP", StringComparison.Ordinal))));

    private static string Text(ServicePort service)
    {
        var rules = ServiceRules.For(service, s_settings);
        var text = string.Join('\n', rules.OwnRules.Concat(rules.NatEntries).Select(placed => $"{placed.Chain} {placed.Rule}")
            .Concat(rules.FilterEntries.Select(placed => $"filter {placed.Chain} {placed.Rule}")));
        text = text.Replace(Chains.Service(service), "SVC").Replace(Chains.LocalService(service), "SVL").Replace(Chains.External(service), "EXT");
        return service.Endpoints.Aggregate(text, (all, endpoint) =>
            all.Replace(Chains.Endpoint(service, endpoint), $"SEP{endpoint.Address.GetAddressBytes()[3]}"));
    }
}
