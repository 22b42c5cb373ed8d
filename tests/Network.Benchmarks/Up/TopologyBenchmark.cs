using Network.TestKit;

namespace Network.Benchmarks.Up;

/// <summary>
/// A fabric of four leaves and two spines that speak BGP: 50 machines plumbed and removed, and a cluster of ten nodes on it
/// from nothing to Ready. Needs the published binaries (PODNET_BIN) and bird.
/// </summary>
internal static class TopologyBenchmark
{
    private const int Rounds = 3;
    private const string Cluster = "benchfab";

    internal static void Run(TextWriter output)
    {
        var podnet = Path.Combine(Environment.GetEnvironmentVariable("PODNET_BIN") ?? "artifacts/bin-release", "podnet");
        var file = Path.GetTempFileName();
        try
        {
            for (var round = 1; round <= Rounds; round++)
            {
                File.WriteAllText(file, Fabric(50));
                var (up, down) = Measure(podnet, file, "--underlay");
                output.WriteLine($"50 machines: plumbed in {up:0.00} s, removed in {down:0.00} s (goals 3 s)");
                File.WriteAllText(file, Fabric(11));
                (up, down) = Measure(podnet, file, "--api-port", "17445");
                output.WriteLine($"10 nodes on the fabric: Ready in {up:0.00} s (goal 15 s), removed in {down:0.00} s");
            }
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static (double Up, double Down) Measure(string podnet, string file, params string[] arguments)
    {
        try
        {
            var started = TimeProvider.System.GetTimestamp();
            Shell.Run(podnet, ["up", "--topology", file, .. arguments]);
            var up = TimeProvider.System.GetElapsedTime(started).TotalSeconds;
            started = TimeProvider.System.GetTimestamp();
            Shell.Run(podnet, "down", "--name", Cluster);
            return (up, TimeProvider.System.GetElapsedTime(started).TotalSeconds);
        }
        finally
        {
            Shell.Run(podnet, "down", "--name", Cluster);
        }
    }

    // Machines take turns over the racks.
    private static string Fabric(int machines)
    {
        var names = Enumerable.Range(0, machines).Select(i => i == 0 ? "cp" : $"w{i}").ToList();
        return $$"""
            name: {{Cluster}}
            nodes:
            {{string.Join('\n', names.Select(name => $"- {{name: {name}, role: {(name == "cp" ? "server" : "agent")}}}"))}}
            routers:
            {{string.Join('\n', Enumerable.Range(1, 2).Select(i => $"- {{name: spine{i}, kind: bgp, loopback: 172.31.255.10{i}}}"))}}
            {{string.Join('\n', Enumerable.Range(1, 4).Select(i => $"- {{name: leaf{i}, kind: bgp, loopback: 172.31.255.{i}}}"))}}
            links:
            {{string.Join('\n', Enumerable.Range(1, 4).Select(leaf => $"- {{name: rack{leaf}, ends: [{string.Join(", ", names.Where((_, i) => i % 4 == leaf - 1))}, leaf{leaf}]}}"))}}
            {{string.Join('\n', from spine in (int[])[1, 2] from leaf in Enumerable.Range(1, 4) select $"- {{name: s{spine}l{leaf}, ends: [spine{spine}, leaf{leaf}]}}")}}
            """;
    }
}
