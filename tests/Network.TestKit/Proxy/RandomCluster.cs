using System.Net;
using Network.ServiceProxy;
using Network.ServiceProxy.Model;
using Network.ServiceProxy.Walk;

namespace Network.TestKit.Proxy;

/// <summary>A cluster as no person would set it up, seen from one node, and packets that may or may not mean its services.</summary>
public sealed record RandomCluster(IReadOnlyList<ServicePort> Services, IReadOnlyList<Packet> Packets, ProxySettings Settings)
{
    public const string Node = "192.0.2.1", Gateway = "10.244.1.1", Stranger = "198.51.100.7", Neighbour = "192.0.2.254";
    private static readonly string[] s_localPods = ["10.244.1.2", "10.244.1.3", "10.244.1.4"], s_remotePods = ["10.244.2.2", "10.244.2.3", "10.244.3.2"];
    private static readonly string[] s_ranges = ["198.51.100.0/24", "192.0.2.0/24", "10.244.0.0/16", "10.244.1.0/24", "198.51.100.7/32", "203.0.113.0/24"];

    public static RandomCluster Create(Random random, bool sctp = true)
    {
        var services = Enumerable.Range(0, random.Next(1, 6)).SelectMany(index => Service(random, index, sctp)).ToList();
        var settings = new ProxySettings("w1")
        {
            ClusterCidr = IPNetwork.Parse("10.244.0.0/16"),
            NodeAddresses = [IPAddress.Parse(Node)],
            MasqueradeAll = random.Next(8) == 0,
            NodePortAddresses = random.Next(4) == 0 ? [IPNetwork.Parse($"{Node}/32")] : [],
        };
        return new RandomCluster(services, Enumerable.Range(0, 12).Select(_ => Packet(random, services, sctp)).ToList(), settings);
    }

    /// <summary>A smaller cluster for which the condition still holds; what is left is what matters.</summary>
    public RandomCluster Shrink(Func<RandomCluster, bool> fails)
    {
        var smallest = this;
        while (smallest.Smaller().FirstOrDefault(fails) is { } smaller)
            smallest = smaller;
        return smallest;
    }

    public override string ToString() => string.Join('\n',
    [
        $"settings: {Settings}",
        .. Services.Select(service => $"{service.Key} ips={string.Join(',', service.ClusterIps)}:{service.Port} nodePort={service.NodePort} external={string.Join(',', service.ExternalIps)} lb={string.Join(',', service.LoadBalancerIps)}"
            + $" ranges={(service.SourceRanges is { } ranges ? string.Join(',', ranges) : "all")} internal={service.InternalPolicy} policy={service.ExternalPolicy} affinity={service.Affinity}\n  "
            + string.Join("\n  ", service.Endpoints)),
        .. Packets.Select(packet => $"packet {packet}"),
    ]);

    private IEnumerable<RandomCluster> Smaller()
    {
        for (var i = 0; i < Packets.Count && Packets.Count > 1; i++)
            yield return this with { Packets = [Packets[i]] };
        for (var i = 0; i < Services.Count; i++)
        {
            yield return this with { Services = [.. Services.Take(i), .. Services.Skip(i + 1)] };
            foreach (var simpler in Simpler(Services[i]).Where(simpler => !simpler.Equals(Services[i])))
                yield return this with { Services = [.. Services.Take(i), simpler, .. Services.Skip(i + 1)] };
        }
    }

    private static IEnumerable<ServicePort> Simpler(ServicePort service)
    {
        for (var i = 0; i < service.Endpoints.Count; i++)
            yield return service with { Endpoints = [.. service.Endpoints.Take(i), .. service.Endpoints.Skip(i + 1)] };
        yield return service with { NodePort = 0 };
        yield return service with { ExternalIps = [] };
        yield return service with { LoadBalancerIps = [] };
        yield return service with { SourceRanges = null };
        yield return service with { Affinity = null };
        yield return service with { InternalPolicy = TrafficPolicy.Cluster };
        yield return service with { ExternalPolicy = TrafficPolicy.Cluster };
    }

