using System.Net;
using Network.Dns.Wire;
using Xunit;

namespace Network.Dns.Tests.Wire;

public sealed class DnsQueryTests
{
    // dig web.x A +edns, id 0x1234
    private static readonly byte[] s_query =
    [
        0x12, 0x34, 0x01, 0x20, 0, 1, 0, 0, 0, 0, 0, 1,
        3, (byte)'W', (byte)'e', (byte)'b', 1, (byte)'x', 0, 0, 1, 0, 1,
        0, 0, 41, 0x10, 0, 0, 0, 0, 0, 0, 0,
    ];

    [Fact]
    public void Query_gives_name_type_and_edns_size()
    {
        Assert.True(DnsQuery.TryRead(s_query, out var query, out _));
        Assert.Equal(["web", "x"], query!.Labels);
        Assert.Equal((RecordType.A, 0x1234, true, 4096), (query.Type, query.Id, query.HasEdns, query.UdpSize));
    }

    [Fact]
    public void Every_truncation_is_refused()
    {
        for (var length = 0; length < s_query.Length; length++)
            Assert.False(DnsQuery.TryRead(s_query.AsMemory(0, length), out _, out _), $"{length} bytes were accepted");
    }

    [Fact]
    public void A_response_gets_no_answer()
    {
        var response = (byte[])s_query.Clone();
        response[2] |= 0x80;
        Assert.False(DnsQuery.TryRead(response, out _, out var refusal));
        Assert.Null(refusal);
    }

    [Fact]
    public void A_compression_pointer_in_the_question_is_a_format_error()
    {
        byte[] loop = [0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0xC0, 12, 0, 1, 0, 1];
        Assert.False(DnsQuery.TryRead(loop, out _, out var refusal));
        Assert.Equal(ResponseCode.FormErr, refusal);
    }

    [Fact]
    public void Random_packets_never_throw()
    {
        var random = new Random(4789);
        for (var i = 0; i < 200_000; i++)
        {
            var packet = (byte[])s_query.Clone();
            for (var flips = random.Next(1, 6); flips > 0; flips--)
                packet[random.Next(packet.Length)] = (byte)random.Next(256);
            if (!DnsQuery.TryRead(packet.AsMemory(0, random.Next(packet.Length + 1)), out var query, out _))
                continue;
            var answer = new DnsAnswer(ResponseCode.NoError) { Answers = [ResourceRecord.Address(null, IPAddress.Loopback, 5)] };
            Assert.InRange(AnswerWriter.Write(query!, answer, new byte[512], 512), DnsQuery.HeaderLength, 512);
        }
    }
}
