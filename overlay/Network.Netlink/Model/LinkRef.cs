using Network.Netlink.Interop;
using Network.Netlink.Protocol;

namespace Network.Netlink;

/// <summary>A device by index or by name; the kernel resolves names itself, which saves a round trip.</summary>
public readonly record struct LinkRef
{
    private readonly int _index;
    private readonly string? _name;

    private LinkRef(int index, string? name)
    {
        _index = index;
        _name = name;
    }

    public static implicit operator LinkRef(int index) => new(index, null);

    public static implicit operator LinkRef(string name) => new(0, name);

    public override string ToString() => _name ?? $"#{_index}";

    internal void Write(NetlinkWriter message, uint flags = 0, uint change = 0)
    {
        message.Header(new ifinfomsg { ifi_index = _index, ifi_flags = flags, ifi_change = change });
        if (_name is not null)
            message.Put(IfLinkH.IFLA_IFNAME, _name);
    }
}
