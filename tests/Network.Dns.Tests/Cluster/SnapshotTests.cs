using System.Net;
using Network.Dns.Plugins.Cluster;
using Network.Dns.Plugins.Cluster.Snapshot;
using Xunit;

namespace Network.Dns.Tests.Cluster;

public sealed class SnapshotTests : IDisposable
{
    private static readonly DnsService s_service = new("default", "peers")
    {
        Headless = true,
        Ports = [new DnsPort("http", "tcp", 8080)],
        Endpoints = [new DnsEndpoint(IPAddress.Parse("10.244.1.2"), "db-0", [new DnsPort("http", "tcp", 8080)]), new DnsEndpoint(IPAddress.Parse("fd00::2"), null, [])],
    };

    private readonly string _directory = Directory.CreateTempSubdirectory("podnet-dns-").FullName;

    private string FilePath => Path.Combine(_directory, "dns", "snapshot");

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void What_is_written_is_read_again()
    {
        SnapshotFile.Write(FilePath, new ClusterContents(["default"],
            [s_service, new DnsService("a", "web") { ClusterIps = [IPAddress.Parse("10.96.0.1")] }, new DnsService("a", "alias") { ExternalName = "x.example" }]));
        var read = SnapshotFile.Read(FilePath)!;
        Assert.Equal(["default"], read.Namespaces);
        var service = read.Services.First();
        Assert.Equal((s_service.Namespace, s_service.Name, true), (service.Namespace, service.Name, service.Headless));
        Assert.Equal(s_service.Ports, service.Ports);
        Assert.Equal(s_service.Endpoints.Select(endpoint => (endpoint.Address, endpoint.HostName, endpoint.Ports.Count)),
            service.Endpoints.Select(endpoint => (endpoint.Address, endpoint.HostName, endpoint.Ports.Count)));
        Assert.Equal([IPAddress.Parse("10.96.0.1")], read.Services.ElementAt(1).ClusterIps);
        Assert.Equal("x.example", read.Services.Last().ExternalName);
    }

    [Fact]
    public void Every_damage_is_refused_by_name()
    {
        SnapshotFile.Write(FilePath, new ClusterContents(["default"], [s_service]));
        var good = File.ReadAllBytes(FilePath);
        for (var i = 0; i < good.Length; i++)
        {
            var bad = good[..];
            bad[i] ^= 1;
            File.WriteAllBytes(FilePath, bad);
            Assert.Contains(FilePath, Assert.Throws<InvalidDataException>(() => SnapshotFile.Read(FilePath)).Message);
            File.WriteAllBytes(FilePath, good[..i]);
            Assert.Throws<InvalidDataException>(() => SnapshotFile.Read(FilePath));
        }
    }

    [Theory]
    [InlineData("""{"colour":"green"}""", 1)]
    [InlineData("""{"service":"web"}""", null)]
    [InlineData("""{"service":"web","in":"default","clusterIPs":["here"]}""", null)]
    [InlineData("[]", null)]
    [InlineData("{", null)]
    public void What_another_release_wrote_is_passed_over_or_refused_by_name(string line, int? services)
    {
        SnapshotFile.Write(FilePath, new ClusterContents(["default"], [s_service]));
        var lines = File.ReadAllLines(FilePath);
        var body = System.Text.Encoding.UTF8.GetBytes(string.Join('\n', [.. lines[1..], line]) + "\n");
        File.WriteAllBytes(FilePath, [.. System.Text.Encoding.ASCII.GetBytes($"{lines[0][..^64]}{Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(body))}\n"), .. body]);
        if (services is { } count)
            Assert.Equal(count, SnapshotFile.Read(FilePath)!.Services.Count);
        else
            Assert.Contains(FilePath, Assert.Throws<InvalidDataException>(() => SnapshotFile.Read(FilePath)).Message);
    }

    [Fact]
    public void No_file_is_no_snapshot() => Assert.Null(SnapshotFile.Read(FilePath));

    [Fact]
    public async Task Names_of_an_earlier_run_are_answered_and_marked_until_the_cluster_is_read()
    {
        await using var dns = new DnsServerFixture();
        dns.Index.Fill(new ClusterContents(["default", "gone"], [s_service, new DnsService("gone", "web") { ClusterIps = [IPAddress.Parse("10.96.0.1")] }]));
        var stale = dns.Dig("db-0.peers.default.svc.cluster.local", "A");
        Assert.Contains("10.244.1.2", stale);
        Assert.Contains("EDE: 3 (Stale Answer)", stale);
        Assert.Contains("EDE: 3 (Stale Answer)", dns.Dig("nothing.default.svc.cluster.local", "A"));
        dns.Index.Confirm(ns => ns == "default", (ns, _) => ns == "default");
        var fresh = dns.Dig("db-0.peers.default.svc.cluster.local", "A");
        Assert.Contains("10.244.1.2", fresh);
        Assert.DoesNotContain("EDE", fresh);
        Assert.Contains("NXDOMAIN", dns.Dig("web.gone.svc.cluster.local", "A"));
        Assert.Contains("NXDOMAIN", dns.Dig("gone.svc.cluster.local", "A"));
        Assert.Equal("", dns.Short("-x", "10.96.0.1"));
    }
}
