namespace Network.Netlink;

/// <summary>A network device as the kernel reports it.</summary>
public sealed record Link
{
    public required int Index { get; init; }

    public required string Name { get; init; }

    /// <summary>Null for devices without an Ethernet address.</summary>
    public MacAddress? Mac { get; init; }

    public int Mtu { get; init; }

    /// <summary>Administratively up (IFF_UP).</summary>
    public bool IsUp { get; init; }

    public bool IsLoopback { get; init; }

    public OperState OperState { get; init; }

    /// <summary>Index of the bridge or bond this is a port of; 0 for none.</summary>
    public int MasterIndex { get; init; }

    /// <summary>IFLA_LINK: the veth's other end, or the device below.</summary>
    public int ParentIndex { get; init; }

    /// <summary>Namespace id of <see cref="ParentIndex"/> when that is elsewhere.</summary>
    public int? ParentNetNsId { get; init; }

    /// <summary>veth, bridge, vxlan, ...; empty for physical devices.</summary>
    public string Kind { get; init; } = "";

    public string Alias { get; init; } = "";

    /// <summary>Number of the group; 0 is the default group.</summary>
    public int Group { get; init; }

    /// <summary>Present on VXLAN devices.</summary>
    public VxlanInfo? Vxlan { get; init; }

    /// <summary>Bridge port reflects frames to where they came from; null when not a bridge port.</summary>
    public bool? Hairpin { get; init; }
}
