using System.Text.Json.Nodes;
using Network.Linux;

namespace Network.Benchmarks.Overlay;

/// <summary>
/// <c>podnet overlay</c> on one node, as a process of its own: the published binary (PODNET_BIN, else artifacts/bin-release or
/// the publish folder), with a network that is listed in a file.
/// </summary>
internal sealed class PodnetDaemon(BenchNode node, string folder, string file) : IDisposable
{
    private readonly string _data = Path.Combine(folder, node.Name);
    private Child? _child;

    internal static string Binary { get; } = Find();

    internal int Pid => _child!.Pid;

    internal string Log => Path.Combine(folder, $"{node.Name}.log");

    internal void Start() => _child = Child.Start(new ChildSpec(Binary,
        ["overlay", "--node", node.Name, "--network", file, "--data-dir", _data, "--health-port", "0"]) { NetNs = node.Ns.Name, LogFile = Log });

    internal void Kill()
    {
        _child?.Kill(Processes.SIGKILL);
        _child?.Wait();
        _child = null;
    }

    /// <summary>What <c>podnet overlay status</c> says; null while nobody answers.</summary>
    internal JsonObject? Status()
    {
        var result = Command.RunAsync(Binary, "overlay", "status", "--data-dir", _data, "-o", "json").GetAwaiter().GetResult();
        return result.Succeeded && JsonNode.Parse(result.Output) is JsonArray { Count: 1 } networks && networks[0] is JsonObject network && network["tunnels"] is not null ? network : null;
    }

    /// <summary>Resident memory in MB (1,000,000 bytes).</summary>
    internal double Resident() => long.Parse(File.ReadAllLines($"/proc/{Pid}/status").First(line => line.StartsWith("VmRSS", StringComparison.Ordinal))
        .Split(' ', StringSplitOptions.RemoveEmptyEntries)[1]) * 1024 / 1e6;

    public void Dispose() => Kill();

    /// <summary>A network file; the nodes as (name, pod ranges, underlay address).</summary>
    internal static string Describe(string[] clusterCidrs, int vni, IEnumerable<(string Name, string[] Pods, string Address)> nodes, bool masquerade = true) => new JsonObject
    {
        ["name"] = "bench",
        ["clusterCIDRs"] = new JsonArray([.. clusterCidrs.Select(cidr => (JsonNode)cidr)]),
        ["vni"] = vni,
        ["interface"] = "eth0",
        ["masquerade"] = masquerade,
        ["nodes"] = new JsonArray([.. nodes.Select(node => (JsonNode)new JsonObject
        {
            ["name"] = node.Name, ["podCIDRs"] = new JsonArray([.. node.Pods.Select(pods => (JsonNode)pods)]), ["addresses"] = new JsonArray(node.Address),
        })]),
    }.ToJsonString();

    /// <summary>Appears whole or not at all.</summary>
    internal static void Write(string file, string text)
    {
        File.WriteAllText(file + ".new", text);
        File.Move(file + ".new", file, overwrite: true);
    }

    private static string Find()
    {
        if (Environment.GetEnvironmentVariable("PODNET_BIN") is { } published)
            return Path.Combine(published, "podnet");
        for (var dir = new DirectoryInfo(AppContext.BaseDirectory); dir is not null; dir = dir.Parent)
        {
            foreach (var candidate in (string[])["artifacts/bin-release/podnet", "artifacts/publish/Network.Cli/release_linux-x64/podnet"])
            {
                if (File.Exists(Path.Combine(dir.FullName, candidate)))
                    return Path.Combine(dir.FullName, candidate);
            }
        }

        throw new FileNotFoundException("publish first: dotnet publish controlplane/Network.Cli -c Release -r linux-x64");
    }
}
