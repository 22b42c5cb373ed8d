using System.Globalization;
using k8s.Models;

namespace Network.Kubelet.Variables;

/// <summary>A reference in a pod that cannot be satisfied; the container waits with CreateContainerConfigError until it can.</summary>
internal sealed class PodConfigException(string message) : Exception(message);

/// <summary>What a pod may ask about itself: fieldRef and resourceFieldRef.</summary>
internal sealed record DownwardApi(V1Pod Pod, IReadOnlyList<string> Addresses, string NodeName, string NodeAddress)
{
    internal string Field(string path)
    {
        var meta = Pod.Metadata;
        return path switch
        {
            "metadata.name" => meta.Name,
            "metadata.namespace" => meta.NamespaceProperty,
            "metadata.uid" => meta.Uid,
            "metadata.labels" => Lines(meta.Labels),
            "metadata.annotations" => Lines(meta.Annotations),
            "spec.nodeName" => NodeName,
            "spec.serviceAccountName" => Pod.Spec.ServiceAccountName ?? "",
            "status.hostIP" or "status.hostIPs" => NodeAddress,
            "status.podIP" => Addresses.FirstOrDefault() ?? "",
            "status.podIPs" => string.Join(',', Addresses),
            _ when Subscript(path, "metadata.labels") is { } key => meta.Labels?.TryGetValue(key, out var value) == true ? value : "",
            _ when Subscript(path, "metadata.annotations") is { } key => meta.Annotations?.TryGetValue(key, out var value) == true ? value : "",
            _ => throw new PodConfigException($"fieldRef.fieldPath \"{path}\" is not supported"),
        };
    }

    internal string Resource(V1ResourceFieldSelector selector, string containerName)
    {
        var name = string.IsNullOrEmpty(selector.ContainerName) ? containerName : selector.ContainerName;
        var container = Pod.Spec.Containers.Concat(Pod.Spec.InitContainers ?? []).FirstOrDefault(container => container.Name == name)
            ?? throw new PodConfigException($"resourceFieldRef.containerName \"{name}\" is not a container of the pod");
        var parts = selector.Resource.Split('.', 2);
        var quantities = parts[0] == "limits" ? container.Resources?.Limits : container.Resources?.Requests;
        var divisor = selector.Divisor is null || selector.Divisor.ToDecimal() == 0 ? 1 : selector.Divisor.ToDecimal();
        if (quantities is null || !quantities.TryGetValue(parts[^1], out var quantity))
            return parts[0] == "limits" ? NodeLimit(parts[^1], divisor) : "0";
        return Math.Ceiling(quantity.ToDecimal() / divisor).ToString(CultureInfo.InvariantCulture);
    }

    // Without a limit the container may use the whole node, and that is what it is told.
    private static string NodeLimit(string resource, decimal divisor) => resource switch
    {
        "cpu" => Math.Ceiling(Environment.ProcessorCount / divisor).ToString(CultureInfo.InvariantCulture),
        "memory" => Math.Ceiling(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / divisor).ToString(CultureInfo.InvariantCulture),
        _ => "0",
    };

    private static string? Subscript(string path, string map) =>
        path.StartsWith(map + "['", StringComparison.Ordinal) && path.EndsWith("']", StringComparison.Ordinal)
            ? path[(map.Length + 2)..^2]
            : null;

    private static string Lines(IDictionary<string, string>? map) => map is null
        ? ""
        : string.Join('\n', map.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Key}={Quote(pair.Value)}"));

    // Go's strconv.Quote for the characters that occur in labels and annotations.
    private static string Quote(string text) =>
        $"\"{text.Replace("\\", "\\\\").Replace("\"", "\\\"").Replace("\n", "\\n").Replace("\t", "\\t").Replace("\r", "\\r")}\"";
}
