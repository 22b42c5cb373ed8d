using Microsoft.Win32.SafeHandles;
using Network.Netlink.Interop;
using Network.Netlink.Protocol;

namespace Network.Netlink;

/// <summary>What to change on a device; null leaves a property alone. One message, whatever the number of properties.</summary>
public sealed record LinkChange
{
    public bool? Up { get; init; }

    public int? Mtu { get; init; }

    public MacAddress? Mac { get; init; }

    /// <summary>0 takes the device out of its bridge.</summary>
    public int? MasterIndex { get; init; }

    public string? Alias { get; init; }

    /// <summary>Number by which <c>ip link show group</c> finds devices that belong together.</summary>
    public int? Group { get; init; }

    /// <summary>New name; only with a reference by index.</summary>
    public string? Name { get; init; }

    /// <summary>Open namespace to move to.</summary>
    public SafeFileHandle? NetNs { get; init; }

    /// <summary>Bridge port reflects frames to where they came from: a pod reaching itself through a service.</summary>
    public bool? Hairpin { get; init; }

    /// <summary>Bridge port that may not talk to other isolated ports of the same bridge.</summary>
    public bool? Isolated { get; init; }

    /// <summary>Bridge port that takes in only source addresses the forwarding database has on it, and learns none.</summary>
    public bool? Locked { get; init; }

    /// <summary>The device takes in frames for whatever address.</summary>
    public bool? Promiscuous { get; init; }

    /// <summary>False keeps IPv6 link-local addresses (and their chatter) off a device that is only a bridge port.</summary>
    public bool? Ipv6LinkLocal { get; init; }

    /// <summary>The device announces its IPv4 addresses by ARP whenever it comes up or its MAC is set (arp_notify).</summary>
    public bool? ArpNotify { get; init; }

    internal uint Flags => (Up == true ? IfLinkH.IFF_UP : 0) | (Promiscuous == true ? IfLinkH.IFF_PROMISC : 0);

    internal uint ChangeMask => (Up is null ? 0 : IfLinkH.IFF_UP) | (Promiscuous is null ? 0 : IfLinkH.IFF_PROMISC);

    internal void Write(NetlinkWriter message)
    {
        if (Name is not null)
            message.Put(IfLinkH.IFLA_IFNAME, Name);
        if (Mtu is { } mtu)
            message.Put(IfLinkH.IFLA_MTU, mtu);
        if (Mac is { } mac)
            message.Put(IfLinkH.IFLA_ADDRESS, mac);
        if (MasterIndex is { } master)
            message.Put(IfLinkH.IFLA_MASTER, master);
        if (Alias is not null)
            message.Put(IfLinkH.IFLA_IFALIAS, Alias);
        if (Group is { } group)
            message.Put(IfLinkH.IFLA_GROUP, group);
        if (NetNs is not null)
            message.Put(IfLinkH.IFLA_NET_NS_FD, (int)NetNs.DangerousGetHandle());
        WritePort(message);
        WriteFamilies(message);
    }

    private void WritePort(NetlinkWriter message)
    {
        if (Hairpin is null && Isolated is null && Locked is null)
            return;
        using (message.Nest(IfLinkH.IFLA_LINKINFO))
        {
            message.Put(IfLinkH.IFLA_INFO_SLAVE_KIND, "bridge");
            using (message.Nest(IfLinkH.IFLA_INFO_SLAVE_DATA))
            {
                PutFlag(message, IfLinkH.IFLA_BRPORT_MODE, Hairpin);
                PutFlag(message, IfLinkH.IFLA_BRPORT_ISOLATED, Isolated);
                PutFlag(message, IfLinkH.IFLA_BRPORT_LEARNING, !Locked);
                PutFlag(message, IfLinkH.IFLA_BRPORT_LOCKED, Locked);
            }
        }
    }

    private static void PutFlag(NetlinkWriter message, ushort type, bool? value)
    {
        if (value is { } given)
            message.Put(type, (byte)(given ? 1 : 0));
    }

    private void WriteFamilies(NetlinkWriter message)
    {
        if (Ipv6LinkLocal is null && ArpNotify is null)
            return;
        using (message.Nest(IfLinkH.IFLA_AF_SPEC))
        {
            if (ArpNotify is { } notify)
            {
                using (message.Nest(NetlinkH.AF_INET))
                using (message.Nest(IfLinkH.IFLA_INET_CONF))
                    message.Put(IfLinkH.IPV4_DEVCONF_ARP_NOTIFY, notify ? 1 : 0);
            }

            if (Ipv6LinkLocal is { } linkLocal)
            {
                using (message.Nest(NetlinkH.AF_INET6))
                    message.Put(IfLinkH.IFLA_INET6_ADDR_GEN_MODE, linkLocal ? IfLinkH.IN6_ADDR_GEN_MODE_EUI64 : IfLinkH.IN6_ADDR_GEN_MODE_NONE);
            }
        }
    }
}
