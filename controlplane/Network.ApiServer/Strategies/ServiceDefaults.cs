using System.Text.Json.Nodes;
using Network.Api.Schema;

namespace Network.ApiServer.Strategies;

/// <summary>Defaults of services (pkg/apis/core/v1/defaults.go and registry/core/service).</summary>
internal static class ServiceDefaults
{
    public static void Apply(JsonObject spec)
    {
        if (spec.Text("type").Length == 0)
            spec["type"] = "ClusterIP";
        if (spec.Text("sessionAffinity").Length == 0)
            spec["sessionAffinity"] = "None";
        if (spec.Text("sessionAffinity") == "ClientIP")
            spec.Child("sessionAffinityConfig").Child("clientIP").Default("timeoutSeconds", 10800);
        else
            spec.Remove("sessionAffinityConfig");
        foreach (var port in spec.Items("ports"))
        {
            if (port.Text("protocol").Length == 0)
                port["protocol"] = "TCP";
            // Zero and "" are what protobuf clients send for "not set".
            if (port["targetPort"] is null || port.Number("targetPort") == 0 || port["targetPort"]!.ToString().Length == 0)
                port["targetPort"] = port["port"]?.DeepClone();
        }

        var type = spec.Text("type");
        if (type is "NodePort" or "LoadBalancer")
            DefaultText(spec, "externalTrafficPolicy", "Cluster");
        if (type == "LoadBalancer")
            spec.Default("allocateLoadBalancerNodePorts", true);
        if (type != "ExternalName")
            DefaultText(spec, "internalTrafficPolicy", "Cluster");
    }

    /// <summary>The plural and the singular spelling of the cluster address say the same.</summary>
    public static void SyncAddresses(JsonObject spec)
    {
        var list = spec.Texts("clusterIPs").ToList();
        var single = spec.Text("clusterIP");
        if (single.Length == 0 && list.Count > 0)
            spec["clusterIP"] = list[0];
        else if (single.Length > 0 && list.Count == 0)
            spec["clusterIPs"] = new JsonArray(single);
        else if (single.Length == 0)
            spec.Remove("clusterIP");
    }

    private static void DefaultText(JsonObject spec, string name, string value)
    {
        if (spec.Text(name).Length == 0)
            spec[name] = value;
    }
}
