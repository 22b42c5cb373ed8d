using System.Globalization;
using Network.Linux;
using Network.TestKit;

namespace Network.Benchmarks.Dns;

/// <summary>Names of somebody else, all of them remembered: an upstream (NSD) is asked once for each.</summary>
internal static class ForwardBenchmark
{
    private const int Names = 1000;
    private const string Upstream = "127.53.0.53";

    private static readonly IReadOnlyList<DnsPeer> s_peers =
    [
        new("podnet", Path.Combine(Environment.GetEnvironmentVariable("PODNET_BIN") ?? "artifacts/bin-release", "podnet"), Podnet),
        new("unbound", "/usr/sbin/unbound", Unbound),
        new("dnsmasq", "/usr/sbin/dnsmasq", Dnsmasq),
        new("coredns", Environment.GetEnvironmentVariable("COREDNS") ?? "", CoreDns),
    ];

    internal static void Run(TextWriter output) => RunAsync(output).GetAwaiter().GetResult();

    internal static async Task RunAsync(TextWriter output)
    {
        using var ns = new ScratchNetNs("dnsfwd");
        var folder = Directory.CreateTempSubdirectory("podnet-bench-upstream-").FullName;
        var zone = DnsZone.Of(Names);
        var names = new Random(53);
        var questions = string.Join('\n', Enumerable.Range(0, 100_000).Select(_ => string.Create(CultureInfo.InvariantCulture, $"service-{names.Next(Names)}.away.example A"))) + "\n";
        var upstream = Child.Start(new ChildSpec("/usr/sbin/nsd", ["-d", "-c", UpstreamConfig(zone, folder)]) { NetNs = ns.Name, LogFile = Path.Combine(folder, "output") });
        try
        {
            output.WriteLine($"{Names} names of an upstream, remembered, one core each, best of {DnsRace.Rounds}");
            await new DnsRace(s_peers, zone, questions, ("service-9.away.example", "10.96.0.9")).RunAsync(ns, output);
        }
        finally
        {
            foreach (var pid in DnsRace.Tree(upstream.Pid))
                Processes.Kill(pid, Processes.SIGKILL);
            upstream.Wait();
            Directory.Delete(folder, recursive: true);
        }
    }

    private static string UpstreamConfig(DnsZone zone, string folder) => DnsPeer.NsdConfig(folder, Upstream, "away.example", DnsPeer.Write(folder, "zone", $"""
        $ORIGIN away.example.
        $TTL 3600
        @ IN SOA ns hostmaster 1 7200 1800 86400 3600
        @ IN NS ns
        ns IN A {Upstream}
        {string.Join('\n', zone.Names.Select(name => $"{name.Host} IN A {name.Address}"))}

        """));

    private static string[] Podnet(DnsZone zone, string folder) =>
        [.. DnsPeer.WithoutApiServer(folder), "--corefile", DnsPeer.Write(folder, "Corefile", $".:53 {{\n  kubernetes cluster.local\n  cache 3600\n  forward . {Upstream}\n}}\n")];

    private static string[] Unbound(DnsZone zone, string folder) => ["-d", "-c", DnsPeer.Write(folder, "unbound.conf", $"""
        server:
          interface: {DnsPeer.Address}
          num-threads: 1
          username: ""
          chroot: ""
          directory: "{folder}"
          pidfile: "{folder}/pid"
          use-syslog: no
          do-daemonize: no
          do-not-query-localhost: no
          module-config: "iterator"
          access-control: 127.0.0.0/8 allow
        forward-zone:
          name: "."
          forward-addr: {Upstream}
        """)];

    private static string[] Dnsmasq(DnsZone zone, string folder) =>
        ["--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", $"--server={Upstream}", $"--listen-address={DnsPeer.Address}", "--bind-interfaces", "--user=root", "--cache-size=10000",
            $"--pid-file={folder}/pid"];

    private static string[] CoreDns(DnsZone zone, string folder) =>
        ["-conf", DnsPeer.Write(folder, "Corefile", $".:53 {{\n  bind {DnsPeer.Address}\n  cache 3600\n  forward . {Upstream}\n}}\n")];
}
