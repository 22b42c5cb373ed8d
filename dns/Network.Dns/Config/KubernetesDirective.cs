using Network.Dns.Plugins.Cluster;

namespace Network.Dns.Config;

/// <summary>The kubernetes line of a block.</summary>
public static class KubernetesDirective
{
    // Where the API server is, and which objects count, is said by the agent's own flags.
    private static readonly string[] s_elsewhere = ["endpoint", "kubeconfig", "tls", "startup_timeout"];

    public static ClusterOptions Read(Directive line)
    {
        var zones = line.Arguments.Select(zone => ReverseZone.Of(zone.TrimEnd('.').ToLowerInvariant())).ToList();
        var fallthrough = line.Block.Where(option => option.Name == "fallthrough").SelectMany(option => option.Arguments.Count == 0 ? [""] : option.Arguments)
            .Select(zone => ReverseZone.Of(zone.TrimEnd('.').ToLowerInvariant())).ToList();
        foreach (var option in line.Block)
        {
            if (s_elsewhere.Contains(option.Name))
                throw option.Refuse("the agent's flags say how the API server is reached; remove the line");
            if (option.Name is not ("pods" or "ttl" or "fallthrough"))
                throw option.Refuse("kubernetes knows pods, ttl and fallthrough");
        }

        return new ClusterOptions
        {
            ReverseZones = zones.Where(zone => zone.EndsWith("arpa", StringComparison.Ordinal)).ToList(),
            Fallthrough = fallthrough,
            Pods = line.Block.FirstOrDefault(option => option.Name == "pods") is { } pods ? PodsOf(pods) : PodNames.Disabled,
        };
    }

    /// <summary>Zone and TTL of the cluster, which the index is made with; null when no block has a kubernetes line.</summary>
    public static (string? Zone, uint Ttl)? Find(IEnumerable<ServerBlock> blocks)
    {
        var line = blocks.SelectMany(block => block.Directives).FirstOrDefault(line => line.Name == "kubernetes");
        if (line is null)
            return null;
        var zone = line.Arguments.Select(zone => zone.TrimEnd('.').ToLowerInvariant()).FirstOrDefault(zone => !zone.EndsWith("arpa", StringComparison.Ordinal) && !zone.Contains('/'));
        return (zone, line.Block.FirstOrDefault(option => option.Name == "ttl")?.Number() ?? 5);
    }

    private static PodNames PodsOf(Directive option) => option.Single() switch
    {
        "disabled" => PodNames.Disabled,
        "insecure" => PodNames.Insecure,
        "verified" => PodNames.Verified,
        var other => throw option.Refuse($"\"{other}\" is no mode; verified, insecure and disabled are"),
    };
}
