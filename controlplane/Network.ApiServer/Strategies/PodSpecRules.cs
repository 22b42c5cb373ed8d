using System.Text.Json.Nodes;
using Network.Api.Errors;
using Network.Api.Schema;
using Network.ApiServer.Registry;

namespace Network.ApiServer.Strategies;

/// <summary>Validation of a pod spec, also inside templates (pkg/apis/core/validation).</summary>
internal static class PodSpecRules
{
    public static void Check(JsonNode? spec, string path, List<FieldFault> faults)
    {
        if (spec is null)
            return;
        var volumes = CheckVolumes(spec, path, faults);
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var list in (ReadOnlySpan<string>)["initContainers", "containers"])
        {
            var i = 0;
            foreach (var container in spec.Items(list))
                CheckContainer(container, $"{path}.{list}[{i++}]", names, volumes, faults);
        }

        if (spec.At("containers") is not JsonArray { Count: > 0 })
            faults.Add(FieldFault.Required($"{path}.containers"));
        OneOf(spec.Text("restartPolicy"), $"{path}.restartPolicy", faults, "Always", "OnFailure", "Never");
        OneOf(spec.Text("dnsPolicy"), $"{path}.dnsPolicy", faults, "ClusterFirstWithHostNet", "ClusterFirst", "Default", "None");
        if (spec.Number("terminationGracePeriodSeconds") < 0)
            faults.Add(FieldFault.Invalid($"{path}.terminationGracePeriodSeconds", spec.Number("terminationGracePeriodSeconds"), "must be greater than or equal to 0"));
        MetadataRules.CheckLabels(spec.At("nodeSelector") as JsonObject, $"{path}.nodeSelector", faults);
    }

    /// <summary>A template only makes sense when its labels match the selector.</summary>
    public static void CheckTemplate(JsonObject value, List<FieldFault> faults)
    {
        var template = value.At("spec", "template");
        if (value.At("spec", "selector") is JsonObject selector)
        {
            var required = selector.ContainsKey("matchLabels") || selector.ContainsKey("matchExpressions") ? selector.At("matchLabels") as JsonObject : null;
            if (selector.Count == 0)
                faults.Add(FieldFault.Invalid("spec.selector", selector.DeepClone(), "empty selector is invalid for this kind"));
            foreach (var (key, wanted) in required ?? [])
            {
                if (template.Text("metadata", "labels", key) == wanted?.ToString())
                    continue;
                faults.Add(FieldFault.Invalid("spec.template.metadata.labels", template.At("metadata", "labels")?.DeepClone() ?? new JsonObject(),
                    "`selector` does not match template `labels`"));
                break;
            }
        }

        MetadataRules.CheckLabels(template.At("metadata", "labels") as JsonObject, "spec.template.metadata.labels", faults);
        Check(template.At("spec"), "spec.template.spec", faults);
    }

    public static void OneOf(string value, string path, List<FieldFault> faults, params ReadOnlySpan<string> allowed)
    {
        if (value.Length > 0 && allowed.IndexOf(value) < 0)
            faults.Add(FieldFault.NotSupported(path, value, allowed));
    }

    private static HashSet<string> CheckVolumes(JsonNode spec, string path, List<FieldFault> faults)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        var i = 0;
        foreach (var volume in spec.Items("volumes"))
        {
            var name = volume.Text("name");
            if (name.Length > 0 && !ObjectNames.IsLabel(name))
                faults.Add(FieldFault.Invalid($"{path}.volumes[{i}].name", name, ObjectNames.LabelRule));
            else if (!names.Add(name))
                faults.Add(FieldFault.Duplicate($"{path}.volumes[{i}].name", name));
            if (volume.Count > 2)
                faults.Add(FieldFault.Forbidden($"{path}.volumes[{i}].{volume.Last().Key}", "may not specify more than 1 volume type"));
            i++;
        }

        return names;
    }

    private static void CheckContainer(JsonObject container, string path, HashSet<string> names, HashSet<string> volumes, List<FieldFault> faults)
    {
        var name = container.Text("name");
        if (name.Length > 0 && !ObjectNames.IsLabel(name))
            faults.Add(FieldFault.Invalid($"{path}.name", name, ObjectNames.LabelRule));
        else if (name.Length > 0 && !names.Add(name))
            faults.Add(FieldFault.Duplicate($"{path}.name", name));
        if (container.Text("image").Length == 0)
            faults.Add(FieldFault.Required($"{path}.image"));
        else if (container.Text("image") != container.Text("image").Trim())
            faults.Add(FieldFault.Invalid($"{path}.image", container.Text("image"), "must not have leading or trailing whitespace"));
        OneOf(container.Text("imagePullPolicy"), $"{path}.imagePullPolicy", faults, "Always", "IfNotPresent", "Never");
        CheckPorts(container, path, faults);
        var i = 0;
        foreach (var mount in container.Items("volumeMounts"))
        {
            if (mount.Text("name") is { Length: > 0 } volume && !volumes.Contains(volume))
                faults.Add(FieldFault.NotFound($"{path}.volumeMounts[{i}].name", volume));
            i++;
        }
    }

    private static void CheckPorts(JsonObject container, string path, List<FieldFault> faults)
    {
        var i = 0;
        foreach (var port in container.Items("ports"))
        {
            foreach (var field in (ReadOnlySpan<string>)["containerPort", "hostPort"])
            {
                if (port.Number(field) is { } number and (< 0 or > 65535) || (field == "containerPort" && port.Number(field) == 0))
                    faults.Add(FieldFault.Invalid($"{path}.ports[{i}].{field}", port.Number(field), "must be between 1 and 65535, inclusive"));
            }

            OneOf(port.Text("protocol"), $"{path}.ports[{i}].protocol", faults, "SCTP", "TCP", "UDP");
            i++;
        }
    }
}
