using Network.Dns.Tests.Config;
using Network.Dns.Tests.Zones;
using Network.Dns.Wire;
using Xunit;

namespace Network.Dns.Tests.Rewrite;

public sealed class RewriteTests
{
    [Fact]
    public async Task Records_of_every_kind_come_back_under_the_name_asked_for()
    {
        await using var server = new CorefileServer();
        var zone = server.Write("away.zone", """
            $ORIGIN away.example.
            $TTL 300
            @ IN SOA ns hostmaster 1 7200 1800 86400 60
            @ IN NS ns
            ns IN A 192.0.2.53
            mail IN MX 10 in.mail
            mail IN TXT "v=spf1 -all"
            in.mail IN A 192.0.2.25
            _sip._tcp IN SRV 1 2 5060 in.mail
            old IN CNAME mail
            """);
        await using var upstream = await NsdServer.StartAsync(server.Folder, $"zone:\n  name: away.example\n  zonefile: {zone}\n");
        var dns = server.Start($$"""
            .:10053 {
              rewrite stop name suffix .home.lan .away.example
              rewrite name suffix .away.example .never.example
              forward . {{upstream.Address}}
            }
            """);
        Assert.Equal("10 in.mail.away.example.", dns.Short("mail.home.lan", "MX"));
        Assert.Equal("\"v=spf1 -all\"", dns.Short("mail.home.lan", "TXT"));
        Assert.Equal("1 2 5060 in.mail.away.example.", dns.Short("_sip._tcp.home.lan", "SRV"));
        Assert.Matches(@"mail\.home\.lan\.\s+\d+\s+IN\s+MX\s+10 in\.mail\.away\.example\.", dns.Dig("mail.home.lan", "MX"));
        var chain = dns.Dig("old.home.lan", "MX");
        Assert.Matches(@"old\.home\.lan\.\s+\d+\s+IN\s+CNAME\s+mail\.away\.example\.", chain);
        Assert.Matches(@"mail\.away\.example\.\s+\d+\s+IN\s+MX\s+10 in\.mail", chain);
        var none = dns.Dig("none.home.lan", "A");
        Assert.Contains("NXDOMAIN", none);
        Assert.Matches(@"away\.example\.\s+\d+\s+IN\s+SOA", none);
    }

    [Fact]
    public void Names_are_expanded_and_circles_end()
    {
        // At 0: b.a; at 5: c and a pointer to 2; at 9: a pointer to itself; at 11: one forwards.
        byte[] message = [1, (byte)'b', 1, (byte)'a', 0, 1, (byte)'c', 0xC0, 2, 0xC0, 9, 0xC0, 13, 0];
        var offset = 5;
        Assert.True(RawRecords.TryExpand(message, ref offset, out var name));
        Assert.Equal(("c.a", 9), (WireName.ToText(name), offset));
        foreach (var start in (int[])[9, 11, 13])
        {
            offset = start;
            Assert.Equal(start == 13, RawRecords.TryExpand(message, ref offset, out _));
        }

        var random = new Random(1035);
        for (var i = 0; i < 50_000; i++)
        {
            var bytes = new byte[random.Next(1, 80)];
            random.NextBytes(bytes);
            for (var at = 0; at < bytes.Length; at++)
                bytes[at] = random.Next(3) == 0 ? (byte)0xC0 : (byte)(bytes[at] & 0x3F);
            offset = random.Next(bytes.Length);
            if (RawRecords.TryExpand(bytes, ref offset, out var found))
                Assert.True(found.Length <= DnsName.MaxWireLength && offset <= bytes.Length);
        }
    }
}
