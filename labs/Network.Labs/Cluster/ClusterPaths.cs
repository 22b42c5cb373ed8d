namespace Network.Labs.Cluster;

/// <summary>Where a lab cluster keeps its things. Everything is below one directory or carries the cluster's name.</summary>
public sealed record ClusterPaths
{
    /// <summary>The name begins names of namespaces and control groups, and stands in paths of sockets, which hold 107 characters (unix(7)).</summary>
    public const int LongestName = 24;

    /// <exception cref="ClusterException">The name could not be part of a path, or would lead out of it.</exception>
    public ClusterPaths(string name) => Name = IsName(name)
        ? name
        : throw new ClusterException($"cluster name \"{name}\" is not usable; use 1 to {LongestName} lower-case letters, digits and inner dashes");

    public string Name { get; }

    /// <summary>State of all clusters of this machine.</summary>
    public const string Root = "/var/lib/podnet";

    /// <summary>Images are shared by all clusters and survive them.</summary>
    public const string Images = $"{Root}/images";

    public string Directory => $"{Root}/clusters/{Name}";

    public string Lock => $"{Root}/clusters/{Name}.lock";

    public string State => $"{Directory}/state.json";

    /// <summary>Whether there is such a cluster.</summary>
    public bool Exists => File.Exists(State);

    public string Pki => $"{Directory}/pki";

    public string Logs => $"{Directory}/logs";

    public string Kubeconfig => $"{Directory}/kubeconfig";

    public string FabricNetNs => $"{Name}-fabric";

    /// <summary>Control groups of this cluster's containers, in every hierarchy.</summary>
    public string CgroupRoot => $"/podnet/{Name}";

    public string NodeDirectory(string node) => $"{Directory}/nodes/{node}";

    public string NetNs(string machine) => $"{Name}-{machine}";

    public string LogOf(string process) => $"{Logs}/{process}.log";

    public static bool IsName(string name) => name.Length is > 0 and <= LongestName && name[0] != '-' && name[^1] != '-'
        && name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-');

    /// <summary>Namespaces that belong to this cluster: machines, fabric and pods; not those of a cluster whose name begins with this one's.</summary>
    public IEnumerable<string> NetNamespaces()
    {
        if (!System.IO.Directory.Exists(Linux.NetNs.Directory))
            return [];
        var clusters = Clusters().ToList();
        return System.IO.Directory.EnumerateFiles(Linux.NetNs.Directory).Where(path => Owns(Path.GetFileName(path)!, clusters));
    }

    /// <summary>Whether a namespace is this cluster's, among all clusters of the machine. Pure.</summary>
    public bool Owns(string netNs, IReadOnlyList<string> clusters) => netNs.StartsWith($"{Name}-", StringComparison.Ordinal)
        && !clusters.Any(other => other.StartsWith($"{Name}-", StringComparison.Ordinal) && netNs.StartsWith($"{other}-", StringComparison.Ordinal));

    // A cluster has its directory before its first namespace, and keeps it until its last is gone.
    private static IEnumerable<string> Clusters() => System.IO.Directory.Exists($"{Root}/clusters")
        ? System.IO.Directory.EnumerateDirectories($"{Root}/clusters").Select(path => Path.GetFileName(path)!)
        : [];
}
