using k8s.Models;
using Network.Api.Placement;
using Network.Controllers.Pods;

namespace Network.Controllers.Endpoints;

/// <summary>One pod behind one service, with its ports resolved.</summary>
internal sealed record PodEndpoint(V1Pod Pod, string Address, IReadOnlyList<ResolvedPort> Ports, bool Ready, bool Serving, bool Terminating);

/// <summary>A service port as one pod answers it; named target ports may differ from pod to pod.</summary>
internal sealed record ResolvedPort(string? Name, string Protocol, int Port, string? AppProtocol);

/// <summary>Which pods stand behind a service and on which ports. Pure.</summary>
internal static class EndpointChoice
{
    internal static IReadOnlyList<PodEndpoint> For(V1Service service, IEnumerable<V1Pod> pods) => pods
        .Where(pod => pod.Metadata.NamespaceProperty == service.Metadata.NamespaceProperty
            && Selection.Matches(service.Spec.Selector, pod.Metadata.Labels)
            && !string.IsNullOrEmpty(pod.Status?.PodIP)
            && pod.Status.Phase is not ("Succeeded" or "Failed"))
        .Select(pod => Of(service, pod))
        .OrderBy(endpoint => endpoint.Address, StringComparer.Ordinal)
        .ToList();

    private static PodEndpoint Of(V1Service service, V1Pod pod)
    {
        var terminating = pod.Metadata.DeletionTimestamp is not null;
        var serving = service.Spec.PublishNotReadyAddresses == true || PodState.IsReady(pod);
        var ready = service.Spec.PublishNotReadyAddresses == true || (serving && !terminating);
        var ports = (service.Spec.Ports ?? [])
            .Select(port => (port, number: Resolve(port, pod)))
            .Where(pair => pair.number is not null)
            .Select(pair => new ResolvedPort(pair.port.Name, pair.port.Protocol ?? "TCP", pair.number!.Value, pair.port.AppProtocol))
            .ToList();
        return new PodEndpoint(pod, pod.Status.PodIP, ports, ready, serving, terminating);
    }

    private static int? Resolve(V1ServicePort port, V1Pod pod)
    {
        var target = port.TargetPort?.Value;
        if (string.IsNullOrEmpty(target) || target == "0")
            return port.Port;
        if (int.TryParse(target, out var number))
            return number;
        var sidecars = (pod.Spec.InitContainers ?? []).Where(container => container.RestartPolicy == "Always");
        return pod.Spec.Containers.Concat(sidecars).SelectMany(container => container.Ports ?? [])
            .FirstOrDefault(named => named.Name == target && (named.Protocol ?? "TCP") == (port.Protocol ?? "TCP"))?.ContainerPort;
    }
}
