using System.Text.Json.Nodes;
using Network.Api.Errors;
using Network.Api.Resources;
using Network.Api.Schema;
using Network.ApiServer.Registry;

namespace Network.ApiServer.Admission.PodSecurity;

/// <summary>
/// Holds pods to the level their namespace is labelled with (KEP-2579): enforce refuses a pod, warn and audit also look into the templates of
/// workloads, so that the author of a deployment hears of it and not only its controller.
/// </summary>
internal sealed class PodSecurityAdmission(ObjectRegistry registry) : IAdmission
{
    private static readonly ResourceInfo s_namespaces = ResourceCatalog.Get("namespaces");

    public ValueTask AdmitAsync(AdmissionRequest request)
    {
        if (request.Operation == AdmissionOperation.Delete)
            return default;
        if (request.IsFor("namespaces"))
            CheckLabels(request);
        else if (request.IsFor("pods") || request.IsFor("pods/ephemeralcontainers"))
            CheckPod(request);
        else if (request.Context.Subresource.Length == 0 && Template(request) is { } template)
            Tell(request, template, Namespace(request));
        return default;
    }

    private static void CheckLabels(AdmissionRequest request)
    {
        foreach (var mode in (ReadOnlySpan<string>)["enforce", "audit", "warn"])
        {
            var key = SecurityLevel.Prefix + mode;
            var level = request.Value.Text("metadata", "labels", key);
            if (level.Length > 0 && !SecurityLevel.Levels.Contains(level))
            {
                throw Refusal.Invalid("Namespace", "", request.Name,
                    [FieldFault.Invalid($"metadata.labels[{key}]", level, $"must be one of {string.Join(", ", SecurityLevel.Levels)}")]);
            }
        }
    }

    private void CheckPod(AdmissionRequest request)
    {
        // What was let in stays in: an update is judged only when it changes what the checks look at.
        if (request.Old is { } old && JsonNode.DeepEquals(old["spec"], request.Value["spec"]))
            return;
        var ns = Namespace(request);
        var level = SecurityLevel.Of(ns, "enforce");
        if (level.Restricts && SecurityChecks.Violations(request.Value, level.Level) is { Count: > 0 } violations)
            throw Refusal.Forbidden("pods", "", request.Name, $"violates PodSecurity \"{level}\": {string.Join(", ", violations)}");
        Tell(request, request.Value, ns);
    }

    private static void Tell(AdmissionRequest request, JsonObject pod, JsonObject? ns)
    {
        var level = SecurityLevel.Of(ns, "warn");
        if (level.Restricts && SecurityChecks.Violations(pod, level.Level) is { Count: > 0 } violations)
            request.Context.Warn?.Invoke($"would violate PodSecurity \"{level}\": {string.Join(", ", violations)}");
        var audited = SecurityLevel.Of(ns, "audit");
        if (audited.Restricts && SecurityChecks.Violations(pod, audited.Level) is { Count: > 0 } noted)
            request.Context.Annotate?.Invoke(SecurityLevel.Prefix + "audit-violations", $"would violate PodSecurity \"{audited}\": {string.Join(", ", noted)}");
    }

    private JsonObject? Namespace(AdmissionRequest request) => registry.Find(s_namespaces, "", request.Context.Namespace);

    private static JsonObject? Template(AdmissionRequest request) => (request.Context.Resource.Group, request.Context.Resource.Plural) switch
    {
        ("apps", "deployments" or "replicasets" or "daemonsets" or "statefulsets") or ("batch", "jobs") or ("", "replicationcontrollers") =>
            request.Value.At("spec", "template") as JsonObject,
        ("batch", "cronjobs") => request.Value.At("spec", "jobTemplate", "spec", "template") as JsonObject,
        ("", "podtemplates") => request.Value["template"] as JsonObject,
        _ => null,
    };
}
