using System.Buffers.Binary;
using Network.Dns.Wire;

namespace Network.Dns.Hot;

/// <summary>What became of a query on the hot path.</summary>
internal enum HotOutcome
{
    /// <summary>Not mine: ask the next.</summary>
    Pass,

    /// <summary>The answer is written.</summary>
    Answered,

    /// <summary>Needs waiting, memory or a rare feature: the chain has to answer.</summary>
    Slow,
}

/// <summary>
/// A plain query over the packet it came in, and the place its answer is written to. Lives on the stack: answering allocates
/// nothing. Plain means opcode QUERY, class IN, one question, nothing else but one OPT record of version 0.
/// </summary>
internal ref struct HotQuery
{
    private const int ClassIn = 1;
    private const int PlainUdpSize = 512;

    internal required ReadOnlySpan<byte> Packet;

    /// <summary>At least <see cref="WireName.ScratchLength"/> bytes for the name.</summary>
    internal required Span<byte> Scratch;

    /// <summary>The name in lower case, see <see cref="WireName.Fold"/>.</summary>
    internal ReadOnlySpan<byte> Name;

    internal ulong Hash;

    internal RecordType Type;

    /// <summary>First byte after the question.</summary>
    internal int QuestionEnd;

    internal bool HasEdns;

    /// <summary>The asker wants signatures (RFC 3225).</summary>
    internal bool DnssecOk;

    /// <summary>Largest UDP answer the asker takes, in bytes.</summary>
    internal int UdpSize;

    /// <summary>What the answer may fill, in bytes.</summary>
    internal Span<byte> Output;

    /// <summary>The asker's address: 4 or 16 bytes.</summary>
    internal ReadOnlySpan<byte> Client;

    /// <summary>The asker's own part of a cookie (RFC 7873), 8 bytes; empty when it sent none.</summary>
    internal ReadOnlySpan<byte> ClientCookie;

    /// <summary>Unix time in seconds; jumps when somebody sets the clock.</summary>
    internal uint Now;

    /// <summary>Seconds that only go on, see <see cref="SteadyTime"/>.</summary>
    internal uint Steady;

    /// <summary>Length of the finished answer.</summary>
    internal int Written;

    internal ResponseCode Code;

    /// <summary>Why the answer is less than it should be (RFC 8914).</summary>
    internal ExtendedError? Error;

    internal readonly ReadOnlySpan<byte> Question => Packet[DnsQuery.HeaderLength..QuestionEnd];

    /// <summary>Reads the packet into the fields above.</summary>
    /// <returns>False when it is not a plain query.</returns>
    internal bool TryRead()
    {
        var packet = Packet;
        // QR and opcode 0 in byte 2; one question; no answers, no authorities; at most one additional record.
        if (packet.Length < DnsQuery.HeaderLength + 5 || (packet[2] & 0xF8) != 0
            || BinaryPrimitives.ReadUInt64BigEndian(packet[4..]) is not (0x0001_0000_0000_0000 or 0x0001_0000_0000_0001))
            return false;
        var length = WireName.Measure(packet, DnsQuery.HeaderLength);
        QuestionEnd = DnsQuery.HeaderLength + length + 4;
        if (length == 0 || QuestionEnd > packet.Length || BinaryPrimitives.ReadUInt16BigEndian(packet[(QuestionEnd - 2)..]) != ClassIn)
            return false;
        Type = (RecordType)BinaryPrimitives.ReadUInt16BigEndian(packet[(QuestionEnd - 4)..]);
        // TKEY, TSIG, IXFR and AXFR are no questions for records.
        if ((uint)Type - 249 <= 3)
            return false;
        UdpSize = PlainUdpSize;
        HasEdns = packet[11] == 1;
        if (HasEdns && !TryReadEdns(packet[QuestionEnd..]))
            return false;
        Hash = WireName.Fold(packet.Slice(DnsQuery.HeaderLength, length), Scratch);
        Name = Scratch[..length];
        return true;
    }

    // Root owner, type OPT, UDP size, extended code, version, flags, length of options (RFC 6891 6.1.2).
    private bool TryReadEdns(ReadOnlySpan<byte> record)
    {
        if (record.Length < 11 || record[0] != 0 || BinaryPrimitives.ReadUInt16BigEndian(record[1..]) != (ushort)RecordType.OPT || record[6] != 0
            || 11 + BinaryPrimitives.ReadUInt16BigEndian(record[9..]) != record.Length)
            return false;
        UdpSize = Math.Max(PlainUdpSize, (int)BinaryPrimitives.ReadUInt16BigEndian(record[3..]));
        DnssecOk = (record[7] & 0x80) != 0;
        for (var options = record[11..]; options.Length >= 4;)
        {
            var length = BinaryPrimitives.ReadUInt16BigEndian(options[2..]);
            if (4 + length > options.Length || BinaryPrimitives.ReadUInt16BigEndian(options) == EdnsOptions.Source)
                return false;
            if (BinaryPrimitives.ReadUInt16BigEndian(options) == EdnsOptions.Cookie)
            {
                // Alone, or with the 8 to 32 bytes we gave it (RFC 7873 4); anything else is a format error.
                if (length != 8 && length is < 16 or > 40)
                    return false;
                ClientCookie = options.Slice(4, 8);
            }

            options = options[(4 + length)..];
        }

        return true;
    }
}
