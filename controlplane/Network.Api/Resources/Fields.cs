namespace Network.Api.Resources;

/// <summary>Field selector labels of the kinds that have more than metadata.name and metadata.namespace.</summary>
internal static class Fields
{
    public static IReadOnlyDictionary<string, string> Pods { get; } = Of(
        "spec.nodeName", "spec.host=spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName", "spec.hostNetwork",
        "status.phase", "status.podIP", "status.podIPs=status.podIP", "status.nominatedNodeName");

    public static IReadOnlyDictionary<string, string> Events { get; } = Of(
        "involvedObject.kind", "involvedObject.namespace", "involvedObject.name", "involvedObject.uid", "involvedObject.apiVersion",
        "involvedObject.resourceVersion", "involvedObject.fieldPath", "reason", "reportingComponent", "reportingController=reportingComponent",
        "source=source.component", "type");

    public static IReadOnlyDictionary<string, string> NewEvents { get; } = Of(
        "regarding.kind", "regarding.namespace", "regarding.name", "regarding.uid", "regarding.apiVersion", "regarding.resourceVersion",
        "regarding.fieldPath", "reason", "reportingController", "type");

    public static IReadOnlyDictionary<string, string> Of(params string[] labels) =>
        labels.Select(l => l.Split('=')).ToDictionary(p => p[0], p => p[^1], StringComparer.Ordinal);
}
