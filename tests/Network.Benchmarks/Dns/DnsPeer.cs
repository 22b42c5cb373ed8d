using System.Globalization;
using System.Net;
using Network.Dns.Plugins.Cluster;
using Network.Dns.Plugins.Cluster.Snapshot;

namespace Network.Benchmarks.Dns;

/// <summary>A server to be measured: its files in a folder of its own, and the command that runs it in the foreground.</summary>
internal sealed record DnsPeer(string Name, string Program, Func<DnsZone, string, string[]> Prepare)
{
    /// <summary>Every server answers the same names on this address, one after the other.</summary>
    internal const string Address = "127.53.0.10";

    internal static readonly IReadOnlyList<DnsPeer> All =
    [
        new("podnet", Path.Combine(Environment.GetEnvironmentVariable("PODNET_BIN") ?? "artifacts/bin-release", "podnet"), Podnet),
        new("nsd", "/usr/sbin/nsd", Nsd),
        new("unbound", "/usr/sbin/unbound", Unbound),
        new("dnsmasq", "/usr/sbin/dnsmasq", Dnsmasq),
        new("bind", "/usr/sbin/named", Named),
        new("coredns", Environment.GetEnvironmentVariable("COREDNS") ?? "", CoreDns),
    ];

    // Started without an API server, it answers what an earlier run knew.
    private static string[] Podnet(DnsZone zone, string folder)
    {
        var services = zone.Names.Select(name => new DnsService("default", name.Host) { ClusterIps = [name.Address], Ports = [new DnsPort("http", "tcp", 80)] });
        SnapshotFile.Write(Path.Combine(folder, "dns", "snapshot"), new ClusterContents(["default"], services.ToList()));
        return WithoutApiServer(folder);
    }

    /// <summary>The DNS part alone, with an API server that never answers.</summary>
    internal static string[] WithoutApiServer(string folder)
    {
        var kubeconfig = Write(folder, "kubeconfig", """
            apiVersion: v1
            kind: Config
            clusters: [{name: c, cluster: {server: "https://127.0.0.1:1"}}]
            users: [{name: u, user: {token: none}}]
            contexts: [{name: x, context: {cluster: c, user: u}}]
            current-context: x
            """);
        return ["dns", "--node", "bench", "--kubeconfig", kubeconfig, "--cluster-dns", Address, "--data-dir", folder, "--health-port", "0"];
    }

    private static string[] Nsd(DnsZone zone, string folder) => ["-d", "-c", NsdConfig(folder, Address, DnsZone.Origin, ZoneFile(zone, folder))];

    /// <summary>One zone on one address, by one process.</summary>
    internal static string NsdConfig(string folder, string address, string origin, string zoneFile) => Write(folder, "nsd.conf", $"""
        server:
          ip-address: {address}
          server-count: 1
          rrl-ratelimit: 0
          username: root
          chroot: ""
          zonesdir: "{folder}"
          database: ""
          pidfile: "{folder}/nsd.pid"
          xfrdfile: "{folder}/xfrd"
          zonelistfile: "{folder}/zones"
          logfile: "{folder}/log"
        remote-control:
          control-enable: no
        zone:
          name: {origin}
          zonefile: {zoneFile}
        """);

    private static string[] Unbound(DnsZone zone, string folder)
    {
        var data = zone.Names.Select(name => $"  local-data: \"{name.Host}.{DnsZone.Origin}. 5 IN A {name.Address}\"");
        var config = Write(folder, "unbound.conf", $"""
            server:
              interface: {Address}
              num-threads: 1
              username: ""
              chroot: ""
              directory: "{folder}"
              pidfile: "{folder}/pid"
              use-syslog: no
              do-daemonize: no
              access-control: 127.0.0.0/8 allow
              local-zone: "{DnsZone.Origin}." static
            {string.Join('\n', data)}
            """);
        return ["-d", "-c", config];
    }

    private static string[] Dnsmasq(DnsZone zone, string folder)
    {
        var hosts = Write(folder, "hosts", string.Join('\n', zone.Names.Select(name => $"{name.Address} {name.Host}.{DnsZone.Origin}")) + "\n");
        return ["--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", $"--addn-hosts={hosts}", $"--listen-address={Address}", "--bind-interfaces",
            $"--local=/{DnsZone.Origin}/", "--user=root", "--local-ttl=5", $"--pid-file={folder}/pid"];
    }

    private static string[] Named(DnsZone zone, string folder)
    {
        var config = Write(folder, "named.conf", $$"""
            options { directory "{{folder}}"; listen-on { {{Address}}; }; listen-on-v6 { none; }; pid-file "{{folder}}/pid"; recursion no; session-keyfile "{{folder}}/session.key"; };
            controls { };
            zone "{{DnsZone.Origin}}" { type primary; file "{{ZoneFile(zone, folder)}}"; };
            """);
        return ["-f", "-n", "1", "-c", config];
    }

    private static string[] CoreDns(DnsZone zone, string folder) =>
        ["-conf", Write(folder, "Corefile", $"{DnsZone.Origin}:53 {{\n  bind {Address}\n  file {ZoneFile(zone, folder)}\n}}\n")];

    private static string ZoneFile(DnsZone zone, string folder) => Write(folder, "zone", $"""
        $ORIGIN {DnsZone.Origin}.
        $TTL 5
        @ IN SOA ns hostmaster 1 7200 1800 86400 5
        @ IN NS ns
        ns IN A {Address}
        {string.Join('\n', zone.Names.Select(name => $"{name.Host} IN A {name.Address}"))}

        """);

    internal static string Write(string folder, string name, string text)
    {
        var path = Path.Combine(folder, name);
        File.WriteAllText(path, text);
        return path;
    }
}

/// <summary>The names all servers answer, and the questions all are asked.</summary>
internal sealed record DnsZone(IReadOnlyList<(string Host, IPAddress Address)> Names)
{
    internal const string Origin = "default.svc.cluster.local";

    internal static DnsZone Of(int names) => new(Enumerable.Range(0, names)
        .Select(i => ($"service-{i}", new IPAddress([10, 96, (byte)(i >> 8), (byte)i]))).ToList());

    /// <summary>Nine hits for every name that does not exist, in an order without a pattern but always the same.</summary>
    internal string Questions(int count)
    {
        var random = new Random(53);
        return string.Join('\n', Enumerable.Range(0, count).Select(i => i % 10 == 0
            ? string.Create(CultureInfo.InvariantCulture, $"missing-{random.Next()}.{Origin} A")
            : $"{Names[random.Next(Names.Count)].Host}.{Origin} A")) + "\n";
    }
}
