using System.Text.RegularExpressions;
using Network.Dns.Plugins.Cluster;
using Network.Dns.Tests.Config;
using Network.TestKit;
using Xunit;

namespace Network.Dns.Tests.Zones;

/// <summary>Signed answers, judged by delv with the zone's key as its only anchor.</summary>
public sealed partial class DnssecTests
{
    [Theory]
    [InlineData("ECDSAP256SHA256")]
    [InlineData("ED25519")]
    public async Task Answers_and_denials_of_a_zone_file_are_fully_validated(string algorithm)
    {
        await using var server = new CorefileServer();
        server.Write("db.example", FilePluginTests.Zone + "\n");
        var (keySigner, key) = (Generate(server, "example", algorithm, "-f", "KSK"), Generate(server, "example", algorithm));
        var dns = server.Start($"example:10053 {{\n dnssec {{\n  key file DIR/{keySigner} DIR/{key}.key\n }}\n file DIR/db.example\n}}\n");
        var anchor = Anchor(server, "example", keySigner);
        string[][] positive = [["web.example", "A"], ["example", "SOA"], ["example", "NS"], ["example", "MX"], ["example", "DNSKEY"], ["example", "CDS"], ["example", "CDNSKEY"], ["x.wild.example", "TXT"],
            ["svc.example", "HTTPS"], ["odd.example", "TYPE65400"], ["_s._tcp.example", "SRV"], ["WEB.example", "A"], ["www.example", "A"]];
        foreach (var question in positive)
            Assert.Contains("; fully validated", Delv(dns.Address, anchor, "example", question));
        string[][] negative = [["web.example", "AAAA"], ["nothing.example", "A"], ["deep.below.nothing.example", "A"], ["ent.example", "A"], ["example", "AAAA"], ["x.wild.example", "A"]];
        foreach (var question in negative)
            Assert.Contains("; negative response, fully validated", Delv(dns.Address, anchor, "example", question));
        // A type too many would deny nothing; that the name is missing is said by NXNAME.
        Assert.Contains("NSEC\t\\000.nothing.example. RRSIG NSEC TYPE128", dns.Dig("+dnssec", "nothing.example", "A"));
        // A child zone without keys is proven to have none.
        Assert.Matches(@"sub\.example\.\s+3600\s+IN\s+NSEC\s+\\000\.sub\.example\. NS RRSIG NSEC", dns.Dig("+dnssec", "+norecurse", "x.sub.example", "A"));
        // Without the DO bit nothing changes.
        Assert.DoesNotContain("RRSIG", dns.Dig("web.example", "A"));
        Assert.Contains("NXDOMAIN", dns.Dig("nothing.example", "A"));
    }

    [Fact]
    public async Task Names_of_the_cluster_are_signed_and_a_wrong_anchor_convinces_nobody()
    {
        await using var server = new CorefileServer();
        var key = Generate(server, "cluster.local", "ECDSAP256SHA256", "-f", "KSK");
        var other = Generate(server, "cluster.local", "ECDSAP256SHA256", "-f", "KSK");
        var dns = server.Start($"cluster.local:10053 {{\n dnssec {{\n  key file DIR/{key}\n }}\n kubernetes cluster.local\n}}\n");
        dns.Index.Put(new DnsService("default", "web") { ClusterIps = [System.Net.IPAddress.Parse("10.96.0.20")], Ports = [new DnsPort("http", "tcp", 80)] });
        var anchor = Anchor(server, "cluster.local", key);
        string[][] positive = [["web.default.svc.cluster.local", "A"], ["_http._tcp.web.default.svc.cluster.local", "SRV"], ["cluster.local", "SOA"]];
        foreach (var question in positive)
            Assert.Contains("; fully validated", Delv(dns.Address, anchor, "cluster.local", question));
        string[][] negative = [["web.default.svc.cluster.local", "AAAA"], ["no.default.svc.cluster.local", "A"], ["svc.cluster.local", "A"]];
        foreach (var question in negative)
            Assert.Contains("; negative response, fully validated", Delv(dns.Address, anchor, "cluster.local", question));
        Assert.DoesNotContain("fully validated", Delv(dns.Address, Anchor(server, "cluster.local", other), "cluster.local", positive[0]));
    }

    [Theory]
    [InlineData("RSASHA256", "algorithm 8 is not served")]
    [InlineData("", "Knone.private")]
    public void Key_that_cannot_be_used_is_refused_with_the_line(string algorithm, string words)
    {
        Requires.Tool("dnssec-keygen");
        var folder = Directory.CreateTempSubdirectory("podnet-dns-").FullName;
        try
        {
            var name = algorithm.Length > 0 ? Shell.Run("dnssec-keygen", "-q", "-K", folder, "-a", algorithm, "-b", "2048", "example").Trim() : "Knone";
            if (algorithm.Length == 0)
                File.WriteAllText(Path.Combine(folder, "Knone.key"), $"example. IN DNSKEY 257 3 15 {Convert.ToBase64String(new byte[32])}\n");
            var blocks = Dns.Config.CorefileParser.Parse("Corefile", $"example {{\n dnssec {{\n  key file {folder}/{name}\n }}\n}}");
            var context = new Dns.Config.PluginContext(new ClusterIndex(), new Plugins.Search.PodDirectory(), TimeProvider.System, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance);
            var refusal = Assert.Throws<Dns.Config.CorefileException>(() => Dns.Config.CorefilePlan.Make(blocks, new DnsSettings([new(System.Net.IPAddress.Loopback, 53)]), context));
            Assert.StartsWith("Corefile:3: key: ", refusal.Message);
            Assert.Contains(words, refusal.Message);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static string Generate(CorefileServer server, string zone, params string[] options)
    {
        Requires.Tool("dnssec-keygen");
        return Shell.Run("dnssec-keygen", ["-q", "-K", server.Folder, "-a", .. options, zone]).Trim();
    }

    private static string Anchor(CorefileServer server, string zone, string key)
    {
        var record = KeyRecord().Match(File.ReadAllText(server.PathOf(key + ".key")));
        return server.Write($"anchor-{key}", $"trust-anchors {{ \"{zone}.\" static-key {record.Groups[1].Value} \"{record.Groups[2].Value.Replace(" ", "")}\"; }};\n");
    }

    private static string Delv(System.Net.IPEndPoint server, string anchor, string root, string[] question)
    {
        Requires.Tool("delv");
        return Shell.Run("sh", ["-c", "delv \"$@\" 2>&1 || true", "delv", $"@{server.Address}", "-p", $"{server.Port}", "-a", anchor, $"+root={root}", .. question]);
    }

    [GeneratedRegex(@"DNSKEY (\d+ \d+ \d+) (.+)")]
    private static partial Regex KeyRecord();
}
