using System.Net;
using Network.Dns.Config;
using Network.Dns.Plugins.Dns64;
using Xunit;

namespace Network.Dns.Tests.Config;

public sealed class Dns64Tests
{
    [Theory]
    // The table of RFC 6052, section 2.4.
    [InlineData("2001:db8::/32", "2001:db8:c000:221::")]
    [InlineData("2001:db8:100::/40", "2001:db8:1c0:2:21::")]
    [InlineData("2001:db8:122::/48", "2001:db8:122:c000:2:2100::")]
    [InlineData("2001:db8:122:300::/56", "2001:db8:122:3c0:0:221::")]
    [InlineData("2001:db8:122:344::/64", "2001:db8:122:344:c0:2:2100::")]
    [InlineData("2001:db8:122:344::/96", "2001:db8:122:344::192.0.2.33")]
    public void Addresses_are_embedded_as_the_specification_says(string prefix, string expected) =>
        Assert.Equal(IPAddress.Parse(expected), Dns64Plugin.Embed(IPNetwork.Parse(prefix), IPAddress.Parse("192.0.2.33").GetAddressBytes()));

    [Fact]
    public async Task Names_without_an_IPv6_address_get_one_and_others_keep_theirs()
    {
        await using var server = new CorefileServer();
        var dns = server.Start(Text("allow_ipv4"));

        Assert.Equal("64:ff9b::c000:201", dns.Short("old.lan", "AAAA"));
        Assert.Equal("2001:db8::2", dns.Short("both.lan", "AAAA"));
        Assert.Equal("192.0.2.1", dns.Short("old.lan", "A"));
        Assert.Contains("NXDOMAIN", dns.Dig("none.lan", "AAAA"));
        Assert.Matches(@"old\.lan\.\s+30\s+IN\s+AAAA\s+64:ff9b::c000:201", dns.Dig("old.lan", "AAAA"));
    }

    [Fact]
    public async Task Clients_over_IPv4_are_left_alone_unless_told_otherwise_and_all_names_are_translated_on_request()
    {
        await using var plain = new CorefileServer();
        Assert.Equal("", plain.Start(Text("")).Short("old.lan", "AAAA"));
        await using var all = new CorefileServer();
        Assert.Equal("64:ff9b::c000:202", all.Start(Text("allow_ipv4\n    translate_all")).Short("both.lan", "AAAA"));
    }

    [Theory]
    [InlineData("dns64 10.0.0.0/8")]
    [InlineData("dns64 2001:db8::/33")]
    [InlineData("dns64 {\n  prefixes 64:ff9b::/96\n }")]
    public async Task Lines_that_make_no_sense_are_refused_by_number(string line)
    {
        await using var server = new CorefileServer();
        var path = server.Write("Corefile", $".:53 {{\n {line}\n}}");
        var refusal = Assert.Throws<CorefileException>(() => Directives.Make(CorefileParser.Parse(path, File.ReadAllText(path))[0], null!));
        Assert.Contains("Corefile:", refusal.Message);
    }

    private static string Text(string options) => $$"""
        .:10053 {
            dns64 {
                {{options}}
            }
            hosts {
                192.0.2.1 old.lan
                192.0.2.2 both.lan
                2001:db8::2 both.lan
                ttl 30
            }
            template IN ANY none.lan {
                rcode NXDOMAIN
            }
        }
        """;
}
