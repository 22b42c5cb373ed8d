namespace Network.Dns.Plugins.Cluster;

/// <summary>Which names of the form 10-244-1-9.NAMESPACE.pod.ZONE are answered.</summary>
public enum PodNames
{
    Disabled,

    /// <summary>Any address, in a namespace that exists.</summary>
    Insecure,

    /// <summary>An address that a pod of that namespace has.</summary>
    Verified,
}

/// <summary>What the cluster plugin does beside its zone.</summary>
public sealed record ClusterOptions
{
    public static readonly ClusterOptions Default = new() { Pods = PodNames.Insecure, Fallthrough = ["in-addr.arpa", "ip6.arpa"] };

    public PodNames Pods { get; init; }

    /// <summary>Reverse zones answered also for addresses that are not known: with "no such name".</summary>
    public IReadOnlyList<string> ReverseZones { get; init; } = [];

    /// <summary>Zones in which unknown names are asked of the next plugin; empty text means all.</summary>
    public IReadOnlyList<string> Fallthrough { get; init; } = [];
}
