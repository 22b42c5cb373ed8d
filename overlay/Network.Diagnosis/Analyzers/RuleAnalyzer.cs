using System.Net;
using Network.Diagnosis.Facts;
using Network.Diagnosis.Findings;
using Network.ServiceProxy.Explain;
using Network.ServiceProxy.Model;
using Network.ServiceProxy.Walk;

namespace Network.Diagnosis.Analyzers;

/// <summary>What each node's rules do with services, against the endpoints there are; tracked connections; masquerade.</summary>
internal sealed class RuleAnalyzer : IAnalyzer
{
    public IEnumerable<Finding> Look(ClusterView view)
    {
        foreach (var (node, services) in view.Rules)
        {
            foreach (var finding in services.SelectMany(service => Service(node, service)))
                yield return finding;
        }

        foreach (var (node, entries) in view.Connections)
        {
            foreach (var finding in Stale(view, node, entries))
                yield return finding;
        }

        foreach (var machine in view.Machines.Where(machine => machine.Masquerades == false && view.Nodes.Any(node => node.Name == machine.Name && node.PodCidrs.Count > 0)))
            yield return new Finding(Kinds.MasqueradeMissing, machine.Name, "PODNET-POSTRTG", $"{machine.Name} does not hide its pods behind its own address: nobody outside can answer them", "podnet overlay repair on the node; its overlay daemon keeps the rules")
            {
                Needs = [machine.Name, "outside"], Look = "iptables-save -t nat | grep PODNET",
            };
    }

    private static IEnumerable<Finding> Service(string node, ServiceExplanation service)
    {
        var id = $"svc/{service.Port.Namespace}/{service.Port.Name}";
        foreach (var front in service.Fronts)
        {
            var outside = front.Kind != "cluster IP";
            var local = outside ? service.Port.ExternalPolicy == TrafficPolicy.Local : service.Port.InternalPolicy == TrafficPolicy.Local;
            var wanted = service.Endpoints.Where(endpoint => local ? endpoint.InLocal : endpoint.InCluster).Select(endpoint => new IPEndPoint(endpoint.Endpoint.Address, endpoint.Endpoint.Port).ToString()).ToHashSet();
            var actual = front.Outcome.Endpoints.Select(pair => pair.Endpoint.ToString()).ToHashSet();
            string[] needs = outside ? [node, id, "from-outside"] : [node, id];
            if (front.Outcome.Kind == OutcomeKind.Pass)
                yield return new Finding(Kinds.RulesMissing, node, id, $"{node} has no rules for {service.Port.Id}: {front.Packet} goes on as it came", "the log of the node's proxy; podnet svc explain; it writes all rules when it starts") { Needs = needs };
            else if (local && wanted.Count == 0 && service.Endpoints.Any(endpoint => endpoint.InCluster))
                yield return new Finding(Kinds.NoLocalEndpoint, node, id, $"{(outside ? "externalTrafficPolicy" : "internalTrafficPolicy")} of {service.Port.Id} is Local, and {node} has none of its pods: what comes to {front.Packet.Destination} here is dropped",
                    "send to a node that has one (healthCheckNodePort tells a load balancer), run one on each node, or set the policy to Cluster") { Needs = needs };
            else if (!wanted.SetEquals(actual) && (wanted.Count > 0 || actual.Count > 0) && (!local || !outside))
                yield return new Finding(Kinds.RulesDiffer, node, id, $"the rules of {node} send {service.Port.Id} to {Text(actual)}, its endpoints are {Text(wanted)}", "the log of the node's proxy: does it run, and does it see the API server? Restarting it writes all rules")
                {
                    Needs = needs, Look = $"podnet svc explain {service.Port.Namespace}/{service.Port.Name} --node {node}",
                };
        }
    }

    // The kernel asks rules only for the first packet: the others follow the entry, wherever it leads.
    private static IEnumerable<Finding> Stale(ClusterView view, string node, IReadOnlyList<Netlink.Netfilter.ConntrackEntry> entries)
    {
        var fronts = view.Services.SelectMany(service => service.PortsAt(node).SelectMany(port => port.ClusterIps.Select(address => (address, port, service)))).ToList();
        foreach (var entry in entries)
        {
            var (_, port, service) = fronts.FirstOrDefault(front => front.address.Equals(entry.Original.Destination) && front.port.Port == entry.Original.DestinationPort && Number(front.port.Protocol) == entry.Original.Protocol);
            if (port is null || port.Endpoints.Any(endpoint => endpoint.Address.Equals(entry.Reply.Source)))
                continue;
            yield return new Finding(Kinds.StaleConnection, node, service.Id, $"{node} still sends {entry.Original.Source}:{entry.Original.SourcePort} > {entry.Original.Destination}:{entry.Original.DestinationPort} to {entry.Reply.Source}, which is no endpoint of {service.Id} any more",
                $"conntrack -D -d {entry.Original.Destination} (the node's proxy does it when an endpoint goes: does it run?)") { Needs = [node, service.Id], Look = $"conntrack -L -d {entry.Original.Destination}" };
        }
    }

    private static byte Number(TransportProtocol protocol) => protocol switch { TransportProtocol.Tcp => 6, TransportProtocol.Udp => 17, _ => 132 };

    private static string Text(IReadOnlyCollection<string> endpoints) => endpoints.Count == 0 ? "nobody" : string.Join(", ", endpoints.Order(StringComparer.Ordinal));
}
