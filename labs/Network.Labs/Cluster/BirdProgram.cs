using Network.Labs.Topology;

namespace Network.Labs.Cluster;

/// <summary>bird 2 on this machine: the routing daemon of routers that speak BGP.</summary>
public static class BirdProgram
{
    // Where Debian puts it is on root's path only.
    private static readonly string[] s_more = ["/usr/sbin", "/usr/local/sbin", "/sbin"];

    /// <summary>The program; without one an error that names what to install.</summary>
    internal static string Find(LabTopology topology) => TryFind("bird")
        ?? throw new ClusterException($"routers {string.Join(", ", topology.Bgp.Select(router => router.Name))} speak BGP, and there is no bird on this machine; install the package bird2 (apt-get install bird2)");

    /// <summary>The path of a program, or null.</summary>
    internal static string? TryFind(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries).Concat(s_more)
        .Select(directory => Path.Combine(directory, program)).FirstOrDefault(File.Exists);

    /// <summary>The name of the process of a router.</summary>
    public static string ProcessOf(string router) => $"{router}/{Part}";

    /// <summary>What it is called among the parts of a cluster.</summary>
    public const string Part = "bird";

    internal static string Configuration(ClusterPaths paths, string router) => $"{paths.NodeDirectory(router)}/bird.conf";

    /// <summary>Where birdc reaches it.</summary>
    public static string Socket(ClusterPaths paths, string router) => $"{paths.NodeDirectory(router)}/bird.ctl";

    internal static IReadOnlyList<string> Arguments(ClusterPaths paths, string router) =>
        ["-f", "-c", Configuration(paths, router), "-s", Socket(paths, router), "-P", $"{paths.NodeDirectory(router)}/bird.pid"];
}
