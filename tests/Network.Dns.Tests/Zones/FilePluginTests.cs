using Network.Dns.Tests.Config;
using Network.TestKit;
using Xunit;

namespace Network.Dns.Tests.Zones;

public sealed class FilePluginTests
{
    private const string Corefile = """
        example:10053 {
            file DIR/db.example
        }
        """;

    internal const string Zone = """
        $TTL 1h
        @       IN SOA  ns hostmaster ( 2024010101 ; serial
                        2h 30m 2w 5m )
                IN NS   ns
                IN NS   ns.other.test.
                MX 10   mail
        ns      A       192.0.2.1
        mail    A       192.0.2.2
                AAAA    2001:db8::2
        www     60 IN CNAME web
        web     A       192.0.2.3
        web     A       192.0.2.4
        out     CNAME   www.elsewhere.test.
        loop1   CNAME   loop2
        loop2   CNAME   loop1
        *.wild  TXT     "a;b" "c\"d" \065\066
        here.wild A     192.0.2.5
        a.b.ent A       192.0.2.6
        sub     NS      ns.sub
        sub     NS      ns.other.test.
        ns.sub  A       192.0.2.7
        old     DNAME   new
        x.new   A       192.0.2.8
        _s._tcp SRV     1 2 3 mail
        @       CAA     0 issue "ca.test"
        svc     HTTPS   1 . alpn=h2,h3 port=8443 ipv4hint=192.0.2.9
        odd     TYPE65400 \# 3 01 0203
        dot\.ted A      192.0.2.10
        """;

    // The oracle is nsd: another program's reading of the same file, question by question.
    [Fact]
    public async Task Answers_are_those_of_nsd_for_the_same_file()
    {
        await using var server = new CorefileServer();
        server.Write("db.example", Zone + "\n");
        var dns = server.Start(Corefile);
        await using var nsd = await NsdServer.StartAsync(server.Folder, $"zone:\n  name: example\n  zonefile: {server.PathOf("db.example")}\n");
        string[][] questions =
        [
            ["example", "SOA"], ["example", "NS"], ["example", "MX"], ["example", "A"], ["EXAMPLE", "CAA"], ["web.example", "A"], ["web.example", "AAAA"], ["www.example", "A"],
            ["www.example", "CNAME"], ["www.example", "TXT"], ["out.example", "A"], ["x.wild.example", "TXT"], ["x.y.wild.example", "TXT"], ["x.wild.example", "A"], ["here.wild.example", "TXT"],
            ["x.here.wild.example", "TXT"], ["wild.example", "TXT"], ["ent.example", "A"], ["b.ent.example", "A"], ["a.b.ent.example", "A"], ["c.ent.example", "A"], ["nothing.example", "A"],
            ["sub.example", "A"], ["x.sub.example", "MX"], ["ns.sub.example", "A"], ["sub.example", "NS"], ["sub.example", "DS"], ["x.old.example", "A"], ["y.old.example", "A"],
            ["old.example", "DNAME"], ["old.example", "A"], ["_s._tcp.example", "SRV"], ["svc.example", "HTTPS"], ["odd.example", "TYPE65400"], ["dot\\.ted.example", "A"], ["*.wild.example", "TXT"],
        ];
        foreach (var question in questions)
            Assert.Equal($"{string.Join(' ', question)}\n{nsd.Ask(question)}", $"{string.Join(' ', question)}\n{NsdServer.Ask(dns.Address, question)}");
        // A chain without end is cut, and answered all the same.
        Assert.Contains("NOERROR", dns.Dig("loop1.example", "A"));
        Assert.Contains("REFUSED", dns.Dig("www.elsewhere.test", "A"));
    }

    [Fact]
    public async Task Changed_file_is_followed_and_a_broken_one_leaves_the_former_in_force_and_names_the_line()
    {
        await using var server = new CorefileServer();
        server.Write("db.example", Small(1, "a A 192.0.2.1"));
        var dns = server.Start(Corefile);
        Assert.Equal("192.0.2.1", dns.Short("a.example", "A"));
        server.Write("db.example", Small(2, "a A 192.0.2.2"));
        await Eventually.TrueAsync(() => dns.Short("a.example", "A") == "192.0.2.2", TimeSpan.FromSeconds(20));
        server.Write("db.example", Small(3, "a A 192.0.2.300"));
        await Eventually.TrueAsync(() => dns.Log.Contains($"{server.PathOf("db.example")}:4: \"192.0.2.300\" is no IPv4 address; serial 2 stays in force"), TimeSpan.FromSeconds(20), () => dns.Log);
        Assert.Equal("192.0.2.2", dns.Short("a.example", "A"));
        File.Delete(server.PathOf("db.example"));
        Assert.Equal("192.0.2.2", dns.Short("a.example", "A"));
        // A forgotten serial: secondaries follow all the same.
        server.Write("db.example", Small(2, "a A 192.0.2.4"));
        await Eventually.TrueAsync(() => dns.Short("a.example", "A") == "192.0.2.4", TimeSpan.FromSeconds(20));
        Assert.Contains(" 3 ", dns.Short("example", "SOA"));
        dns = await server.RestartAsync(Corefile);
        Assert.Contains(" 3 ", dns.Short("example", "SOA"));
    }

    [Fact]
    public async Task Zone_that_never_was_readable_is_SERVFAIL_alone()
    {
        await using var server = new CorefileServer();
        var dns = server.Start(Corefile + "\n.:10053 {\n kubernetes cluster.local\n}\n");
        dns.Index.Put(new Plugins.Cluster.DnsService("default", "web") { ClusterIps = [System.Net.IPAddress.Parse("10.96.0.20")] });
        Assert.Contains("SERVFAIL", dns.Dig("a.example", "A"));
        Assert.Equal("10.96.0.20", dns.Short("web.default.svc.cluster.local", "A"));
        server.Write("db.example", Small(1, "a A 192.0.2.1"));
        await Eventually.TrueAsync(() => dns.Short("a.example", "A") == "192.0.2.1", TimeSpan.FromSeconds(20));
    }

    internal static string Small(uint serial, params string[] records) => $"$TTL 60\n@ SOA ns host {serial} 2 1 600 5\n@ NS ns.other.test.\n{string.Join('\n', records)}\n";
}
