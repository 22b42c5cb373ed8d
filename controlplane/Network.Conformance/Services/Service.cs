using System.Text.Json.Nodes;

namespace Network.Conformance.Services;

/// <summary>A service as a row made it; the fields are read once they are needed.</summary>
public sealed record Service(string Namespace, string Name, JsonObject Object)
{
    public string ClusterIp => (string)Object["spec"]!["clusterIP"]!;

    public int NodePort => (int)Object["spec"]!["ports"]![0]!["nodePort"]!;

    public int HealthPort => (int?)Object["spec"]!["healthCheckNodePort"] ?? 0;

    /// <summary>The first address a load balancer gave; null without one.</summary>
    public string? Balanced => (string?)Object["status"]?["loadBalancer"]?["ingress"]?[0]?["ip"];
}
