namespace Network.Labs.Cluster;

/// <summary>Where a lab cluster keeps its things. Everything is below one directory or carries the cluster's name.</summary>
public sealed record ClusterPaths(string Name)
{
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

    /// <summary>Namespaces that belong to this cluster: machines, fabric and pods.</summary>
    public IEnumerable<string> NetNamespaces() => System.IO.Directory.Exists(Linux.NetNs.Directory)
        ? System.IO.Directory.EnumerateFiles(Linux.NetNs.Directory).Where(path => Path.GetFileName(path).StartsWith($"{Name}-", StringComparison.Ordinal))
        : [];
}
