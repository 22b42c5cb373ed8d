using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Network.Dns.Wire;

/// <summary>
/// Uncompressed names on the wire, folded to lower case and hashed eight bytes at a time. Length bytes of labels are below
/// 64 and so never mistaken for capitals.
/// </summary>
public static class WireName
{
    /// <summary>Room that <see cref="Fold"/> needs: the longest name, rounded up to whole words.</summary>
    public const int ScratchLength = 256;

    // Fresh in every process, so that nobody can prepare names that collide.
    private static readonly ulong s_seed = (ulong)Random.Shared.NextInt64() | 1;

    /// <summary>Length of the name at <paramref name="offset"/> with its root byte; 0 for anything malformed or compressed.</summary>
    public static int Measure(ReadOnlySpan<byte> message, int offset)
    {
        var at = offset;
        while ((uint)at < (uint)message.Length)
        {
            int length = message[at];
            if (length == 0)
                return at + 1 - offset <= DnsName.MaxWireLength ? at + 1 - offset : 0;
            if (length > 63)
                return 0;
            at += length + 1;
        }

        return 0;
    }

    /// <summary>Copies a name in lower case; the bytes up to the next multiple of eight become zero.</summary>
    /// <returns>The hash of the folded name.</returns>
    public static ulong Fold(ReadOnlySpan<byte> name, Span<byte> scratch)
    {
        var whole = scratch[..((name.Length + 7) & ~7)];
        whole[^8..].Clear();
        name.CopyTo(whole);
        var hash = s_seed ^ (ulong)name.Length;
        foreach (ref var word in MemoryMarshal.Cast<byte, ulong>(whole))
        {
            word = Lower(word);
            hash = Math.BigMul(hash ^ word, 0x9E37_79B9_7F4A_7C15, out var low) ^ low;
        }

        return hash;
    }

    /// <summary>Folded form of a dotted name.</summary>
    /// <exception cref="FormatException">A label or the name is too long.</exception>
    public static byte[] Of(string name)
    {
        var wire = DnsName.Encode(name);
        Span<byte> scratch = stackalloc byte[ScratchLength];
        Fold(wire, scratch);
        return scratch[..wire.Length].ToArray();
    }

    public static ulong HashOf(ReadOnlySpan<byte> name)
    {
        Span<byte> scratch = stackalloc byte[ScratchLength];
        return Fold(name, scratch);
    }

    /// <summary>Dotted text without the final dot; "." for the root.</summary>
    public static string ToText(ReadOnlySpan<byte> name)
    {
        if (name.Length <= 1)
            return ".";
        Span<char> text = stackalloc char[DnsName.MaxWireLength];
        var written = 0;
        for (var at = 0; at < name.Length && name[at] != 0; at += name[at] + 1)
        {
            if (written > 0)
                text[written++] = '.';
            foreach (var letter in name.Slice(at + 1, name[at]))
                text[written++] = (char)letter;
        }

        return new string(text[..written]);
    }

    // Sets bit 5 of every byte between 'A' and 'Z', all eight at once.
    private static ulong Lower(ulong word)
    {
        if (!BitConverter.IsLittleEndian)
            word = BinaryPrimitives.ReverseEndianness(word);
        const ulong Ones = 0x0101_0101_0101_0101;
        var low = word & (Ones * 0x7F);
        var upper = ((low + (Ones * (0x80 - 'A'))) ^ (low + (Ones * (0x7F - 'Z')))) & ~word & (Ones * 0x80);
        return word | (upper >> 2);
    }
}
