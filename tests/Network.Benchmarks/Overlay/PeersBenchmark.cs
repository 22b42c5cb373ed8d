using System.Diagnostics;
using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Network.Netlink;
using Network.Overlay;

namespace Network.Benchmarks.Overlay;

/// <summary>
/// Peers that exist on paper, objects that exist in the kernel: all at once, one more, and what the daemon then holds
/// resident. A change is a peer whose address and MAC became others, from the call until the kernel has confirmed it.
/// </summary>
internal static class PeersBenchmark
{
    private const int Changes = 500;

    internal static void Run(TextWriter output)
    {
        output.WriteLine($"load {File.ReadAllText("/proc/loadavg").Trim()}");
        var costs = new List<(int Count, double PerPeer)>();
        foreach (var count in (int[])[100, 1000, 5000])
            costs.Add((count, MeasureAsync(output, count).GetAwaiter().GetResult()));
        output.WriteLine($"cost a peer, 5000 / 1000 peers = {costs[2].PerPeer / costs[1].PerPeer:0.00}");
        foreach (var count in (int[])[1, 1000, 5000])
            Resident(output, count);
        output.WriteLine("goals: 1,000 peers cold in 1 s, one change in 5 ms, flat cost to 5,000, 60 MB");
    }

    private static async Task<double> MeasureAsync(TextWriter output, int count)
    {
        using var segment = BenchNode.Segment();
        using var node = new BenchNode(segment, 1, "10.0");
        using var daemon = new OverlayDaemon(new OverlaySettings
        {
            NodeName = "n1",
            PodCidrs = new(IPNetwork.Parse("10.0.1.0/28"), null),
            ClusterCidrs = new(IPNetwork.Parse("10.0.0.0/8"), null),
            DeviceName = "n1-vx",
            NetNs = node.Ns.Name,
            AuditInterval = TimeSpan.FromHours(1),
        }, NullLogger<OverlayDaemon>.Instance);
        await daemon.StartAsync();
        using var stop = new CancellationTokenSource();
        var running = daemon.RunAsync(stop.Token);
        await daemon.ApplyAsync([]);
        var peers = Enumerable.Range(0, count).Select(i => PeerOf(i, 0)).ToList();
        var clock = Stopwatch.StartNew();
        await daemon.ApplyAsync(peers);
        var cold = clock.Elapsed;
        var random = new Random(1);
        var taken = new List<double>();
        for (var round = 1; round <= Changes; round++)
        {
            var peer = PeerOf(random.Next(count), round);
            clock.Restart();
            await daemon.ChangeAsync(peer.NodeName, peer);
            taken.Add(clock.Elapsed.TotalMilliseconds);
        }

        clock.Restart();
        await daemon.AuditAsync();
        var audit = clock.Elapsed;
        var routes = node.Ns.Exec("ip", "route", "show", "proto", "80").Split('\n', StringSplitOptions.RemoveEmptyEntries).Length;
        taken.Sort();
        output.WriteLine($"{count,5} peers: cold {cold.TotalMilliseconds,6:0} ms ({cold.TotalMicroseconds / count,5:0.0} us a peer), one change p50 {taken[Changes / 2],5:0.00} ms "
            + $"p99 {taken[Changes * 99 / 100],5:0.00} ms, audit {audit.TotalMilliseconds,5:0} ms, {routes} routes in the kernel");
        output.Flush();
        await stop.CancelAsync();
        await running;
        return cold.TotalMicroseconds / count;
    }

    // The process as users run it, probes and all: half a minute after start, when every peer has been asked.
    private static void Resident(TextWriter output, int count)
    {
        var folder = Directory.CreateTempSubdirectory("overlay-peers");
        using var segment = BenchNode.Segment();
        using var node = new BenchNode(segment, 1, "10.0");
        var file = Path.Combine(folder.FullName, "network.json");
        PodnetDaemon.Write(file, PodnetDaemon.Describe(["10.0.0.0/8"], 7, Enumerable.Range(0, count)
            .Select(i => PeerOf(i, 0)).Select(peer => (peer.NodeName, new[] { peer.PodCidrs.V4!.Value.ToString() }, peer.Ends.V4!.Value.Address.ToString()))
            .Prepend(("n1", ["10.0.1.0/28"], node.Address))));
        using var daemon = new PodnetDaemon(node, folder.FullName, file);
        var clock = Stopwatch.StartNew();
        daemon.Start();
        while (File.ReadLines($"/proc/{daemon.Pid}/net/route").Count() < count + 3)
        {
            if (clock.Elapsed > TimeSpan.FromSeconds(60))
                throw new TimeoutException(File.ReadAllText(daemon.Log));
            Task.Delay(5).GetAwaiter().GetResult();
        }

        var programmed = clock.Elapsed;
        Task.Delay(TimeSpan.FromSeconds(15)).GetAwaiter().GetResult();
        output.WriteLine($"{count,5} peers: process started to last route {programmed.TotalMilliseconds,6:0} ms, resident {daemon.Resident():0.0} MB ({PodnetDaemon.Binary})");
        output.Flush();
        daemon.Kill();
        folder.Delete(recursive: true);
    }

    // From 10.1.0.0 on, sixteen addresses a node.
    private static Peer PeerOf(int index, int generation)
    {
        var range = (10u << 24) + (1u << 16) + ((uint)index << 4);
        var pods = new IPNetwork(new IPAddress([(byte)(range >> 24), (byte)(range >> 16), (byte)(range >> 8), (byte)range]), 28);
        var mac = MacAddress.FromBytes([2, (byte)generation, (byte)(generation >> 8), 0, (byte)(index >> 8), (byte)index]);
        return new Peer($"far{index}", pods, mac, new IPAddress([198, (byte)(18 + (generation & 1)), (byte)(index >> 8), (byte)index]));
    }
}
