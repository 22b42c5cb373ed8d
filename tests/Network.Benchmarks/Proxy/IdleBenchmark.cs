using System.Globalization;
using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Network.ServiceProxy;
using Network.ServiceProxy.Model;
using Network.TestKit;

namespace Network.Benchmarks.Proxy;

/// <summary>What a service proxy with 10,000 services costs while nothing changes: how often its threads wake, and the processor they take.</summary>
internal static class IdleBenchmark
{
    private const int Services = 10_000;
    private static readonly TimeSpan s_settle = TimeSpan.FromSeconds(25), s_quiet = TimeSpan.FromSeconds(20);

    internal static void Run(TextWriter output)
    {
        foreach (var mode in new[] { ProxyMode.Nftables, ProxyMode.Iptables })
            RunAsync(output, mode).GetAwaiter().GetResult();
    }

    private static async Task RunAsync(TextWriter output, ProxyMode mode)
    {
        using var node = new ScratchNetNs("idle");
        using var stop = new CancellationTokenSource();
        var daemon = new ServiceProxyDaemon(new ProxySettings("w1") { ClusterCidr = IPNetwork.Parse("10.244.0.0/16"), NodeAddresses = [IPAddress.Parse("192.0.2.1")], NetNs = node.Name, Mode = mode },
            TimeProvider.System, NullLogger.Instance);
        var running = daemon.RunAsync(stop.Token);
        daemon.Apply([.. Enumerable.Range(0, Services).Select(Service)]);
        while (!daemon.IsReady)
            await Task.Delay(100);
        await Task.Delay(s_settle);
        var before = Counted();
        stop.Token.WaitHandle.WaitOne(s_quiet);
        var after = Counted();
        output.WriteLine($"{mode.ToString().ToLowerInvariant(),-9} {Services} services, {s_quiet.TotalSeconds:0} s without a change: {after.Sum(task => task.Value.WakeUps - before.GetValueOrDefault(task.Key).WakeUps)} wake-ups, "
            + $"{after.Sum(task => task.Value.Nanoseconds - before.GetValueOrDefault(task.Key).Nanoseconds) / 1e6:0.00} ms of processor, {Environment.WorkingSet / 1024.0 / 1024:0} MB resident (with this program)");
        await stop.CancelAsync();
        await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private static ServicePort Service(int index) => new($"ns{index % 50}", $"service-{index}", "http", TransportProtocol.Tcp)
    {
        ClusterIps = [new IPAddress([10, 96, (byte)(index >> 8), (byte)index])],
        Port = 80,
        Endpoints = [new ServiceEndpoint(IPAddress.Parse("10.244.2.2"), 8080), new ServiceEndpoint(IPAddress.Parse("10.244.2.2"), 8081)],
    };

    // Of every thread but this one, which sleeps meanwhile and wakes once.
    private static Dictionary<string, (long WakeUps, long Nanoseconds)> Counted()
    {
        var counted = new Dictionary<string, (long, long)>(StringComparer.Ordinal);
        var self = Path.GetFileName(File.ResolveLinkTarget("/proc/thread-self", returnFinalTarget: false)!.FullName);
        foreach (var task in Directory.GetDirectories("/proc/self/task").Where(task => Path.GetFileName(task) != self))
        {
            try
            {
                counted[task] = (Number(File.ReadLines($"{task}/status").First(line => line.StartsWith("voluntary_ctxt_switches:", StringComparison.Ordinal)).Split(':')[1]),
                    Number(File.ReadAllText($"{task}/schedstat").Split(' ')[0]));
            }
            catch (IOException)
            {
                // Ended meanwhile.
            }
        }

        return counted;
    }

    private static long Number(string text) => long.Parse(text.Trim(), CultureInfo.InvariantCulture);
}
