using System.Buffers.Binary;
using System.Buffers.Text;
using Network.Dns.Wire;

namespace Network.Dns.Transport;

/// <summary>What DNS over HTTPS (RFC 8484) makes of a message. Pure.</summary>
internal static class HttpsMessages
{
    internal const string MediaType = "application/dns-message";

    /// <summary>The message in a GET's parameter: base64url without padding (RFC 8484 6).</summary>
    internal static byte[]? Decode(string text)
    {
        try
        {
            return text.Contains('=', StringComparison.Ordinal) ? null : Base64Url.DecodeFromChars(text);
        }
        catch (FormatException)
        {
            return null;
        }
    }

    /// <summary>Something an answer is owed to: long enough, and no response.</summary>
    internal static bool IsQuestion(ReadOnlySpan<byte> message) => message.Length >= DnsQuery.HeaderLength && (message[2] & 0x80) == 0;

    /// <summary>A zone transfer has many messages, and an HTTP answer holds one.</summary>
    internal static bool IsTransfer(ReadOnlyMemory<byte> message) =>
        DnsQuery.TryRead(message, out var query, out _) && query!.Type is RecordType.AXFR or RecordType.IXFR;

    /// <summary>
    /// Seconds an answer may be kept by HTTP caches (RFC 8484 5.1): the least time to live of its answers; of a "no" what its SOA
    /// says (RFC 2308 5); nothing for the rest.
    /// </summary>
    internal static uint Freshness(ReadOnlySpan<byte> message)
    {
        var records = new List<RawMessage.RecordAt>();
        if (!RawMessage.TryWalk(message, records))
            return 0;
        uint? answers = null, denial = null;
        foreach (var record in records)
        {
            var ttl = BinaryPrimitives.ReadUInt32BigEndian(message[(record.Offset + 4)..]);
            if (record.Section == 1)
                answers = Math.Min(answers ?? uint.MaxValue, ttl);
            else if (record is { Section: 2, Type: RecordType.SOA })
                denial = Math.Min(ttl, BinaryPrimitives.ReadUInt32BigEndian(message[(record.End - 4)..]));
        }

        return answers ?? denial ?? 0;
    }
}