    private static IEnumerable<ServicePort> Service(Random random, int index, bool sctp)
    {
        var name = $"s{index}";
        var nodePort = random.Next(2) * (30000 + (index * 10));
        TransportProtocol[] protocols = sctp ? [TransportProtocol.Tcp, TransportProtocol.Udp, TransportProtocol.Sctp] : [TransportProtocol.Tcp, TransportProtocol.Udp];
        IReadOnlyList<IPAddress> balancers = random.Next(3) == 0 ? [IPAddress.Parse($"203.0.113.{index + 100}")] : [];
        var common = new ServicePort("ns", name, "", TransportProtocol.Tcp)
        {
            ClusterIps = [IPAddress.Parse($"10.96.0.{index + 10}")],
            ExternalIps = random.Next(4) == 0 ? [IPAddress.Parse($"203.0.113.{index + 10}")] : [],
            LoadBalancerIps = balancers,
            SourceRanges = balancers.Count > 0 && random.Next(2) == 0 ? random.GetItems(s_ranges, random.Next(1, 3)).Select(IPNetwork.Parse).ToList() : null,
            InternalPolicy = random.Next(3) == 0 ? TrafficPolicy.Local : TrafficPolicy.Cluster,
            ExternalPolicy = random.Next(2) == 0 ? TrafficPolicy.Local : TrafficPolicy.Cluster,
            Affinity = random.Next(5) == 0 ? TimeSpan.FromSeconds(random.Next(1, 86400)) : null,
        };
        for (var port = 0; port < random.Next(1, 3); port++)
        {
            var here = common with { NodePort = nodePort == 0 ? 0 : nodePort + port, Port = 80 + port, Endpoints = Endpoints(random) };
            yield return new ServicePort("ns", name, $"p{port}", random.GetItems(protocols, 1)[0])
            {
                ClusterIps = here.ClusterIps, ExternalIps = here.ExternalIps, LoadBalancerIps = here.LoadBalancerIps, SourceRanges = here.SourceRanges, InternalPolicy = here.InternalPolicy,
                ExternalPolicy = here.ExternalPolicy, Affinity = here.Affinity, NodePort = here.NodePort, Port = here.Port, Endpoints = here.Endpoints,
            };
        }
    }

    private static List<ServiceEndpoint> Endpoints(Random random)
    {
        var kinds = random.Next(4);
        var hints = random.Next(4);
        return s_localPods.Concat(s_remotePods).Where(_ => random.Next(5) < 2).Select(address => new ServiceEndpoint(IPAddress.Parse(address), 8080)
        {
            IsLocal = s_localPods.Contains(address),
            Ready = kinds < 2 || random.Next(2) == 0,
            Serving = kinds < 2 || random.Next(3) > 0,
            Terminating = kinds >= 2 && random.Next(2) == 0,
            Node = hints == 1 ? (TopologyHint)random.Next(3) : TopologyHint.None,
            Zone = hints == 2 ? (TopologyHint)random.Next(1, 3) : TopologyHint.None,
        }).ToList();
    }

    private static Packet Packet(Random random, List<ServicePort> services, bool sctp)
    {
        var service = services[random.Next(services.Count)];
        string[] sources = [.. s_localPods, s_remotePods[0], Stranger, Neighbour, Node];
        var source = random.GetItems(sources, 1)[0];
        List<(IPAddress Address, int Port)> fronts =
        [
            .. service.ClusterIps.Concat(service.ExternalIps).Concat(service.LoadBalancerIps).Select(address => (address, service.Port)),
            .. service.NodePort > 0 ? new[] { (IPAddress.Parse(Node), service.NodePort), (IPAddress.Parse(Gateway), service.NodePort) } : [],
        ];
        var (destination, port) = fronts[random.Next(fronts.Count)];
        // A pod of another node meets cluster addresses there; none of its packets to one comes here.
        if (service.ClusterIps.Contains(destination) && source == s_remotePods[0])
            source = s_localPods[0];
        // Near misses: another port, another protocol, an address of nobody.
        return random.Next(10) switch
        {
            0 => new Packet(IPAddress.Parse(source), destination, service.Protocol, port + 1000, source == Node),
            1 => new Packet(IPAddress.Parse(source), destination, service.Protocol == TransportProtocol.Tcp ? TransportProtocol.Udp : TransportProtocol.Tcp, port, source == Node),
            2 => new Packet(IPAddress.Parse(source), IPAddress.Parse("10.244.2.9"), sctp ? service.Protocol : TransportProtocol.Tcp, port, source == Node),
            _ => new Packet(IPAddress.Parse(source), destination, service.Protocol, port, source == Node),
        };
    }
}
