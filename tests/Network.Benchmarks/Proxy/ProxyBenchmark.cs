using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Network.ServiceProxy;
using Network.ServiceProxy.Backends;
using Network.ServiceProxy.Backends.Iptables;
using Network.ServiceProxy.Backends.Nftables;
using Network.ServiceProxy.Model;
using Network.TestKit;

namespace Network.Benchmarks.Proxy;

/// <summary>
/// Service rules in a namespace of their own: cold start, one changed endpoint, and the first packet of a connection, by number of
/// services. Both modes of ours, and iptables written whole at each change, the way that needs no thought.
/// </summary>
internal static class ProxyBenchmark
{
    private const int Most = 30_000, Many = 10_000, Few = 100;
    private const string Client = "10.244.1.2", Server = "10.244.2.2";

    internal static void Run(TextWriter output)
    {
        var p50 = new Dictionary<(string Way, int Services), double>();
        foreach (var (way, rounds) in new[] { ("nftables", 500), ("iptables", 60), ("iptables, whole", 5) })
        {
            foreach (var services in way == "nftables" ? new[] { Few, Many, Most } : [Few, Many])
                p50[(way, services)] = Measure(output, way, services, rounds);
        }

        SideBySide(output);
        output.WriteLine($"one change, nftables: {Many} services / {Few} services = {p50[("nftables", Many)] / p50[("nftables", Few)]:0.00}");
        output.WriteLine($"one change at {Many}: iptables / nftables = {p50[("iptables", Many)] / p50[("nftables", Many)]:0.0}, whole / nftables = {p50[("iptables, whole", Many)] / p50[("nftables", Many)]:0.0}");
    }

    // The first packet by number of services, in turns: what else the machine does at the time hits all of them.
    private static void SideBySide(TextWriter output)
    {
        var sizes = new[] { Few, Many, Most };
        var nodes = sizes.Select(_ => new Node()).ToList();
        var backends = nodes.Select(node => node.Open("nftables")).ToList();
        try
        {
            for (var i = 0; i < sizes.Length; i++)
                Program(backends[i], new ProxyPass(Enumerable.Range(0, sizes[i]).Select(Service).ToDictionary(service => service.Key), null));
            var taken = sizes.Select(_ => new List<double>()).ToList();
            for (var round = 0; round < 30; round++)
            {
                for (var i = 0; i < sizes.Length; i++)
                    taken[i].AddRange(nodes[i].Connect(sizes[i], 300, seed: round));
            }

            taken.ForEach(list => list.Sort());
            output.WriteLine("first packet, nftables, in turns: " + string.Join(", ", sizes.Select((size, i) =>
                $"{size} services p50 {taken[i][taken[i].Count / 2]:0.0} us ({taken[i][taken[i].Count / 2] / taken[0][taken[0].Count / 2]:0.00}) p99 {taken[i][taken[i].Count * 99 / 100]:0.0} us")));
        }
        finally
        {
            backends.ForEach(backend => backend.Dispose());
            nodes.ForEach(node => node.Dispose());
        }
    }

    private static double Measure(TextWriter output, string way, int count, int rounds)
    {
        using var node = new Node();
        var services = Enumerable.Range(0, count).Select(Service).ToDictionary(service => service.Key);
        using var backend = node.Open(way);
        var heap = GC.GetTotalMemory(forceFullCollection: true);
        var cold = Stopwatch.StartNew();
        Program(backend, new ProxyPass(services, null));
        cold.Stop();
        heap = GC.GetTotalMemory(forceFullCollection: true) - heap;
        var random = new Random(1);
        var changes = Enumerable.Range(0, rounds).Select(round => Change(backend, services, random.Next(count), round, way.EndsWith("whole"))).ToList();
        changes.Sort();
        var first = node.Connect(count, 3000);
        output.WriteLine($"{way,-16} {count,6} services: cold start {cold.Elapsed.TotalSeconds,6:0.00} s, one change p50 {changes[rounds / 2],7:0.00} ms p99 {changes[rounds * 99 / 100],7:0.00} ms, "
            + $"connect p50 {first[first.Count / 2],6:0.0} us p99 {first[first.Count * 99 / 100],6:0.0} us, memory {heap / 1024.0 / 1024,5:0.0} MiB");
        output.Flush();
        return changes[rounds / 2];
    }

