using System.Text.Json.Nodes;
using Network.Api.Errors;
using Network.Api.Schema;
using Network.ApiServer.Registry;

namespace Network.ApiServer.Strategies;

/// <summary>Validation of services (pkg/apis/core/validation ValidateService).</summary>
internal static class ServiceRules
{
    public static void Check(JsonObject value, List<FieldFault> faults)
    {
        var spec = value["spec"];
        var type = spec.Text("type");
        PodSpecRules.OneOf(type, "spec.type", faults, "ClusterIP", "ExternalName", "LoadBalancer", "NodePort");
        PodSpecRules.OneOf(spec.Text("sessionAffinity"), "spec.sessionAffinity", faults, "ClientIP", "None");
        PodSpecRules.OneOf(spec.Text("internalTrafficPolicy"), "spec.internalTrafficPolicy", faults, "Cluster", "Local");
        PodSpecRules.OneOf(spec.Text("externalTrafficPolicy"), "spec.externalTrafficPolicy", faults, "Cluster", "Local");
        MetadataRules.CheckLabels(spec.At("selector") as JsonObject, "spec.selector", faults);
        if (type == "ExternalName")
        {
            if (spec.Text("externalName").Length == 0)
                faults.Add(FieldFault.Required("spec.externalName"));
            if (spec.Text("clusterIP").Length > 0)
                faults.Add(FieldFault.Forbidden("spec.clusterIPs", "may not be set for ExternalName services"));
            return;
        }

        if (type is "NodePort" or "LoadBalancer" && spec.Text("clusterIP") == "None")
            faults.Add(FieldFault.Invalid("spec.clusterIPs[0]", "None", $"may not be set to 'None' for {type} services"));
        CheckPorts(spec, type, faults);
    }

    private static void CheckPorts(JsonNode? spec, string type, List<FieldFault> faults)
    {
        var ports = spec.Items("ports").ToList();
        if (ports.Count == 0 && spec.Text("clusterIP") != "None")
            faults.Add(FieldFault.Required("spec.ports"));
        var names = new HashSet<string>(StringComparer.Ordinal);
        var seen = new HashSet<(long?, string)>();
        for (var i = 0; i < ports.Count; i++)
        {
            var (port, path) = (ports[i], $"spec.ports[{i}]");
            var name = port.Text("name");
            if (name.Length == 0 && ports.Count > 1)
                faults.Add(FieldFault.Required($"{path}.name"));
            else if (name.Length > 0 && !ObjectNames.IsLabel(name))
                faults.Add(FieldFault.Invalid($"{path}.name", name, ObjectNames.LabelRule));
            else if (name.Length > 0 && !names.Add(name))
                faults.Add(FieldFault.Duplicate($"{path}.name", name));
            if (port.Number("port") is not (>= 1 and <= 65535))
                faults.Add(FieldFault.Invalid($"{path}.port", port.Number("port") ?? 0, "must be between 1 and 65535, inclusive"));
            if (port.Number("targetPort") is < 1 or > 65535)
                faults.Add(FieldFault.Invalid($"{path}.targetPort", port.Number("targetPort"), "must be between 1 and 65535, inclusive"));
            PodSpecRules.OneOf(port.Text("protocol"), $"{path}.protocol", faults, "SCTP", "TCP", "UDP");
            if (!seen.Add((port.Number("port"), port.Text("protocol"))))
                faults.Add(FieldFault.Duplicate(path, port.DeepClone()));
            if (type == "ClusterIP" && port.Number("nodePort") is > 0)
                faults.Add(FieldFault.Forbidden($"{path}.nodePort", "may not be used when `type` is 'ClusterIP'"));
        }
    }
}
