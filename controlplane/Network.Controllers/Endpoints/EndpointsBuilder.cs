using k8s.Models;

namespace Network.Controllers.Endpoints;

/// <summary>The legacy Endpoints object of a service, which older clients read. Pure.</summary>
internal static class EndpointsBuilder
{
    private const string OverCapacity = "endpoints.kubernetes.io/over-capacity";
    private const int MostAddresses = 1000;

    internal static V1Endpoints For(V1Service service, IReadOnlyList<PodEndpoint> endpoints)
    {
        var portless = service.Spec.Ports is not { Count: > 0 };
        var counted = endpoints
            .Where(endpoint => !endpoint.Terminating || service.Spec.PublishNotReadyAddresses == true)
            .Where(endpoint => portless || endpoint.Ports.Count > 0)
            .ToList();
        var subsets = counted
            .OrderByDescending(endpoint => endpoint.Ready)
            .Take(MostAddresses)
            .GroupBy(endpoint => string.Join(',', endpoint.Ports.Select(port => $"{port.Name}/{port.Protocol}/{port.Port}")))
            .Select(group => Subset([.. group]))
            .ToList();
        var labels = new Dictionary<string, string>(service.Metadata.Labels ?? new Dictionary<string, string>())
        {
            ["endpoints.kubernetes.io/managed-by"] = "endpoint-controller",
        };
        if (service.Spec.ClusterIP == "None")
            labels["service.kubernetes.io/headless"] = "";
        return new V1Endpoints
        {
            Metadata = new V1ObjectMeta
            {
                Name = service.Metadata.Name,
                NamespaceProperty = service.Metadata.NamespaceProperty,
                Labels = labels,
                Annotations = counted.Count > MostAddresses ? new Dictionary<string, string> { [OverCapacity] = "truncated" } : null,
            },
            Subsets = subsets.Count == 0 ? null : subsets,
        };
    }

    /// <summary>The metadata of the object that is there, with what we say about its contents.</summary>
    internal static V1ObjectMeta Merge(V1ObjectMeta existing, V1ObjectMeta wanted)
    {
        var annotations = new Dictionary<string, string>(existing.Annotations ?? new Dictionary<string, string>());
        annotations.Remove(OverCapacity);
        foreach (var (key, value) in wanted.Annotations ?? new Dictionary<string, string>())
            annotations[key] = value;
        return existing with { Labels = wanted.Labels, Annotations = annotations };
    }

    private static V1EndpointSubset Subset(List<PodEndpoint> group)
    {
        var ready = group.Where(endpoint => endpoint.Ready).Select(ToAddress).ToList();
        var notReady = group.Where(endpoint => !endpoint.Ready).Select(ToAddress).ToList();
        return new V1EndpointSubset
        {
            Addresses = ready.Count == 0 ? null : ready,
            NotReadyAddresses = notReady.Count == 0 ? null : notReady,
            Ports = group[0].Ports.Select(port => new Corev1EndpointPort
            {
                Name = string.IsNullOrEmpty(port.Name) ? null : port.Name,
                Port = port.Port,
                Protocol = port.Protocol,
                AppProtocol = port.AppProtocol,
            }).ToList(),
        };
    }

    private static V1EndpointAddress ToAddress(PodEndpoint endpoint) => new()
    {
        Ip = endpoint.Address,
        Hostname = string.IsNullOrEmpty(endpoint.Pod.Spec.Hostname) || string.IsNullOrEmpty(endpoint.Pod.Spec.Subdomain) ? null : endpoint.Pod.Spec.Hostname,
        NodeName = endpoint.Pod.Spec.NodeName,
        TargetRef = new V1ObjectReference
        {
            Kind = "Pod",
            NamespaceProperty = endpoint.Pod.Metadata.NamespaceProperty,
            Name = endpoint.Pod.Metadata.Name,
            Uid = endpoint.Pod.Metadata.Uid,
        },
    };
}
