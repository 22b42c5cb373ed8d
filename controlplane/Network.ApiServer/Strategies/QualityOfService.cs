using System.Text.Json.Nodes;
using Network.Api.Schema;

namespace Network.ApiServer.Strategies;

/// <summary>The pod's quality-of-service class (pkg/apis/core/v1/helper/qos).</summary>
internal static class QualityOfService
{
    private static readonly string[] s_resources = ["cpu", "memory"];

    public static string Of(JsonObject pod)
    {
        var containers = pod.Items("spec", "containers").Concat(pod.Items("spec", "initContainers")).ToList();
        if (containers.All(c => !s_resources.Any(r => c.At("resources", "limits", r) is not null || c.At("resources", "requests", r) is not null)))
            return "BestEffort";
        return containers.All(c => s_resources.All(r => c.At("resources", "limits", r) is { } limit
            && JsonNode.DeepEquals(limit, c.At("resources", "requests", r) ?? limit)))
            ? "Guaranteed"
            : "Burstable";
    }
}
