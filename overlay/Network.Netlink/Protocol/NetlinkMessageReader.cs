using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Network.Netlink.Interop;

namespace Network.Netlink.Protocol;

/// <summary>Walks the messages of one datagram. Stops at the first that does not fit; <see cref="Malformed"/> tells.</summary>
public ref struct NetlinkMessageReader(ReadOnlySpan<byte> datagram)
{
    private ReadOnlySpan<byte> _rest = datagram;

    /// <summary>The datagram ended inside a message.</summary>
    public bool Malformed { get; private set; }

    public bool TryNext(out NetlinkMessage message)
    {
        message = default;
        if (_rest.IsEmpty)
            return false;
        var size = Unsafe.SizeOf<nlmsghdr>();
        if (!MemoryMarshal.TryRead(_rest, out nlmsghdr header) || header.nlmsg_len < size || header.nlmsg_len > _rest.Length)
        {
            Malformed = true;
            return false;
        }

        var length = (int)header.nlmsg_len;
        message = new NetlinkMessage(header.nlmsg_type, header.nlmsg_flags, header.nlmsg_seq, _rest[size..length]);
        _rest = _rest[Math.Min(NetlinkWriter.Aligned(length), _rest.Length)..];
        return true;
    }
}