    private static double Change(IProxyBackend backend, Dictionary<string, ServicePort> services, int index, int round, bool whole)
    {
        var service = Service(index);
        var changed = service with { Endpoints = round % 2 == 0 ? [.. service.Endpoints, new ServiceEndpoint(IPAddress.Parse(Server), 8082)] : service.Endpoints };
        services[changed.Key] = changed;
        var clock = Stopwatch.StartNew();
        if (whole)
            backend.Forget();
        Program(backend, new ProxyPass(services, [changed.Key]));
        return clock.Elapsed.TotalMilliseconds;
    }

    private static void Program(IProxyBackend backend, ProxyPass pass) => backend.ProgramAsync(pass, CancellationToken.None).GetAwaiter().GetResult();

    private static ServicePort Service(int index) => new($"ns{index % 50}", $"service-{index}", "http", TransportProtocol.Tcp)
    {
        ClusterIps = [Address(index)],
        Port = 80,
        Endpoints = [new ServiceEndpoint(IPAddress.Parse(Server), 8080) { Target = $"ns{index % 50}/pod-{index}-a" }, new ServiceEndpoint(IPAddress.Parse(Server), 8081) { Target = $"ns{index % 50}/pod-{index}-b" }],
    };

    private static IPAddress Address(int index) => new([10, 96, (byte)(index >> 8), (byte)index]);

    private sealed class Node : IDisposable
    {
        private readonly ScratchNetNs _node = new("bench"), _client = new("client"), _server = new("server");
        private readonly List<Socket> _listeners = [];

        internal Node()
        {
            Join(_client, "10.244.1", Client);
            Join(_server, "10.244.2", Server);
            _node.Exec("sysctl", "-qw", "net.ipv4.ip_forward=1");
            foreach (var port in new[] { 8080, 8081, 8082 })
                _listeners.Add(_server.Run(() => Listen(port)));
        }

        internal IProxyBackend Open(string way)
        {
            var settings = new ProxySettings("w1") { ClusterCidr = IPNetwork.Parse("10.244.0.0/16"), NodeAddresses = [IPAddress.Parse("192.0.2.1")], NetNs = _node.Name };
            return way == "nftables" ? new NftablesBackend(settings, _ => { }) : IptablesBackend.OpenAsync(settings, _ => { }, CancellationToken.None).GetAwaiter().GetResult();
        }

        /// <summary>Microseconds from the first packet to the answer, each time to another service.</summary>
        internal List<double> Connect(int services, int rounds, int seed = 2)
        {
            var taken = ConnectAll(services, rounds, seed);
            foreach (var listener in _listeners)
            {
                while (listener.Poll(0, SelectMode.SelectRead))
                    listener.Accept().Dispose();
            }

            return taken;
        }

        private List<double> ConnectAll(int services, int rounds, int seed) => _client.Run(() =>
        {
            var random = new Random(seed);
            var taken = new List<double>();
            for (var round = 0; round < rounds; round++)
            {
                using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                var to = new IPEndPoint(Address(random.Next(services)), 80);
                var start = Stopwatch.GetTimestamp();
                socket.Connect(to);
                taken.Add(Stopwatch.GetElapsedTime(start).TotalMicroseconds);
                socket.LingerState = new LingerOption(true, 0);
            }

            taken.Sort();
            return taken;
        });

        public void Dispose()
        {
            _listeners.ForEach(listener => listener.Dispose());
            _client.Dispose();
            _server.Dispose();
            _node.Dispose();
        }

        private void Join(ScratchNetNs pod, string subnet, string address)
        {
            var name = $"v{subnet[^1]}";
            pod.Exec("ip", "link", "add", "eth0", "up", "type", "veth", "peer", "name", name, "netns", _node.Name);
            pod.Exec("ip", "address", "add", $"{address}/24", "dev", "eth0");
            _node.Exec("ip", "address", "add", $"{subnet}.1/24", "dev", name);
            _node.Exec("ip", "link", "set", name, "up");
            pod.Exec("ip", "route", "add", "default", "via", $"{subnet}.1");
        }

        // Nobody accepts while it is measured: what is in the queue is answered by the kernel all the same.
        private static Socket Listen(int port)
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(new IPEndPoint(IPAddress.Any, port));
            socket.Listen(4096);
            return socket;
        }
    }
}
