using Network.Store;
using Network.Store.Etcd;
using Network.TestKit;

namespace Network.Benchmarks.Store;

/// <summary>
/// Creates with fsync, side by side: our store, etcd by its own protocol; then a whole API server over HTTPS. Values of
/// 1 KiB. Everything is on the disk of the temporary directory.
/// </summary>
internal static class StoreBenchmark
{
    private static readonly int[] s_clients = [1, 16, 64];
    private static readonly TimeSpan s_duration = TimeSpan.FromSeconds(4);

    internal static void Run(TextWriter output) => RunAsync(output).GetAwaiter().GetResult();

    private static async Task RunAsync(TextWriter output)
    {
        output.WriteLine($"load average before: {File.ReadAllText("/proc/loadavg").Trim()}, {Environment.ProcessorCount} cores");
        await StoresAsync(output);
        await ApiBenchmark.RunAsync(output);
        await PodsBenchmark.RunAsync(output);
        output.WriteLine("goals: create p50 2 ms, 5000 creates/s at 64 clients, list of 10,000 pods 60 ms, fan-out p99 20 ms, 200 MB");
        output.WriteLine($"load average after: {File.ReadAllText("/proc/loadavg").Trim()}");
    }

    private static async Task StoresAsync(TextWriter output)
    {
        var directory = Directory.CreateTempSubdirectory("podnet-bench-").FullName;
        var value = new byte[1024];
        Random.Shared.NextBytes(value);
        try
        {
            using var etcd = await EtcdProcess.Start().ReadyAsync();
            using var raw = new EtcdClient(new EtcdSettings([etcd.Url]));
            await using var shared = await EtcdStore.OpenAsync(new EtcdSettings([etcd.Url]), new StoreSettings(), TimeProvider.System, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance, default);
            await using var sqlite = new SqliteStore(Path.Combine(directory, "store.db"), new StoreSettings(), TimeProvider.System);
            output.WriteLine("creates of 1 KiB, fsynced   clients");
            foreach (var clients in s_clients)
            {
                var ours = await Latencies.MeasureAsync(clients, s_duration, async (_, number) => await sqlite.PutAsync($"/registry/b{clients}/{number}", value, 0));
                var theirs = await Latencies.MeasureAsync(clients, s_duration, async (_, number) => await raw.WriteAsync(Requests.Put($"/other/r{clients}/{number}", value, 0, 0), default));
                var through = await Latencies.MeasureAsync(clients, s_duration, async (_, number) => await shared.PutAsync($"/registry/b{clients}/{number}", value, 0));
                output.WriteLine($"  podnet's store            {clients,3}   {ours}");
                output.WriteLine($"  etcd, raw                 {clients,3}   {theirs}   ours is {ours.PerSecond / theirs.PerSecond:0.0} times as fast");
                output.WriteLine($"  podnet's store on etcd    {clients,3}   {through}");
            }

            var start = System.Diagnostics.Stopwatch.StartNew();
            await sqlite.DisposeAsync();
            start.Restart();
            await using var again = new SqliteStore(Path.Combine(directory, "store.db"), new StoreSettings(), TimeProvider.System);
            output.WriteLine($"opening with every check    {start.Elapsed.TotalMilliseconds:0} ms for {again.Size.Keys} keys, {new FileInfo(Path.Combine(directory, "store.db")).Length >> 20} MB");
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }
}
