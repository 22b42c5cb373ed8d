using System.Text;

namespace Network.Netlink.Netfilter;

/// <summary>
/// Comments, which the kernel keeps without looking at them, in the form that <c>nft</c> shows: type, length, zero-terminated text.
/// </summary>
internal static class NftUserData
{
    /// <summary>Type of the comment in tables, chains, rules and elements (libnftnl, udata.h).</summary>
    internal const byte Comment = 0;

    /// <summary>Type of the comment of a set.</summary>
    internal const byte SetComment = 7;

    /// <summary>nft refuses to read more.</summary>
    internal const int MostCommentBytes = 127;

    internal const int MostSetBytes = 6 + 6 + MostCommentBytes + 3;

    // By these nft knows how to show the numbers of a set that has one field; of more fields it takes each field's own.
    private const byte KeyByteOrder = 0, DataByteOrder = 1;
    private const uint HostOrder = 1, NetworkOrder = 2;

    /// <summary>Cut to what fits, at a character.</summary>
    internal static int Write(string comment, Span<byte> buffer, byte type = Comment)
    {
        Encoding.UTF8.GetEncoder().Convert(comment, buffer[2..(2 + MostCommentBytes)], flush: true, out _, out var length, out _);
        buffer[0] = type;
        buffer[1] = (byte)(length + 1);
        buffer[2 + length] = 0;
        return length + 3;
    }

    /// <summary>What nft wants to know of a set, and its comment.</summary>
    internal static int Write(NftSet set, Span<byte> buffer)
    {
        var length = WriteOrder(KeyByteOrder, set.Key, buffer);
        // nft 1.0.6 aborts on a verdict that has an order.
        if (set.IsMap && set.Data[0] != NftTypes.Verdict)
            length += WriteOrder(DataByteOrder, set.Data, buffer[length..]);
        return set.Comment is { } comment ? length + Write(comment, buffer[length..], SetComment) : length;
    }

    internal static string? Read(ReadOnlySpan<byte> data, byte type = Comment)
    {
        while (data.Length >= 2 && data[1] <= data.Length - 2)
        {
            var value = data.Slice(2, data[1]);
            if (data[0] == type)
            {
                var end = value.IndexOf((byte)0);
                return Encoding.UTF8.GetString(end < 0 ? value : value[..end]);
            }

            data = data[(2 + value.Length)..];
        }

        return null;
    }

    private static int WriteOrder(byte type, IReadOnlyList<uint> fields, Span<byte> buffer)
    {
        buffer[0] = type;
        buffer[1] = sizeof(uint);
        BitConverter.TryWriteBytes(buffer[2..], fields is [NftTypes.Mark or NftTypes.ClassId or NftTypes.InterfaceName or NftTypes.Integer] ? HostOrder : NetworkOrder);
        return 2 + sizeof(uint);
    }
}
