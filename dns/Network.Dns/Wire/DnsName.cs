using System.Buffers.Binary;
using System.Text;

namespace Network.Dns.Wire;

/// <summary>Domain names on the wire (RFC 1035 3.1, 4.1.4).</summary>
public static class DnsName
{
    public const int MaxWireLength = 255;
    private const int MaxLabels = 127;

    /// <summary>
    /// Reads an uncompressed name, as questions have it, into lower-case labels. False for anything malformed: labels over
    /// 63 bytes, names over 255, a name that runs past the end, a compression pointer.
    /// </summary>
    public static bool TryRead(ReadOnlySpan<byte> message, ref int offset, out string[] labels)
    {
        labels = [];
        var start = offset;
        var found = new List<string>(8);
        while (true)
        {
            if (offset >= message.Length || offset - start >= MaxWireLength || found.Count > MaxLabels)
                return false;
            int length = message[offset++];
            if (length == 0)
                break;
            if (length > 63 || offset + length > message.Length)
                return false;
            found.Add(string.Create(length, message.Slice(offset, length), static (text, bytes) =>
            {
                for (var i = 0; i < bytes.Length; i++)
                    text[i] = (char)(bytes[i] is >= (byte)'A' and <= (byte)'Z' ? bytes[i] + 32 : bytes[i]);
            }));
            offset += length;
        }

        labels = [.. found];
        return offset - start <= MaxWireLength;
    }

    /// <summary>Skips a name that may be compressed.</summary>
    public static bool TrySkip(ReadOnlySpan<byte> message, ref int offset)
    {
        while (offset < message.Length)
        {
            int length = message[offset++];
            if (length == 0)
                return true;
            if ((length & 0xC0) == 0xC0)
                return ++offset <= message.Length;
            if (length > 63)
                return false;
            offset += length;
        }

        return false;
    }

    /// <summary>Encodes a dotted name; a trailing dot makes no difference.</summary>
    public static byte[] Encode(string name)
    {
        var labels = name.TrimEnd('.').Split('.', StringSplitOptions.RemoveEmptyEntries);
        var bytes = new byte[labels.Sum(label => Encoding.UTF8.GetByteCount(label) + 1) + 1];
        var at = 0;
        foreach (var label in labels)
        {
            var length = Encoding.UTF8.GetBytes(label, bytes.AsSpan(at + 1));
            if (length is 0 or > 63)
                throw new FormatException($"label \"{label}\" of name \"{name}\" is not 1 to 63 bytes long");
            bytes[at] = (byte)length;
            at += length + 1;
        }

        return bytes.Length <= MaxWireLength ? bytes : throw new FormatException($"name \"{name}\" is longer than {MaxWireLength} bytes");
    }

    internal static void WriteUInt16(Span<byte> message, int offset, int value) =>
        BinaryPrimitives.WriteUInt16BigEndian(message[offset..], (ushort)value);
}
