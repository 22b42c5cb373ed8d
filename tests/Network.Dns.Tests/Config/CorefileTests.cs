using Network.Dns.Config;
using Network.Dns.Plugins.Cluster;
using Network.Dns.Tests.Cluster;
using Network.TestKit;
using Xunit;

namespace Network.Dns.Tests.Config;

public sealed class CorefileTests : IDisposable
{
    // What kubeadm writes, to the letter.
    private const string Kubeadm = """
        .:10053 {
            errors
            health {
               lameduck 5s
            }
            ready
            kubernetes cluster.local in-addr.arpa ip6.arpa {
               pods insecure
               fallthrough in-addr.arpa ip6.arpa
               ttl 30
            }
            prometheus :9153
            forward . /etc/resolv.conf {
               max_concurrent 1000
            }
            cache 30 {
               disable success cluster.local
               disable denial cluster.local
            }
            loop
            reload
            loadbalance
        }

        """;

    private readonly string _directory = Directory.CreateTempSubdirectory("podnet-corefile-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task Default_of_kubeadm_runs_unchanged()
    {
        if (!File.Exists("/etc/resolv.conf"))
            Assert.Skip("this machine has no /etc/resolv.conf");
        var blocks = CorefileParser.Parse("Corefile", Kubeadm);
        Assert.Equal(("cluster.local", 30u), KubernetesDirective.Find(blocks));
        await using var dns = Start(Kubeadm);
        dns.Index.PutNamespace("default");
        dns.Index.Put(new DnsService("default", "web") { ClusterIps = [System.Net.IPAddress.Parse("10.96.0.20")] });
        Assert.Equal("10.96.0.20", dns.Short("web.default.svc.cluster.local", "A"));
        Assert.Equal("10.1.2.3", dns.Short("10-1-2-3.default.pod.cluster.local", "A"));
    }

    [Theory]
    [InlineData("", 1, "no server block")]
    [InlineData(".:53", 1, "has no block")]
    [InlineData(".:0 {\n}", 1, "is no port")]
    [InlineData("quic://. {\n}", 1, "scheme \"quic\"")]
    [InlineData(".:53 {\n errors", 1, "never closed")]
    [InlineData(".:53 {\n errors\n whoami\n}", 3, "no such plugin")]
    [InlineData(".:53 {\n forward . 1.2.3\u002e4.5\n}", 2, "neither an address nor a file")]
    [InlineData(".:53 {\n forward example.org 192.0.2.1\n}", 2, "write: forward .")]
    [InlineData(".:53 {\n forward . 192.0.2.1 {\n  policy best\n }\n}", 3, "is no policy")]
    [InlineData(".:53 {\n forward . /no/such/file\n}", 2, "does not exist")]
    [InlineData(".:53 {\n forward . tls://192.0.2.1\n}", 2, "tls_servername")]
    [InlineData(".:53 {\n cache 30 {\n  speed 9\n }\n}", 3, "cache knows")]
    [InlineData(".:53 {\n kubernetes cluster.local {\n  pods some\n }\n}", 3, "verified, insecure and disabled")]
    [InlineData(".:53 {\n kubernetes cluster.local {\n  endpoint http://x\n }\n}", 3, "agent's flags")]
    [InlineData(".:53 {\n hosts /no/such/file\n}", 2, "does not exist")]
    [InlineData(".:53 {\n template IN A {\n  match (\n }\n}", 3, "template: ")]
    [InlineData(".:53 {\n template IN A {\n  match \"(\"\n }\n}", 3, "match")]
    [InlineData(".:53 {\n acl {\n  permit net *\n }\n}", 3, "begin with allow")]
    [InlineData(".:53 {\n acl {\n  block net 1.2.3\u002e4.5\n }\n}", 3, "is no address")]
    [InlineData(".:53 {\n rewrite type A AAAA\n}", 2, "\"type\" is not served")]
    [InlineData(".:53 {\n tsig\n}", 2, "there is no key")]
    [InlineData(".:53 {\n tsig {\n  secret a b!\n }\n}", 3, "not base64")]
    [InlineData(".:53 {\n tsig {\n  secret a AAAA\n  require LATER\n }\n}", 4, "is no record type")]
    [InlineData(".:53 {\n tsig {\n  secrets /no/such/file\n }\n}", 3, "/no/such/file")]
    [InlineData(".:53 {\n view\n}", 2, "takes one argument")]
    [InlineData(".:53 {\n view a {\n  expr uid() == 0\n }\n}", 3, "is not served")]
    [InlineData(".:53 {\n view a {\n  rule x\n }\n}", 3, "view knows expr")]
    [InlineData(".:53 {\n bind eth0\n}", 2, "no address of this machine")]
    [InlineData(".:53 {\n loadbalance weighted\n}", 2, "is not served")]
    [InlineData(".:53 {\n log {\n  sample much\n }\n}", 3, "is no number")]
    [InlineData(".:53 {\n errors \"a\n}", 2, "never closes")]
    [InlineData(".:53 {\n import nothing\n}", 2, "neither a snippet")]
    [InlineData("a.example {\n errors\n}\na.example {\n errors\n}", 4, "stands twice")]
    public void Fault_names_file_line_and_what_to_write(string text, int line, string words)
    {
        var path = Path.Combine(_directory, "Corefile");
        var refusal = Assert.Throws<CorefileException>(() => CorefilePlan.Make(CorefileParser.Parse(path, text), new DnsSettings([new(System.Net.IPAddress.Loopback, 53)]), Context()));
        Assert.Equal(line, refusal.Line);
        Assert.StartsWith($"{path}:{line}: ", refusal.Message);
        Assert.Contains(words.Replace("template: ", ""), refusal.Message);
    }

    [Fact]
    public async Task An_address_that_is_taken_leaves_the_former_file_in_force()
    {
        await using var server = new CorefileServer();
        const string Good = ".:10053 {\n  hosts {\n    192.0.2.1 a.lan\n  }\n}\n";
        var dns = server.Start(Good);
        await Eventually.TrueAsync(() => dns.Short("a.lan", "A") == "192.0.2.1", TimeSpan.FromSeconds(10));
        using var other = new System.Net.Sockets.Socket(System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp);
        other.Bind(new System.Net.IPEndPoint(dns.Address.Address, 10054));
        other.Listen();
        server.Write("Corefile", Good.Replace("192.0.2.1", "192.0.2.2") + ".:10054 {\n  hosts {\n    192.0.2.3 a.lan\n  }\n}\n");
        await Eventually.TrueAsync(() => dns.Log.Contains($"{dns.Address.Address}:10054 (plain): Address already in use", StringComparison.Ordinal), TimeSpan.FromSeconds(10), () => dns.Log);
        Assert.Equal("192.0.2.1", dns.Short("a.lan", "A"));
        Assert.Equal("192.0.2.1", dns.Short("+tcp", "a.lan", "A"));
        other.Dispose();
        server.Write("Corefile", Good.Replace("192.0.2.1", "192.0.2.2") + ".:10054 {\n  hosts {\n    192.0.2.3 a.lan\n  }\n}\n#\n");
        await Eventually.TrueAsync(() => dns.Short("a.lan", "A") == "192.0.2.2", TimeSpan.FromSeconds(10), () => dns.Log);
    }

    [Fact]
    public async Task Blocks_hosts_rewrite_template_acl_any_and_chaos_answer_as_they_say()
    {
        File.WriteAllText(Path.Combine(_directory, "hosts"), "192.0.2.1 printer.lan printer # the one upstairs\n2001:db8::1 printer.lan\nnonsense line\n");
        await using var dns = Start($$$"""
            (common) {
                errors
                any
            }
            .:10053 {
                import common
                chaos podnet-test
                rewrite name exact old.lan printer.lan
                rewrite name regex (.*)\.alias\.lan {1}.lan
                hosts {{{_directory}}}/hosts {
                    192.0.2.9 inline.lan
                    ttl 60
                    fallthrough
                }
                template IN A dyn.example {
                    match ^ip-(?P<a>[0-9]+)-(?P<b>[0-9]+)\.dyn\.example\.$
                    answer "{{ .Name }} 90 IN A 10.0.{{ .Group.a }}.{{ .Group.b }}"
                    fallthrough
                }
                acl {
                    block type MX net 127.0.0.0/8
                }
            }
            special.example:10053 {
                template IN ANY {
                    rcode NXDOMAIN
                }
            }
            """);
        Assert.Equal("192.0.2.1", dns.Short("printer.lan", "A"));
        Assert.Equal("2001:db8::1", dns.Short("printer.lan", "AAAA"));
        Assert.Equal(["printer.", "printer.lan."], dns.Short("-x", "192.0.2.1").Split('\n').Order());
        Assert.Equal("192.0.2.9", dns.Short("inline.lan", "A"));
        Assert.Matches(@"old\.lan\.\s+60\s+IN\s+A\s+192\.0\.2\.1", dns.Dig("old.lan", "A"));
        Assert.Equal("192.0.2.1", dns.Short("printer.alias.lan", "A"));
        Assert.Matches(@"ip-3-4\.dyn\.example\.\s+90\s+IN\s+A\s+10\.0\.3\.4", dns.Dig("ip-3-4.dyn.example", "A"));
        Assert.Contains("REFUSED", dns.Dig("x.dyn.example", "A"));
        Assert.Contains("NXDOMAIN", dns.Dig("www.special.example", "A"));
        Assert.Contains("EDE: 15 (Blocked)", dns.Dig("printer.lan", "MX"));
        Assert.Contains("\"RFC8482\"", dns.Dig("printer.lan", "ANY"));
        Assert.Equal("\"podnet-test\"", dns.Short("version.bind", "CH", "TXT"));
    }

    [Fact]
    public async Task Changed_file_is_followed_and_a_broken_one_leaves_the_former_in_force()
    {
        var path = Path.Combine(_directory, "Corefile");
        await using var dns = Start(Hosts("192.0.2.1"));
        Assert.Equal("192.0.2.1", dns.Short("a.lan", "A"));
        File.WriteAllText(path, Hosts("192.0.2.2"));
        await Eventually.TrueAsync(() => dns.Short("a.lan", "A") == "192.0.2.2", TimeSpan.FromSeconds(10));
        File.WriteAllText(path, Hosts("192.0.2.3") + "broken");
        await Eventually.TrueAsync(() => dns.Log.Contains("Corefile:6: \"broken\" has no block"), TimeSpan.FromSeconds(10), () => dns.Log);
        Assert.Equal("192.0.2.2", dns.Short("a.lan", "A"));
        // Replaced as editors and config maps do it.
        File.WriteAllText(path + ".new", Hosts("192.0.2.4"));
        File.Move(path + ".new", path, overwrite: true);
        await Eventually.TrueAsync(() => dns.Short("a.lan", "A") == "192.0.2.4", TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task Circle_of_servers_is_reported_and_other_names_go_on()
    {
        await using var dns = Start("""
            .:10053 {
                loop
                kubernetes cluster.local
                forward . SELF
            }
            """);
        await Eventually.TrueAsync(() => dns.Log.Contains("go in a circle"), TimeSpan.FromSeconds(20), () => dns.Log);
        dns.Index.Put(new DnsService("default", "web") { ClusterIps = [System.Net.IPAddress.Parse("10.96.0.20")] });
        Assert.Equal("10.96.0.20", dns.Short("web.default.svc.cluster.local", "A"));
    }

    private static string Hosts(string address) => $$"""
        .:10053 {
            hosts {
                {{address}} a.lan
            }
        }

        """;

    private static PluginContext Context() => new(new ClusterIndex(), new Plugins.Search.PodDirectory(), TimeProvider.System, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance);

    private DnsServerFixture Start(string corefile)
    {
        var path = Path.Combine(_directory, "Corefile");
        return new DnsServerFixture(new DnsServerOptions
        {
            Settings = settings =>
            {
                File.WriteAllText(path, corefile.Replace("SELF", $"{settings.Listen[0]}"));
                return settings with { Corefile = path };
            },
        });
    }
}
