using k8s.Models;

namespace Network.Kubelet.Pods;

/// <summary>The three classes of service and the OOM scores they give (design-proposals resource-qos).</summary>
internal static class QualityOfService
{
    private static readonly string[] s_counted = ["cpu", "memory"];

    internal static string Of(V1PodSpec spec)
    {
        var containers = spec.Containers.Concat(spec.InitContainers ?? []).ToList();
        if (containers.All(container => Amounts(container.Resources?.Limits).Count == 0 && Amounts(container.Resources?.Requests).Count == 0))
            return "BestEffort";
        return containers.All(IsGuaranteed) ? "Guaranteed" : "Burstable";
    }

    internal static int OomScoreAdjust(V1PodSpec spec, V1Container container, long nodeMemory)
    {
        switch (Of(spec))
        {
            case "Guaranteed":
                return -997;
            case "BestEffort":
                return 1000;
        }

        var request = container.Resources?.Requests?.TryGetValue("memory", out var quantity) == true ? quantity.ToInt64() : 0;
        return (int)Math.Clamp(1000 - 1000 * request / Math.Max(1, nodeMemory), 3, 999);
    }

    private static bool IsGuaranteed(V1Container container)
    {
        var limits = Amounts(container.Resources?.Limits);
        var requests = Amounts(container.Resources?.Requests);
        return s_counted.All(name => limits.TryGetValue(name, out var limit) && (!requests.TryGetValue(name, out var request) || request == limit));
    }

    private static Dictionary<string, decimal> Amounts(IDictionary<string, ResourceQuantity>? quantities) =>
        (quantities ?? new Dictionary<string, ResourceQuantity>())
            .Where(pair => s_counted.Contains(pair.Key) && pair.Value.ToDecimal() > 0)
            .ToDictionary(pair => pair.Key, pair => pair.Value.ToDecimal());
}
