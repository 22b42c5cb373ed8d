using Network.Dns.Wire;
using Network.Dns.Zones;
using Xunit;

namespace Network.Dns.Tests.Zones;

public sealed class ZoneFileTests
{
    private const string Head = "$TTL 60\n@ SOA ns host 1 2 3 4 5\n@ NS ns.test.\n";

    [Theory]
    [InlineData(Head + "a A 1.2\u002e3", 4, "is no IPv4 address")]
    [InlineData(Head + "a A 192.0.2.1 x", 4, "\"x\" is too much")]
    [InlineData(Head + "a MX mail", 4, "the preference \"mail\" is no number")]
    [InlineData(Head + "a MX 10", 4, "the exchange is missing")]
    [InlineData(Head + "a BOGUS 1", 4, "\"BOGUS\" is no record type")]
    [InlineData(Head + "a CH A 192.0.2.1", 4, "class CH")]
    [InlineData(Head + "a TXT \"x", 4, "never closes")]
    [InlineData(Head + "a TXT ( x\n\n", 4, "never closes")]
    [InlineData(Head + "a TXT x )", 4, "never opened")]
    [InlineData(Head + "a..b A 192.0.2.1", 4, "label")]
    [InlineData(Head + "a.test. A 192.0.2.1", 4, "is not within zone")]
    [InlineData(Head + "a CNAME b\na A 192.0.2.1", 4, "CNAME and other data")]
    [InlineData(Head + "@ SOA ns host 2 2 3 4 5", 4, "second SOA")]
    [InlineData(Head + "$GENERATE 1-9 a A 192.0.2.$", 4, "$GENERATE is not served")]
    [InlineData(Head + "$INCLUDE /no/such/file", 4, "/no/such/file")]
    [InlineData(Head + "a TYPE99 \\# 2 01", 4, "1 bytes, not 2")]
    [InlineData(Head + "a RRSIG A 13 2 60 1 1 1 x. AA==", 4, "signed zones")]
    [InlineData(Head + "a HTTPS 1 . color=red", 4, "is no parameter")]
    [InlineData(Head + "a LOC 1", 4, "general form")]
    [InlineData("$TTL 60\n@ NS ns.test.\n", 1, "no SOA")]
    [InlineData("$TTL 60\n@ SOA ns host 1 2 3 4 5\n", 1, "no NS")]
    [InlineData("a A 192.0.2.1", 1, "no time to live")]
    public void Fault_names_file_and_line(string text, int line, string words)
    {
        var fault = Assert.Throws<ZoneFileException>(() => ZoneFile.Parse("db", text, "example"));
        Assert.Contains(words, fault.Message);
        Assert.StartsWith($"db:{line}: ", fault.Message);
    }

    [Fact]
    public void Truncated_and_random_files_are_read_or_refused_and_nothing_else()
    {
        var text = FilePluginTests.Zone;
        for (var length = 0; length < text.Length; length++)
            Read(text[..length]);
        var random = new Random(7);
        for (var round = 0; round < 3000; round++)
        {
            var letters = text.ToCharArray();
            for (var i = 0; i < 8; i++)
                letters[random.Next(letters.Length)] = "\n\"()\\;@$. \t\0é9Z"[random.Next(15)];
            Read(new string(letters));
        }
    }

    private static void Read(string text)
    {
        try
        {
            var zone = ZoneFile.Parse("db", text, "example");
            Assert.NotEqual(ResponseCode.ServFail, zone.Answer(WireName.Of("x.wild.example"), RecordType.TXT).Code);
        }
        catch (ZoneFileException e)
        {
            Assert.StartsWith("db:", e.Message);
        }
    }
}
