using System.Buffers.Binary;

namespace Network.Dns.Wire;

/// <summary>
/// A query as far as a server needs it: header, the one question, EDNS. Reading never throws; a query that is no query
/// says with which code to answer, or that it deserves no answer.
/// </summary>
public sealed record DnsQuery
{
    public const int HeaderLength = 12;
    private const int ClassIn = 1;
    private const int ClassChaos = 3;

    /// <summary>What fits into UDP without EDNS (RFC 1035 4.2.1).</summary>
    private const int PlainUdpSize = 512;

    public required ushort Id { get; init; }

    public required bool RecursionDesired { get; init; }

    /// <summary>Lower-case labels, most specific first.</summary>
    public required string[] Labels { get; init; }

    public required RecordType Type { get; init; }

    public required bool IsInternetClass { get; init; }

    /// <summary>Class CH, in which servers are asked about themselves.</summary>
    public bool IsChaosClass { get; init; }

    /// <summary>The question section as it came, so that the answer echoes the asker's capitals (RFC 4343, 0x20 clients).</summary>
    public required ReadOnlyMemory<byte> Question { get; init; }

    /// <summary>True when the query had an OPT record; then the answer has one too (RFC 6891 6.1.1).</summary>
    public bool HasEdns { get; init; }

    public byte EdnsVersion { get; init; }

    /// <summary>The asker wants signatures (RFC 3225).</summary>
    public bool DnssecOk { get; init; }

    /// <summary>The asker's own part of a cookie (RFC 7873), 8 bytes; empty when it sent none.</summary>
    public ReadOnlyMemory<byte> ClientCookie { get; init; }

    /// <summary>The asker wants to be told where the answer comes from (<see cref="EdnsOptions.Source"/>).</summary>
    public bool WantsSource { get; init; }

    /// <summary>Largest UDP answer the asker takes.</summary>
    public int UdpSize { get; init; } = PlainUdpSize;

    public string Name => Labels.Length == 0 ? "." : string.Join('.', Labels) + ".";

    /// <summary>The name in lower case on the wire.</summary>
    internal byte[] FoldedName()
    {
        Span<byte> scratch = stackalloc byte[WireName.ScratchLength];
        WireName.Fold(Question.Span[..^4], scratch);
        return scratch[..(Question.Length - 4)].ToArray();
    }

    /// <summary>
    /// Reads a query. On failure <paramref name="refusal"/> is the code to answer with, or null when the packet is a
    /// response or too short to answer.
    /// </summary>
    public static bool TryRead(ReadOnlyMemory<byte> packet, out DnsQuery? query, out ResponseCode? refusal)
    {
        query = null;
        refusal = null;
        var message = packet.Span;
        if (message.Length < HeaderLength || (message[2] & 0x80) != 0)
            return false;
        // Opcode 5 is UPDATE: understood, and never allowed (RFC 2136 2.2).
        refusal = (message[2] & 0x78) switch { 0 => ResponseCode.FormErr, 5 << 3 => ResponseCode.Refused, _ => ResponseCode.NotImp };
        if (refusal != ResponseCode.FormErr || Count(message, 4) != 1)
            return false;
        var offset = HeaderLength;
        if (!DnsName.TryRead(message, ref offset, out var labels) || offset + 4 > message.Length)
            return false;
        var type = BinaryPrimitives.ReadUInt16BigEndian(message[offset..]);
        var @class = BinaryPrimitives.ReadUInt16BigEndian(message[(offset + 2)..]);
        offset += 4;
        query = new DnsQuery
        {
            Id = BinaryPrimitives.ReadUInt16BigEndian(message),
            RecursionDesired = (message[2] & 1) != 0,
            Labels = labels,
            Type = (RecordType)type,
            IsInternetClass = @class == ClassIn,
            IsChaosClass = @class == ClassChaos,
            Question = packet[HeaderLength..offset],
        };
        if (!TryReadEdns(packet, offset, ref query))
        {
            query = null;
            return false;
        }

        refusal = null;
        return true;
    }

    private static bool TryReadEdns(ReadOnlyMemory<byte> packet, int offset, ref DnsQuery query)
    {
        var message = packet.Span;
        var records = Count(message, 6) + Count(message, 8) + Count(message, 10);
        for (var i = 0; i < records; i++)
        {
            if (!DnsName.TrySkip(message, ref offset) || offset + 10 > message.Length)
                return false;
            var fixedPart = message[offset..];
            var length = BinaryPrimitives.ReadUInt16BigEndian(fixedPart[8..]);
            offset += 10 + length;
            if (offset > message.Length)
                return false;
            if (BinaryPrimitives.ReadUInt16BigEndian(fixedPart) != (ushort)RecordType.OPT)
                continue;
            // Two OPT records are a format error (RFC 6891 6.1.1).
            if (query.HasEdns || !TryReadOptions(packet[(offset - length)..offset], out var cookie, out var source))
                return false;
            query = query with
            {
                HasEdns = true,
                EdnsVersion = fixedPart[5],
                DnssecOk = (fixedPart[6] & 0x80) != 0,
                ClientCookie = cookie,
                WantsSource = source,
                UdpSize = Math.Max(PlainUdpSize, (int)BinaryPrimitives.ReadUInt16BigEndian(fixedPart[2..])),
            };
        }

        return true;
    }

    private static bool TryReadOptions(ReadOnlyMemory<byte> options, out ReadOnlyMemory<byte> cookie, out bool source)
    {
        (cookie, source) = (default, false);
        while (options.Length >= 4)
        {
            var length = BinaryPrimitives.ReadUInt16BigEndian(options.Span[2..]);
            if (4 + length > options.Length)
                return false;
            if (BinaryPrimitives.ReadUInt16BigEndian(options.Span) == EdnsOptions.Cookie)
            {
                // Alone, or with the 8 to 32 bytes we gave it (RFC 7873 4).
                if (length != 8 && length is < 16 or > 40)
                    return false;
                cookie = options.Slice(4, 8);
            }

            source |= BinaryPrimitives.ReadUInt16BigEndian(options.Span) == EdnsOptions.Source;
            options = options[(4 + length)..];
        }

        return options.IsEmpty;
    }

    private static int Count(ReadOnlySpan<byte> message, int offset) => BinaryPrimitives.ReadUInt16BigEndian(message[offset..]);
}
