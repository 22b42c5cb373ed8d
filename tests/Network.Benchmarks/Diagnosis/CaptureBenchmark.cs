using System.Globalization;
using Network.Linux;
using Network.TestKit;

namespace Network.Benchmarks.Diagnosis;

/// <summary>One merged file of twelve devices that a stream of small packets crosses, 100,000 of them a second: what is lost, and what it costs.</summary>
internal static class CaptureBenchmark
{
    private const int Seconds = 12;

    internal static void Run(TextWriter output) => RunAsync(output).GetAwaiter().GetResult();

    internal static async Task RunAsync(TextWriter output)
    {
        using var cluster = new PairCluster();
        var file = Path.Combine(Path.GetTempPath(), $"{PairCluster.Name}.pcapng");
        var log = Path.Combine(Path.GetTempPath(), $"{PairCluster.Name}.log");
        string[] devices =
        [
            "pod/client", $"node/w1/{cluster.CableOf("w1_default_client", "w1")}", "node/w1/w1-br", "node/w1/w1-vx", "node/w1/w1-eth0", "link/lan",
            "node/w2/w2-eth0", "node/w2/w2-vx", "node/w2/w2-br", $"node/w2/{cluster.CableOf("w2_default_web", "w2")}", "pod/web", "pod/near",
        ];
        try
        {
            var capture = Child.Start(new ChildSpec(cluster.Podnet, ["capture", .. devices, "--name", PairCluster.Name, "-w", file, "--duration", $"{Seconds + 10}s"]) { LogFile = log });
            await Eventually.TrueAsync(() => File.Exists(file) && new FileInfo(file).Length > 0, TimeSpan.FromSeconds(10));
            // Eleven of the twelve see every packet.
            var result = await cluster.TrafficAsync(Seconds, "-u", "-l", "64", "-b", $"{100_000 / 11 * 64 * 8}");
            var cost = Directory.GetDirectories($"/proc/{capture.Pid}/task").Sum(task => double.Parse(File.ReadAllText($"{task}/schedstat").Split(' ')[0], CultureInfo.InvariantCulture)) / 1e9;
            capture.Wait();
            var sent = result["end"]!["sum"]!["packets"]!.GetValue<long>();
            var seen = Shell.Run("tshark", "-r", file, "-Y", $"udp.length == 72 && ip.dst == {cluster.Server}", "-T", "fields", "-e", "frame.interface_id").Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .GroupBy(id => id).Select(device => device.LongCount()).ToList();
            output.WriteLine($"{devices.Length} devices, {seen.Sum() / Seconds:N0} packets a second recorded of a stream of {sent / Seconds:N0}: {seen.Count} devices saw it, {seen.Count(count => count == sent)} of them every packet; {cost / Seconds:0.00} of a core (goal 1)");
            foreach (var line in File.ReadLines(log).Where(line => line.Contains("lost", StringComparison.Ordinal)))
                output.WriteLine("  " + line);
        }
        finally
        {
            File.Delete(file);
            File.Delete(log);
        }
    }
}
