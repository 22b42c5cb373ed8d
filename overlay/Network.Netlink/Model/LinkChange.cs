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

    /// <summary>New name; only with a reference by index.</summary>
    public string? Name { get; init; }

    /// <summary>Open namespace to move to.</summary>
    public SafeFileHandle? NetNs { get; init; }

    /// <summary>Id of the namespace the device lives in, as <see cref="Link.ParentNetNsId"/> tells it; null for the socket's own.</summary>
    public int? InNetNsId { get; init; }

    /// <summary>Bridge port reflects frames to where they came from: a pod reaching itself through a service.</summary>
    public bool? Hairpin { get; init; }

    /// <summary>False keeps IPv6 link-local addresses (and their chatter) off a device that is only a bridge port.</summary>
    public bool? Ipv6LinkLocal { get; init; }

    internal uint Flags => Up == true ? IfLinkH.IFF_UP : 0;

    internal uint ChangeMask => Up is null ? 0 : IfLinkH.IFF_UP;

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
        if (InNetNsId is { } id)
            message.Put(IfLinkH.IFLA_TARGET_NETNSID, id);
        if (NetNs is not null)
            message.Put(IfLinkH.IFLA_NET_NS_FD, (int)NetNs.DangerousGetHandle());
        WriteHairpin(message);
        WriteLinkLocal(message);
    }

    private void WriteHairpin(NetlinkWriter message)
    {
        if (Hairpin is not { } hairpin)
            return;
        using (message.Nest(IfLinkH.IFLA_LINKINFO))
        {
            message.Put(IfLinkH.IFLA_INFO_SLAVE_KIND, "bridge");
            using (message.Nest(IfLinkH.IFLA_INFO_SLAVE_DATA))
                message.Put(IfLinkH.IFLA_BRPORT_MODE, (byte)(hairpin ? 1 : 0));
        }
    }

    private void WriteLinkLocal(NetlinkWriter message)
    {
        if (Ipv6LinkLocal is not { } wanted)
            return;
        using (message.Nest(IfLinkH.IFLA_AF_SPEC))
        using (message.Nest(NetlinkH.AF_INET6))
            message.Put(IfLinkH.IFLA_INET6_ADDR_GEN_MODE, wanted ? IfLinkH.IN6_ADDR_GEN_MODE_EUI64 : IfLinkH.IN6_ADDR_GEN_MODE_NONE);
    }
}
