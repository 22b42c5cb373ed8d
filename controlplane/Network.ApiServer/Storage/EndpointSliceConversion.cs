using System.Text.Json.Nodes;
using Network.Api.Schema;

namespace Network.ApiServer.Storage;

/// <summary>
/// discovery.k8s.io/v1beta1 shows an endpoint's zone as a label of its topology; v1 has a field for it and keeps the other labels as deprecatedTopology.
/// </summary>
internal static class EndpointSliceConversion
{
    private const string ZoneLabel = "topology.kubernetes.io/zone";

    public static void ToOld(JsonObject slice)
    {
        foreach (var endpoint in slice.Items("endpoints"))
        {
            endpoint.Remove("deprecatedTopology", out var member);
            var topology = member as JsonObject ?? [];
            if (endpoint.Remove("zone", out var zone))
                topology[ZoneLabel] = zone;
            if (topology.Count > 0)
                endpoint["topology"] = topology;
        }
    }

    public static void ToNew(JsonObject slice)
    {
        foreach (var endpoint in slice.Items("endpoints"))
        {
            if (!endpoint.Remove("topology", out var member) || member is not JsonObject topology)
                continue;
            if (topology.Remove(ZoneLabel, out var zone))
                endpoint["zone"] = zone;
            if (topology.Count > 0)
                endpoint["deprecatedTopology"] = topology;
        }
    }
}
