using System.Buffers;
using System.Buffers.Text;
using System.Text;

namespace Network.Cni.Ipam.Journal;

/// <summary>One line of the journal: what was granted (+) or released (-), to whom, and a checksum of that.</summary>
internal readonly record struct JournalRecord(bool IsGrant, Lease Lease)
{
    /// <summary>Space, eight digits.</summary>
    private const int SealLength = 9;

    internal static string TextOf(char kind, Lease lease) => $"{kind} {lease.Address} {Encoding.UTF8.GetString(lease.Holder.Span)}";

    /// <summary>The line, with checksum and end.</summary>
    internal static byte[] Seal(string text)
    {
        var bytes = Encoding.UTF8.GetBytes($"{text} 00000000\n");
        Utf8Formatter.TryFormat(Crc32C.Of(bytes.AsSpan(0, bytes.Length - SealLength - 1)), bytes.AsSpan(bytes.Length - SealLength), out _,
            new StandardFormat('x', 8));
        return bytes;
    }

    /// <param name="line">Without its end.</param>
    internal static bool TryUnseal(ReadOnlyMemory<byte> line, out ReadOnlyMemory<byte> text)
    {
        text = default;
        if (line.Length <= SealLength || line.Span[^SealLength] != ' '
            || !Utf8Parser.TryParse(line.Span[^(SealLength - 1)..], out uint given, out var consumed, 'x') || consumed != SealLength - 1
            || given != Crc32C.Of(line.Span[..^SealLength]))
            return false;
        text = line[..^SealLength];
        return true;
    }

    internal static bool TryParse(ReadOnlyMemory<byte> text, out JournalRecord record)
    {
        record = default;
        var span = text.Span;
        var space = span.Length > 2 && span[1] == ' ' ? span[2..].IndexOf((byte)' ') : -1;
        if (space < 0 || !Ip.TryParse(span.Slice(2, space), out var address) || !span[(space + 3)..].Contains((byte)' '))
            return false;
        record = new JournalRecord(span[0] == '+', new Lease(address, text[(space + 3)..]));
        return true;
    }
}
