using k8s.Models;

namespace Network.Controllers.LoadBalancers;

/// <summary>What a service asks of load balancers. Pure.</summary>
internal static class BalancerRequest
{
    /// <summary>The class of load balancers that is ours when a service names one.</summary>
    internal const string Class = "podnet.io/announcer";

    private static readonly string[] s_annotations = ["podnet.io/load-balancer-ip", "metallb.io/loadBalancerIPs"];

    internal static bool IsOurs(V1Service service) =>
        service is { Spec.Type: "LoadBalancer", Metadata.DeletionTimestamp: null } && service.Spec.LoadBalancerClass is (null or "" or Class);

    /// <summary>The address asked for; null for any.</summary>
    internal static string? Of(V1Service service)
    {
        var annotated = s_annotations.Select(name => service.Metadata.Annotations?.TryGetValue(name, out var text) == true ? text.Trim() : "").FirstOrDefault(text => text.Length > 0);
        return annotated ?? (string.IsNullOrEmpty(service.Spec.LoadBalancerIP) ? null : service.Spec.LoadBalancerIP);
    }
}
