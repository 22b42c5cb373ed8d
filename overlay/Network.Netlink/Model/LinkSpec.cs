using Network.Netlink.Interop;
using Network.Netlink.Protocol;

namespace Network.Netlink;

/// <summary>A device to create. Kinds write their own part of the request.</summary>
public abstract record LinkSpec(string Name)
{
    /// <summary>Set explicitly wherever udev might run: systemd rewrites generated ones (MACAddressPolicy=persistent).</summary>
    public MacAddress? Mac { get; init; }

    /// <summary>0 leaves the kind's default.</summary>
    public int Mtu { get; init; }

    public bool Up { get; init; }

    /// <summary>Bridge to become a port of; 0 for none.</summary>
    public int MasterIndex { get; init; }

    /// <summary>The kernel's name of the kind.</summary>
    protected abstract string Kind { get; }

    internal void Write(NetlinkWriter message)
    {
        message.Header(new ifinfomsg { ifi_flags = Up ? IfLinkH.IFF_UP : 0, ifi_change = Up ? IfLinkH.IFF_UP : 0 });
        WriteCommon(message);
        if (MasterIndex != 0)
            message.Put(IfLinkH.IFLA_MASTER, MasterIndex);
        using (message.Nest(IfLinkH.IFLA_LINKINFO))
        {
            message.Put(IfLinkH.IFLA_INFO_KIND, Kind);
            WriteData(message);
        }
    }

    /// <summary>IFLA_INFO_DATA, where the kind has any.</summary>
    protected virtual void WriteData(NetlinkWriter message)
    {
    }

    private protected void WriteCommon(NetlinkWriter message)
    {
        message.Put(IfLinkH.IFLA_IFNAME, Name);
        if (Mac is { } mac)
            message.Put(IfLinkH.IFLA_ADDRESS, mac);
        if (Mtu != 0)
            message.Put(IfLinkH.IFLA_MTU, Mtu);
    }
}
