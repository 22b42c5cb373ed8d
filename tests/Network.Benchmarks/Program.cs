using Network.Benchmarks.Cni;
using Network.Benchmarks.Diagnosis;
using Network.Benchmarks.Dns;
using Network.Benchmarks.Overlay;
using Network.Benchmarks.Proxy;
using Network.Benchmarks.Store;
using Network.Benchmarks.Up;

// Every benchmark of the house, by name.
var table = new (string Name, Action<TextWriter> Run)[]
{
    ("api", ApiBenchmark.Run),
    ("capture", CaptureBenchmark.Run),
    ("cni", CniBenchmark.Run),
    ("dns", DnsBenchmark.Run),
    ("dns-change", ChangeBenchmark.Run),
    ("dns-cores", CoresBenchmark.Run),
    ("dns-forward", ForwardBenchmark.Run),
    ("dns-index", IndexBenchmark.Run),
    ("explain", ExplainBenchmark.Run),
    ("overlay-chaos", ChaosBenchmark.Run),
    ("overlay-peers", PeersBenchmark.Run),
    ("overlay-throughput", ThroughputBenchmark.Run),
    ("pods", PodsBenchmark.Run),
    ("proxy", ProxyBenchmark.Run),
    ("proxy-idle", IdleBenchmark.Run),
    ("proxy-latency", LatencyBenchmark.Run),
    ("store", StoreBenchmark.Run),
    ("topology", TopologyBenchmark.Run),
    ("up", UpBenchmark.Run),
};

if (args.Length != 1 || Array.Find(table, entry => entry.Name == args[0]) is not { Run: { } run })
{
    Console.Error.WriteLine($"usage: Network.Benchmarks {string.Join('|', table.Select(entry => entry.Name))}");
    return 2;
}

run(Console.Out);
return 0;
