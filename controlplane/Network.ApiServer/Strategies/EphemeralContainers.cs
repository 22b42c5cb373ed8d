using System.Text.Json.Nodes;
using Network.Api.Errors;
using Network.Api.Schema;

namespace Network.ApiServer.Strategies;

/// <summary>The pods/ephemeralcontainers door: containers are added to a running pod, completed by defaults, and never changed or taken away (KEP-277).</summary>
internal static class EphemeralContainers
{
    private static readonly string[] s_forbidden = ["ports", "livenessProbe", "readinessProbe", "startupProbe", "lifecycle", "resources"];

    /// <exception cref="ApiException">422, the list is not the old one with something added.</exception>
    public static void Merge(JsonObject pod, JsonObject sent)
    {
        var name = pod.Text("metadata", "name");
        PodDefaults.Apply(pod.Child("spec"));
        var before = pod.Items("spec", "ephemeralContainers").Select(c => (JsonObject)c.DeepClone()).ToList();
        pod.Child("spec")["ephemeralContainers"] = sent.At("spec", "ephemeralContainers")?.DeepClone() ?? new JsonArray();
        var faults = new List<FieldFault>();
        var others = pod.Items("spec", "containers").Concat(pod.Items("spec", "initContainers")).Select(c => c.Text("name")).ToHashSet();
        var i = 0;
        foreach (var container in pod.Items("spec", "ephemeralContainers"))
        {
            var path = $"spec.ephemeralContainers[{i++}]";
            foreach (var field in s_forbidden.Where(f => container[f] is JsonArray { Count: > 0 } or JsonObject { Count: > 0 }))
                faults.Add(FieldFault.Forbidden($"{path}.{field}", "cannot be set for an Ephemeral Container"));
            if (container.Text("image").Length == 0)
                faults.Add(FieldFault.Required($"{path}.image"));
            if (!others.Add(container.Text("name")))
                faults.Add(FieldFault.Duplicate($"{path}.name", container.Text("name")));
        }

        PodDefaults.Apply(pod.Child("spec"));
        foreach (var old in before)
        {
            var now = pod.Items("spec", "ephemeralContainers").FirstOrDefault(c => c.Text("name") == old.Text("name"));
            if (now is null)
                faults.Add(FieldFault.Forbidden("spec.ephemeralContainers", $"existing ephemeral containers \"{old.Text("name")}\" may not be removed"));
            else if (!JsonNode.DeepEquals(now, old))
                faults.Add(FieldFault.Forbidden("spec.ephemeralContainers", $"existing ephemeral containers \"{old.Text("name")}\" may not be changed"));
        }

        if (faults.Count > 0)
            throw Refusal.Invalid("Pod", "", name, faults);
    }
}
