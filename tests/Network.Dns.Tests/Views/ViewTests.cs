using System.Net;
using Network.Dns.Plugins.Cluster;
using Network.Dns.Tests.Config;
using Network.Dns.Tests.Forward;
using Network.Dns.Views;
using Network.Dns.Wire;
using Xunit;

namespace Network.Dns.Tests.Views;

public sealed class ViewTests
{
    [Fact]
    public async Task Each_view_has_its_own_upstream_and_its_own_memory()
    {
        await using var inside = new ScriptedUpstream { Answer = _ => ScriptedUpstream.Addresses(300, "192.0.2.1") };
        await using var outside = new ScriptedUpstream { Answer = _ => ScriptedUpstream.Addresses(300, "192.0.2.2") };
        await using var server = new CorefileServer();
        var dns = server.Start($$"""
            .:10053 {
              cache
              forward . {{outside.Address}}
            }
            .:10053 {
              view inside {
                expr incidr(client_ip(), '127.8.0.0/16') and not (type() == 'TXT')
                expr proto() == 'udp'
              }
              cache
              forward . {{inside.Address}}
            }
            cluster.local:10053 {
              kubernetes cluster.local
            }
            """);
        dns.Index.PutNamespace("default");
        dns.Index.Put(new DnsService("default", "web") { ClusterIps = [IPAddress.Parse("10.96.0.20")] });
        for (var round = 0; round < 2; round++)
        {
            Assert.Equal("192.0.2.1", dns.Short("-b", "127.8.0.1", "one.example", "A"));
            Assert.Equal("192.0.2.2", dns.Short("-b", "127.7.0.1", "one.example", "A"));
            Assert.Equal("192.0.2.2", dns.Short("+tcp", "-b", "127.8.0.1", "one.example", "A"));
        }

        Assert.Single(inside.Asked);
        Assert.Single(outside.Asked);
        dns.Short("-b", "127.8.0.1", "one.example", "TXT");
        Assert.Equal(2, outside.Asked.Count);
        Assert.Equal("10.96.0.20", dns.Short("-b", "127.8.0.1", "web.default.svc.cluster.local", "A"));
    }

    [Theory]
    [InlineData("incidr(client_ip(), '10.0.0.0/8')", true)]
    [InlineData("incidr(client_ip(), '10.1.2.3/32')", true)]
    [InlineData("incidr(client_ip(), '10.1.2.0/31')", false)]
    [InlineData("incidr(client_ip(), '0.0.0.0/0')", true)]
    [InlineData("incidr(client_ip(), '::/0')", false)]
    [InlineData("client_ip() == '10.1.2.3'", true)]
    [InlineData("client_ip() != '10.1.2.3'", false)]
    [InlineData("name() == 'Web.example.'", true)]
    [InlineData("name() == \"b.example\"", false)]
    [InlineData("name() matches '^w.*\\\\.example\\\\.$'", true)]
    [InlineData("type() in ['AAAA', 'A']", true)]
    [InlineData("type() in ['AAAA']", false)]
    [InlineData("proto() == 'tcp'", false)]
    [InlineData("!true or false", false)]
    [InlineData("true and not false", true)]
    [InlineData("false && true || true", true)]
    [InlineData("false and (true or true)", false)]
    public void Expressions_mean_what_they_say(string text, bool expected)
    {
        var condition = ViewExpression.Parse(text.Replace("\\\\", "\\"));
        Assert.Equal(expected, condition(new ViewQuestion { Client = [10, 1, 2, 3], Name = WireName.Of("web.example"), Type = RecordType.A, IsStream = false }));
    }

    [Theory]
    [InlineData("", "ends where a condition")]
    [InlineData("true true", "should end")]
    [InlineData("incidr(client_ip(), 'here')", "is no range")]
    [InlineData("incidr(server_ip(), '10.0.0.0/8')", "where \"client_ip\" should")]
    [InlineData("name() =~ 'x'", "not understood")]
    [InlineData("metadata('x') == 'y'", "not served")]
    [InlineData("type() == 'ALPHA'", "is no record type")]
    [InlineData("proto() == 'quic'", "is no protocol")]
    [InlineData("name() matches '('", "(")]
    [InlineData("(true", "the end")]
    [InlineData("type() == A", "in quotes")]
    public void What_is_not_understood_is_refused_in_words(string text, string reason) =>
        Assert.Contains(reason, Assert.Throws<FormatException>(() => ViewExpression.Parse(text)).Message);

    [Fact]
    public void Deciding_allocates_nothing()
    {
        var condition = ViewExpression.Parse("incidr(client_ip(), 'fd00::/8') or type() in ['TXT', 'A'] and name() == 'web.example' and proto() != 'tcp'");
        var name = WireName.Of("web.example");
        byte[] client = [10, 1, 2, 3];
        Assert.True(condition(new ViewQuestion { Client = client, Name = name, Type = RecordType.A, IsStream = false }));
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++)
            condition(new ViewQuestion { Client = client, Name = name, Type = RecordType.A, IsStream = false });
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }
}
