using System.Buffers.Binary;
using Network.Dns.Wire;

namespace Network.Dns.Plugins.Tsig;

/// <summary>The TSIG record of a message (RFC 8945 4.2).</summary>
/// <param name="KeyName">Lower case, on the wire, as the algorithm.</param>
/// <param name="Time">Unix seconds, 48 bits.</param>
/// <param name="Fudge">Seconds the clocks may differ.</param>
/// <param name="Start">Where the record begins in its message.</param>
internal sealed record TsigRecord(byte[] KeyName, byte[] Algorithm, ulong Time, ushort Fudge, byte[] Mac, ushort OriginalId, int Start)
{
    internal const ushort Type = (ushort)RecordType.TSIG;
    private const ushort ClassAny = 255;

    /// <summary>Reads the record of a message; null when it has none.</summary>
    /// <returns>False when there is one that is malformed, or stands where it must not: it is the last of the additional section (RFC 8945 5.1).</returns>
    internal static bool TryFind(ReadOnlySpan<byte> message, out TsigRecord? record)
    {
        record = null;
        var records = new List<RawMessage.RecordAt>();
        if (!RawMessage.TryWalk(message, records))
            return false;
        var found = records.FindIndex(at => (ushort)at.Type == Type);
        return found < 0 || (found == records.Count - 1 && records[found].Section == 3 && (record = Read(message, records[found])) is not null);
    }

    private static TsigRecord? Read(ReadOnlySpan<byte> message, RawMessage.RecordAt at)
    {
        var (start, offset) = (at.Start, at.Offset + 10);
        if (BinaryPrimitives.ReadUInt16BigEndian(message[(at.Offset + 2)..]) != ClassAny || !RawRecords.TryExpand(message, ref start, out var key)
            || !RawRecords.TryExpand(message, ref offset, out var algorithm) || offset + 10 > at.End)
            return null;
        var fields = message[offset..at.End];
        var macLength = BinaryPrimitives.ReadUInt16BigEndian(fields[8..]);
        if (fields.Length < 10 + macLength + 6)
            return null;
        var rest = fields[(10 + macLength)..];
        if (rest.Length != 6 + BinaryPrimitives.ReadUInt16BigEndian(rest[4..]))
            return null;
        var time = (ulong)BinaryPrimitives.ReadUInt16BigEndian(fields) << 32 | BinaryPrimitives.ReadUInt32BigEndian(fields[2..]);
        return new TsigRecord(Folded(key), Folded(algorithm), time, BinaryPrimitives.ReadUInt16BigEndian(fields[6..]), fields.Slice(10, macLength).ToArray(),
            BinaryPrimitives.ReadUInt16BigEndian(rest), at.Start);
    }

    private static byte[] Folded(byte[] name)
    {
        Span<byte> scratch = stackalloc byte[WireName.ScratchLength];
        WireName.Fold(name, scratch);
        return scratch[..name.Length].ToArray();
    }
}
