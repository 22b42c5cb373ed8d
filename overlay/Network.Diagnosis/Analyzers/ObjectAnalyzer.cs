using System.Net;
using System.Net.Sockets;
using Network.Diagnosis.Facts;
using Network.Diagnosis.Findings;
using Network.ServiceProxy.Model;

namespace Network.Diagnosis.Analyzers;

/// <summary>Services against the pods they mean, and pods against the node they should run on.</summary>
internal sealed class ObjectAnalyzer : IAnalyzer
{
    public IEnumerable<Finding> Look(ClusterView view) => view.Pods.SelectMany(pod => Pod(view, pod)).Concat(view.Services.SelectMany(service => Service(view, service)));

    private static IEnumerable<Finding> Pod(ClusterView view, PodFacts pod)
    {
        if (pod.Node.Length == 0)
        {
            var why = view.Components.Any(part => !part.Running && part.Component is "scheduler" or "server") ? "no scheduler runs" : pod.Waiting ?? "the scheduler has not chosen one";
            yield return new Finding(Kinds.Unscheduled, pod.Id, pod.Id, $"{pod.Id} has no node: {why}", "kubectl describe pod; podnet status shows whether a scheduler runs") { Needs = [pod.Id] };
        }
        else if (pod is { Waiting: { } waiting, Terminating: false })
        {
            yield return new Finding(Kinds.NotRunning, pod.Node, pod.Id, $"{pod.Id} does not run on {pod.Node}: {waiting}", "kubectl describe pod; podnet image list on the node") { Needs = [pod.Id] };
        }
    }

    private static IEnumerable<Finding> Service(ClusterView view, ServiceFacts service)
    {
        if (service.Selector is not { Count: > 0 } selector)
            yield break;
        var chosen = view.Pods.Where(pod => pod.Namespace == service.Namespace && Matches(pod.Labels, selector)).ToList();
        var text = string.Join(',', selector.Select(pair => $"{pair.Key}={pair.Value}"));
        if (chosen.Count == 0)
        {
            yield return new Finding(Kinds.NoSelectorMatch, service.Id, service.Id, $"no pod of namespace {service.Namespace} has the labels {text} of {service.Id}{Nearest(view, service, selector)}",
                "give the service the labels of its pods: kubectl get pods --show-labels") { Needs = [service.Id] };
            yield break;
        }

        if (!chosen.Any(pod => pod.Ready))
            yield return new Finding(Kinds.NoReadyEndpoint, service.Id, service.Id, $"none of the {chosen.Count} pods of {service.Id} is ready: {string.Join(", ", chosen.Take(3).Select(pod => $"{pod.Name} {pod.Waiting ?? pod.Phase}"))}",
                "kubectl describe pod: the readiness probe or the container") { Needs = [service.Id] };
        foreach (var name in service.NamedTargets.Where(name => !chosen.Any(pod => pod.PortNames.Contains(name))))
            yield return new Finding(Kinds.NoNamedPort, service.Id, service.Id, $"{service.Id} sends to port \"{name}\", but its pods call their ports {Or(chosen.SelectMany(pod => pod.PortNames))}",
                "name the port in the pod, or write its number as targetPort") { Needs = [service.Id] };
        foreach (var finding in Listeners(view, service))
            yield return finding;
        if (chosen.Any(pod => pod.Ready) && service.NamedTargets.Count == 0 && service.PortsAt("") is { Count: > 0 } ports && ports.All(port => port.Endpoints.Count == 0))
            yield return Stale(service, "no endpoint was written for its ready pods");
        foreach (var gone in service.PortsAt("").SelectMany(port => port.Endpoints).Select(endpoint => endpoint.Address).Distinct().Where(address => !chosen.Any(pod => pod.Addresses.Contains(address))))
            yield return Stale(service, $"{gone} is an endpoint, and none of its pods has that address ({string.Join(", ", chosen.SelectMany(pod => pod.Addresses))})");
    }

    private static Finding Stale(ServiceFacts service, string what) =>
        new(Kinds.EndpointStale, service.Id, service.Id, $"{service.Id}: {what}", "the controllers write endpoints: podnet status shows whether they run; their log") { Needs = [service.Id], Look = $"kubectl get endpointslices -n {service.Namespace} -l kubernetes.io/service-name={service.Name}" };

    // Somebody must listen where the service sends to, in each pod that could be looked into.
    private static IEnumerable<Finding> Listeners(ClusterView view, ServiceFacts service)
    {
        foreach (var port in service.PortsAt("").Where(port => port.Protocol != TransportProtocol.Sctp))
        {
            var protocol = port.Protocol == TransportProtocol.Tcp ? ProtocolType.Tcp : ProtocolType.Udp;
            foreach (var endpoint in port.Endpoints.Where(endpoint => endpoint.Ready))
            {
                if (view.PodAt(endpoint.Address) is not { Network: { } network } pod || network.Listeners.Any(listener => listener.Takes(protocol, endpoint.Port)))
                    continue;
                yield return new Finding(Kinds.NoListener, pod.Id, service.Id,
                    $"{port.Id} sends to {new IPEndPoint(endpoint.Address, endpoint.Port)} ({port.ProtocolName}), but nobody listens there in {pod.Id}; there are {Or(network.Listeners.Select(listener => $"{listener.Protocol.ToString().ToLowerInvariant()} {listener.Port}"))}",
                    "write the port the program listens on as the service's targetPort") { Needs = [service.Id], Look = $"ip netns exec {network.NetNs} ss -lntu" };
            }
        }
    }

    private static bool Matches(IReadOnlyDictionary<string, string> labels, IReadOnlyDictionary<string, string> selector) =>
        selector.All(pair => labels.TryGetValue(pair.Key, out var value) && value == pair.Value);

    // A typing mistake leaves most letters in place: the pod whose labels differ least is probably meant.
    private static string Nearest(ClusterView view, ServiceFacts service, IReadOnlyDictionary<string, string> selector)
    {
        var near = view.Pods.Where(pod => pod.Namespace == service.Namespace)
            .SelectMany(pod => selector.Where(pair => pod.Labels.TryGetValue(pair.Key, out var value) && value != pair.Value).Select(pair => (pod, pair.Key, Value: pod.Labels[pair.Key], Distance: Distance(pair.Value, pod.Labels[pair.Key]))))
            .OrderBy(candidate => candidate.Distance).FirstOrDefault();
        return near.pod is null || near.Distance > 2 ? "" : $"; {near.pod.Id} has {near.Key}={near.Value}";
    }

    /// <summary>Letters to add, remove or change (Levenshtein).</summary>
    internal static int Distance(string a, string b)
    {
        var before = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var now = new int[b.Length + 1];
            now[0] = i;
            for (var j = 1; j <= b.Length; j++)
                now[j] = Math.Min(Math.Min(now[j - 1], before[j]) + 1, before[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1));
            before = now;
        }

        return before[^1];
    }

    private static string Or(IEnumerable<string> words) => string.Join(", ", words.Distinct().Order(StringComparer.Ordinal)) is { Length: > 0 } text ? text : "none";
}
