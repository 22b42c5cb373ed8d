using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Network.Netlink.Interop;

namespace Network.Netlink.Protocol;

/// <summary>Walks attributes; every read is bounds-checked and answers with false instead of throwing.</summary>
public ref struct AttributeReader(ReadOnlySpan<byte> attributes)
{
    private ReadOnlySpan<byte> _rest = attributes;

    /// <summary>The bytes ended inside an attribute.</summary>
    public bool Malformed { get; private set; }

    public bool TryNext(out NetlinkAttribute attribute)
    {
        attribute = default;
        // Fewer bytes than a header at the end are padding.
        var size = Unsafe.SizeOf<nlattr>();
        if (_rest.Length < size)
            return false;
        var header = MemoryMarshal.Read<nlattr>(_rest);
        if (header.nla_len < size || header.nla_len > _rest.Length)
        {
            Malformed = true;
            return false;
        }

        var type = (ushort)(header.nla_type & ~(NetlinkH.NLA_F_NESTED | NetlinkH.NLA_F_NET_BYTEORDER));
        attribute = new NetlinkAttribute(type, _rest[size..header.nla_len]);
        _rest = _rest[Math.Min(NetlinkWriter.Aligned(header.nla_len), _rest.Length)..];
        return true;
    }
}
