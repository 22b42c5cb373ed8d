using System.Net;
using Network.Dns.Plugins.Cluster;
using Network.Dns.Wire;
using Xunit;

namespace Network.Dns.Tests.Wire;

public sealed class DashedAddressTests
{
    [Fact]
    public void What_endpoints_are_called_is_read_back()
    {
        var random = new Random(16);
        var bytes = new byte[16];
        for (var i = 0; i < 20_000; i++)
        {
            random.NextBytes(bytes);
            // Runs of zeros, so that the short forms occur.
            for (var word = 0; word < 8; word++)
            {
                if (random.Next(2) == 0)
                    bytes.AsSpan(word * 2, 2).Clear();
            }

            var address = new IPAddress(i % 4 == 0 ? bytes.AsSpan(0, 4) : bytes);
            // Forms with an IPv4 part have a dot that becomes a dash and cannot be told from a group.
            if (address.ToString() is var text && text.Contains('.') && text.Contains(':'))
                continue;
            Assert.True(Read(DnsEndpoint.Dashed(address), out var read), DnsEndpoint.Dashed(address));
            Assert.Equal(address, read);
        }
    }

    [Theory]
    [InlineData("10-0-0")]
    [InlineData("10-0-0-256")]
    [InlineData("10-0-0-1-2")]
    [InlineData("-10-0-0-1")]
    [InlineData("1-2-3-4-5-6-7")]
    [InlineData("1-2-3-4-5-6-7-8-9")]
    [InlineData("fd00--1--2")]
    [InlineData("fd00---1")]
    [InlineData("fd00-")]
    [InlineData("12345--1")]
    [InlineData("web--1")]
    [InlineData("")]
    public void Anything_else_is_no_address(string label) => Assert.False(Read(label, out _));

    private static bool Read(string label, out IPAddress? address)
    {
        var good = DashedAddress.TryParse(System.Text.Encoding.ASCII.GetBytes(label), out var dashed);
        address = good ? dashed.ToAddress() : null;
        return good;
    }
}
