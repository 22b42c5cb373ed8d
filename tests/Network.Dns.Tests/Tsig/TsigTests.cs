using System.Net;
using Network.Dns.Plugins.Cluster;
using Network.Dns.Plugins.Tsig;
using Network.Dns.Tests.Cluster;
using Network.Dns.Tests.Config;
using Network.Dns.Wire;
using Xunit;

namespace Network.Dns.Tests.Tsig;

/// <summary>TSIG (RFC 8945), proven and checked by dig.</summary>
public sealed class TsigTests : IAsyncLifetime
{
    private const string Secret = "4hSbmYmpE+0xUIkEMCYnlI5xMAsfsFxpJ8HVLCCyxvE=";
    private const string Other = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    private readonly CorefileServer _server = new();
    private readonly ShiftedClock _clock = new();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Theory]
    [InlineData("hmac-sha1")]
    [InlineData("hmac-sha256")]
    [InlineData("hmac-sha384")]
    [InlineData("hmac-sha512")]
    public void Question_and_answer_are_proven_with_every_algorithm(string algorithm)
    {
        var dns = Start("");
        var answer = dns.Dig("-y", $"{algorithm}:Key.Test:{Secret}", "web.default.svc.cluster.local", "A");
        Assert.Contains("10.96.0.20", answer);
        Assert.Contains("NOERROR", answer);
        Assert.Matches(@"key\.test\.\s+0\s+ANY\s+TSIG\s+" + algorithm + @".* NOERROR 0", answer);
        Assert.DoesNotContain("verify", answer);
        Assert.DoesNotContain("TSIG", dns.Dig("web.default.svc.cluster.local", "A"));
        Assert.Equal("10.96.0.20", dns.Short("+tcp", "-y", $"{algorithm}:key.test:{Secret}", "web.default.svc.cluster.local", "A"));
    }

    [Fact]
    public void Wrong_proofs_are_told_what_is_wrong()
    {
        var dns = Start("");
        Assert.Contains("BADKEY", dns.Dig("-y", $"hmac-sha256:other.test:{Secret}", "web.default.svc.cluster.local", "A"));
        Assert.Contains("BADKEY", dns.Dig("-y", $"hmac-md5:key.test:{Secret}", "web.default.svc.cluster.local", "A"));
        var forged = dns.Dig("-y", $"hmac-sha256:key.test:{Other}", "web.default.svc.cluster.local", "A");
        Assert.Contains("BADSIG", forged);
        Assert.Contains("NOTAUTH", forged);
        Assert.DoesNotContain("10.96.0.20", forged);
    }

    [Fact]
    public void A_clock_that_is_wrong_is_told_the_time()
    {
        var dns = Start("");
        _clock.Offset = TimeSpan.FromHours(2);
        var late = dns.Dig("-y", $"hmac-sha256:key.test:{Secret}", "web.default.svc.cluster.local", "A");
        Assert.Contains("BADTIME", late);
        Assert.Contains("NOTAUTH", late);
    }

    [Fact]
    public void What_is_required_is_refused_without_proof_and_a_transfer_is_proven_to_its_end()
    {
        var dns = Start("require AXFR SRV");
        Assert.Equal("10.96.0.20", dns.Short("web.default.svc.cluster.local", "A"));
        Assert.Contains("REFUSED", dns.Dig("web.default.svc.cluster.local", "SRV"));
        Assert.Contains("Transfer failed", dns.Dig("cluster.local", "AXFR"));
        for (var i = 0; i < 3000; i++)
            dns.Index.Put(new DnsService("default", $"service-{i}") { ClusterIps = [IPAddress.Parse("10.96.9.9")] });
        var zone = dns.Dig("-y", $"hmac-sha256:key.test:{Secret}", "cluster.local", "AXFR");
        Assert.Contains("service-2999.default.svc.cluster.local.", zone);
        Assert.DoesNotContain("verify", zone);
        Assert.DoesNotContain("failed", zone);
        // More than one message, or only the first would have been tried.
        Assert.Matches(@"XFR size: \d+ records \(messages ([2-9]|\d\d)", zone);
    }

    [Fact]
    public void Keys_come_from_the_file_that_tsig_keygen_writes()
    {
        _server.Write("keys", $"key \"key.test\" {{\n\talgorithm hmac-sha256;\n\tsecret \"{Secret}\";\n}};\n");
        var dns = Start("", "secrets DIR/keys");
        Assert.Equal("10.96.0.20", dns.Short("-y", $"hmac-sha256:key.test:{Secret}", "web.default.svc.cluster.local", "A"));
    }

    [Fact]
    public void A_record_that_is_cut_or_misplaced_is_a_format_error_and_never_more()
    {
        var name = DnsName.Encode("key.test");
        var algorithm = DnsName.Encode("hmac-sha256");
        byte[] data = [.. algorithm, 0, 0, 1, 2, 3, 4, 1, 44, 0, 32, .. new byte[32], 0, 7, 0, 0, 0, 0];
        byte[] message = [0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1, .. DnsName.Encode("web.example"), 0, 1, 0, 1, .. name, 0, 250, 0, 255, 0, 0, 0, 0, 0, (byte)data.Length, .. data];
        Assert.True(TsigRecord.TryFind(message, out var whole));
        Assert.Equal((0x01020304UL, (ushort)300, 32), (whole!.Time, whole.Fudge, whole.Mac.Length));
        for (var length = 12; length < message.Length; length++)
            Assert.False(TsigRecord.TryFind(message.AsSpan(0, length), out _));
        var random = new Random(8945);
        for (var i = 0; i < 20_000; i++)
        {
            byte[] changed = [.. message];
            for (var flips = random.Next(1, 4); flips > 0; flips--)
                changed[random.Next(changed.Length)] ^= (byte)(1 << random.Next(8));
            if (TsigRecord.TryFind(changed, out var record) && record is not null && TsigMac.LengthOf(record.Algorithm) > 0)
                Assert.NotEmpty(TsigMac.OfQuestion([1, 2, 3], record, changed));
        }
    }

    private DnsServerFixture Start(string more, string? keys = null)
    {
        var dns = _server.Start($$"""
            .:10053 {
              tsig {
                {{keys ?? $"secret key.test. {Secret}"}}
                {{more}}
              }
              transfer {
                to *
              }
              kubernetes cluster.local
            }
            """, time: _clock);
        dns.Index.PutNamespace("default");
        dns.Index.Put(new DnsService("default", "web") { ClusterIps = [IPAddress.Parse("10.96.0.20")], Ports = [new DnsPort("http", "tcp", 80)] });
        return dns;
    }

    private sealed class ShiftedClock : TimeProvider
    {
        internal TimeSpan Offset { get; set; }

        public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + Offset;
    }
}
