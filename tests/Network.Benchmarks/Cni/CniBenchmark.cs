using System.Diagnostics;
using Network.Linux;
using Network.TestKit;

namespace Network.Benchmarks.Cni;

/// <summary>ADD and DEL of podnet-cni against Debian's bridge + host-local, alternating, on the same kind of node namespace.</summary>
internal static class CniBenchmark
{
    private const int Rounds = 60;
    private const int WarmUp = 5;

    internal static void Run(TextWriter output)
    {
        var binary = FindPublished();
        var folder = Directory.CreateTempSubdirectory("cni-benchmark");
        using var node = new ScratchNetNs("bench");
        try
        {
            Plugin[] plugins =
            [
                new("podnet-cni", binary, folder.FullName, $$$"""
                    {"cniVersion":"1.0.0","name":"podnet","type":"podnet-cni","bridge":"pn-br","mtu":1450,
                     "ipam":{"subnet":"10.244.1.0/24","dataDir":"{{{folder.FullName}}}"}}
                    """),
                new("bridge+host-local", "/usr/lib/cni/bridge", folder.FullName, $$$"""
                    {"cniVersion":"1.0.0","name":"reference","type":"bridge","bridge":"ref-br","mtu":1450,"isDefaultGateway":true,"hairpinMode":true,
                     "ipam":{"type":"host-local","ranges":[[{"subnet":"10.245.1.0/24"}]],"dataDir":"{{{folder.FullName}}}"}}
                    """),
            ];
            for (var round = 0; round < Rounds + WarmUp; round++)
            {
                foreach (var plugin in plugins)
                    plugin.AddAndDelete(node, round, measured: round >= WarmUp);
            }

            foreach (var plugin in plugins)
                output.WriteLine(plugin.Report());
            output.WriteLine($"ratio of p50: ADD {plugins[0].AddP50 / plugins[1].AddP50:0.00}, DEL {plugins[0].DelP50 / plugins[1].DelP50:0.00}");
            CompareReservations(output, node, binary, folder.FullName);
            foreach (var plugin in plugins)
                plugin.AddTogether(output, node);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    // The same plugin with and without thousands of pods that are there already, alternating.
    private static void CompareReservations(TextWriter output, ScratchNetNs node, string binary, string folder)
    {
        const int reservations = 5000;
        Plugin With(string name, string extra) => new(name, binary, folder, $$$"""
            {"cniVersion":"1.0.0","name":"{{{name}}}","type":"podnet-cni","bridge":"{{{name}}}-br",{{{extra}}}"ipam":{"subnet":"10.{{{(name == "full" ? 250 : 251)}}}.0.0/16","dataDir":"{{{folder}}}"}}
            """);
        var (full, empty) = (With("full", ""), With("empty", ""));
        var ipam = new Plugin("fill", binary, folder, $$$"""
            {"cniVersion":"1.0.0","name":"full","type":"host-local","ipam":{"subnet":"10.250.0.0/16","dataDir":"{{{folder}}}"}}
            """);
        using (var pod = new ScratchNetNs("fill"))
        {
            for (var i = 0; i < reservations; i++)
                ipam.Invoke(node, pod, "ADD", 1_000_000 + i);
        }

        for (var round = 0; round < Rounds + WarmUp; round++)
        {
            full.AddAndDelete(node, round, measured: round >= WarmUp);
            empty.AddAndDelete(node, round, measured: round >= WarmUp);
        }

        output.WriteLine($"{reservations} reservations: ADD p50 {full.AddP50:0.00} ms, without {empty.AddP50:0.00} ms: {(full.AddP50 / empty.AddP50) - 1:+0.0%;-0.0%}");
    }

    private static string FindPublished()
    {
        for (var dir = new DirectoryInfo(AppContext.BaseDirectory); dir is not null; dir = dir.Parent)
        {
            var candidate = Path.Combine(dir.FullName, "artifacts/publish/Network.Cni/release_linux-x64/podnet-cni");
            if (File.Exists(candidate))
                return candidate;
        }

        throw new FileNotFoundException("publish first: dotnet publish cni-plugin/Network.Cni -c Release -r linux-x64");
    }

    private sealed class Plugin(string name, string binary, string folder, string config)
    {
        private readonly List<double> _add = [];
        private readonly List<double> _del = [];
        private readonly List<double> _version = [];
        private readonly string _config = WriteConfig(folder, name, config);

        internal double AddP50 => Percentile(_add, 0.5);

        internal double DelP50 => Percentile(_del, 0.5);

        internal void AddAndDelete(ScratchNetNs node, int round, bool measured)
        {
            using var pod = new ScratchNetNs("bpod");
            var version = Invoke(node, pod, "VERSION", round);
            var add = Invoke(node, pod, "ADD", round);
            var del = Invoke(node, pod, "DEL", round);
            if (!measured)
                return;
            _version.Add(version);
            _add.Add(add);
            _del.Add(del);
        }

        internal void AddTogether(TextWriter output, ScratchNetNs node)
        {
            const int pods = 200;
            var spaces = Enumerable.Range(0, pods).Select(_ => new ScratchNetNs("many")).ToList();
            try
            {
                var clock = Stopwatch.GetTimestamp();
                var failed = 0;
                Parallel.For(0, pods, new ParallelOptions { MaxDegreeOfParallelism = pods }, i =>
                {
                    try
                    {
                        Invoke(node, spaces[i], "ADD", 10_000 + i, $"output{i}");
                    }
                    catch (InvalidOperationException)
                    {
                        Interlocked.Increment(ref failed);
                    }
                });
                var elapsed = Stopwatch.GetElapsedTime(clock).TotalSeconds;
                var addresses = spaces.Select(space => space.Exec("ip", "-o", "-4", "address", "show", "dev", "eth0").Split("inet ").ElementAtOrDefault(1)?.Split(' ')[0])
                    .OfType<string>().Distinct().Count();
                output.WriteLine($"{name,-18} {pods} ADDs at once: {elapsed:0.00} s, {addresses} distinct addresses, {failed} refused");
            }
            finally
            {
                for (var i = 0; i < pods; i++)
                {
                    Invoke(node, spaces[i], "DEL", 10_000 + i);
                    spaces[i].Dispose();
                }
            }
        }

        internal string Report() =>
            $"{name,-18} VERSION p50 {Percentile(_version, 0.5):0.00} ms | ADD p50 {AddP50:0.00} p95 {Percentile(_add, 0.95):0.00} ms | DEL p50 {DelP50:0.00} p95 {Percentile(_del, 0.95):0.00} ms ({_add.Count} rounds)";

        internal double Invoke(ScratchNetNs node, ScratchNetNs pod, string command, int round, string answer = "output")
        {
            using var input = FileDescriptor.Open(_config);
            using var output = FileDescriptor.Open(Path.Combine(folder, answer), write: true, create: true);
            var spec = new ChildSpec(binary, [])
            {
                NetNs = node.Name,
                StandardInput = input,
                StandardOutput = output,
                Environment = new Dictionary<string, string>
                {
                    ["CNI_COMMAND"] = command,
                    ["CNI_CONTAINERID"] = $"bench{round}",
                    ["CNI_NETNS"] = pod.Path,
                    ["CNI_IFNAME"] = "eth0",
                    ["CNI_PATH"] = "/usr/lib/cni",
                    ["PATH"] = "/usr/sbin:/usr/bin:/sbin:/bin",
                },
            };
            var clock = Stopwatch.GetTimestamp();
            var exit = Child.Start(spec).Wait();
            var elapsed = Stopwatch.GetElapsedTime(clock).TotalMilliseconds;
            return exit.ShellCode == 0
                ? elapsed
                : throw new InvalidOperationException($"{name} {command}: {File.ReadAllText(Path.Combine(folder, answer))}");
        }

        private static string WriteConfig(string folder, string name, string config)
        {
            var path = Path.Combine(folder, name + ".json");
            File.WriteAllText(path, config);
            return path;
        }

        private static double Percentile(List<double> values, double quantile) =>
            values.Order().ElementAt((int)(quantile * (values.Count - 1)));
    }
}
