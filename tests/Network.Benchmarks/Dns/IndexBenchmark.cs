using System.Diagnostics;
using System.Net;
using Network.Benchmarks.Store;
using Network.Dns.Plugins.Cluster;

namespace Network.Benchmarks.Dns;

/// <summary>What one changed service costs the index, among few and among many.</summary>
internal static class IndexBenchmark
{
    private const int Changes = 5000;

    internal static void Run(TextWriter output)
    {
        output.WriteLine("one change of a service in the index (goal: under 1 ms at 10,000)");
        foreach (var services in (int[])[100, 10_000])
        {
            foreach (var headless in (bool[])[false, true])
            {
                var index = Filled(services, headless);
                var random = new Random(services);
                Measure(index, random, services, headless, 500);
                output.WriteLine($"{services,6} {(headless ? "headless, 10 endpoints" : "with an address"),-22}   {Latencies.Of(Measure(index, random, services, headless, Changes), 1)}");
            }
        }
    }

    private static List<double> Measure(ClusterIndex index, Random random, int services, bool headless, int changes)
    {
        var taken = new List<double>();
        for (var i = 0; i < changes; i++)
        {
            var service = Service(random.Next(services), headless, (byte)(1 + random.Next(250)));
            var started = Stopwatch.GetTimestamp();
            index.Put(service);
            taken.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
        }

        return taken;
    }

    private static ClusterIndex Filled(int services, bool headless)
    {
        var index = new ClusterIndex { Complete = true };
        index.PutNamespace("default");
        for (var i = 0; i < services; i++)
            index.Put(Service(i, headless, 0));
        return index;
    }

    private static DnsService Service(int number, bool headless, byte variant) => new("default", $"service-{number}")
    {
        Headless = headless,
        ClusterIps = headless ? [] : [new IPAddress([10, (byte)(96 + (variant % 8)), (byte)(number >> 8), (byte)number])],
        Ports = [new DnsPort("http", "tcp", 80)],
        Endpoints = headless ? [.. Enumerable.Range(0, 10).Select(i => new DnsEndpoint(new IPAddress([10, (byte)(100 + i), (byte)(number >> 8), (byte)(number + (i == 9 ? variant : 0))]), null, [new DnsPort("http", "tcp", 80)]))] : [],
    };
}
