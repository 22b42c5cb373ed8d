using System.Net;
using Network.Dns.Plugins.Cluster;
using Network.Dns.Tests.Config;
using Network.TestKit;
using Xunit;

namespace Network.Dns.Tests.Zones;

/// <summary>Zones given to others; nsd is the secondary, dig fetches by hand.</summary>
public sealed class TransferTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Secondary_takes_the_zone_whole_and_follows_changes_by_notify_and_differences_also_over_a_restart()
    {
        await using var server = new CorefileServer();
        var secondary = NsdServer.NextAddress();
        var corefile = $"example:10053 {{\n file DIR/db.example\n transfer {{\n  to {secondary}\n }}\n}}\n";
        server.Write("db.example", Many(1, "a A 192.0.2.1"));
        var dns = server.Start(corefile);
        await using var nsd = await NsdServer.StartAsync(server.Folder, Secondary("example", dns.Address, secondary), secondary);
        await Eventually.TrueAsync(() => nsd.Ask("a.example", "A").Contains("192.0.2.1"), s_patience, () => dns.Log);
        Assert.Contains("kind=whole", dns.Log);
        server.Write("db.example", Many(2, "a A 192.0.2.2", "b TXT new"));
        await Eventually.TrueAsync(() => nsd.Ask("a.example", "A").Contains("192.0.2.2"), s_patience, () => dns.Log);
        Assert.Contains("kind=differences", dns.Log);
        Assert.Contains("heard: NoError", dns.Log);
        Assert.Contains("new", nsd.Ask("b.example", "TXT"));
        Assert.Contains("192.0.2.1", nsd.Ask("host-7.example", "A"));
        // What secondaries know is known after a restart too: the next change is a difference again.
        dns = await server.RestartAsync(corefile);
        server.Write("db.example", Many(3, "a A 192.0.2.3"));
        await Eventually.TrueAsync(() => dns.Log.Contains("serial=3 records"), s_patience, () => dns.Log);
        var differences = Shell.Run("dig", [$"@{dns.Address.Address}", "-p", $"{dns.Address.Port}", "-b", $"{secondary.Address}", "+tcp", "+noall", "+answer", "+onesoa", "example", "IXFR=2"]);
        Assert.Contains("192.0.2.2", differences);
        Assert.Contains("192.0.2.3", differences);
        Assert.DoesNotContain("host-7", differences);
    }

    [Fact]
    public async Task Cluster_zone_is_given_with_serials_that_grow_and_only_to_those_named()
    {
        await using var server = new CorefileServer();
        var secondary = NsdServer.NextAddress();
        var dns = server.Start($"cluster.local:10053 {{\n kubernetes cluster.local\n transfer {{\n  to {secondary}\n }}\n}}\n");
        dns.Index.PutNamespace("default");
        for (var i = 0; i < 300; i++)
            dns.Index.Put(Service($"svc-{i}", "10.96.1.1"));
        await using var nsd = await NsdServer.StartAsync(server.Folder, Secondary("cluster.local", dns.Address, secondary), secondary);
        await Eventually.TrueAsync(() => nsd.Ask("svc-299.default.svc.cluster.local", "A").Contains("10.96.1.1"), s_patience, () => dns.Log);
        Assert.Contains("80 svc-0.default.svc.cluster.local.", nsd.Ask("_http._tcp.svc-0.default.svc.cluster.local", "SRV"));
        dns.Index.Put(Service("svc-0", "10.96.1.2"));
        dns.Index.Remove("default", "svc-1");
        await Eventually.TrueAsync(() => nsd.Ask("svc-0.default.svc.cluster.local", "A").Contains("10.96.1.2"), s_patience, () => dns.Log);
        await Eventually.TrueAsync(() => nsd.Ask("svc-1.default.svc.cluster.local", "A").StartsWith("NXDOMAIN", StringComparison.Ordinal), s_patience, () => dns.Log);
        Assert.Contains("kind=differences", dns.Log);
        Assert.Equal(299, Records(dns.Address, secondary.Address).Split('\n').Count(line => line.Contains("\tA\t")));
        Assert.Contains("Transfer failed", dns.Dig("cluster.local", "AXFR"));
        Assert.Contains("Transfer failed", dns.Dig("cluster.local", "IXFR=1"));
    }

    [Theory]
    [InlineData("AXFR")]
    [InlineData("IXFR=1")]
    public async Task Without_a_transfer_line_nobody_gets_the_zone(string type)
    {
        await using var server = new CorefileServer();
        var dns = server.Start(".:10053 {\n kubernetes cluster.local\n}\n");
        Assert.DoesNotContain("SOA", dns.Dig("+tcp", "+noall", "+answer", "cluster.local", type));
    }

    [Fact]
    public async Task Update_is_refused()
    {
        Requires.Tool("nsupdate");
        await using var server = new CorefileServer();
        var dns = server.Start(".:10053 {\n kubernetes cluster.local\n}\n");
        var script = server.Write("update", $"server {dns.Address.Address} {dns.Address.Port}\nzone cluster.local\nupdate add x.cluster.local 60 A 192.0.2.1\nsend\n");
        Assert.Contains("REFUSED", Shell.Run("sh", "-c", $"nsupdate -t 5 {script} 2>&1 || true"));
    }

    private static DnsService Service(string name, string address) => new("default", name) { ClusterIps = [IPAddress.Parse(address)], Ports = [new DnsPort("http", "tcp", 80)] };

    private static string Records(IPEndPoint server, IPAddress from) =>
        string.Join('\n', Shell.Run("dig", [$"@{server.Address}", "-p", $"{server.Port}", "-b", $"{from}", "+noall", "+answer", "cluster.local", "AXFR"]).Split('\n').Order(StringComparer.Ordinal));

    private static string Many(uint serial, params string[] records) => FilePluginTests.Small(serial, [.. records, .. Enumerable.Range(0, 900).Select(i => $"host-{i} A 192.0.2.1")]);

    private static string Secondary(string zone, IPEndPoint primary, IPEndPoint own) => $"zone:\n  name: {zone}\n  allow-notify: {primary.Address} NOKEY\n  request-xfr: {primary.Address}@{primary.Port} NOKEY\n  outgoing-interface: {own.Address}\n";
}
