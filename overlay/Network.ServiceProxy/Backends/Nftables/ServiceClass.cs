namespace Network.ServiceProxy.Backends.Nftables;

/// <summary>What happens to a packet to an address; each combination that occurs has one chain, whatever the number of services.</summary>
internal enum ClassKind : uint
{
    /// <summary>To one of the endpoints.</summary>
    Plain,

    /// <summary>Likewise, and masqueraded unless it comes from a pod.</summary>
    ClusterIp,

    /// <summary>Likewise, and masqueraded always.</summary>
    External,

    /// <summary>To one of the endpoints of this node.</summary>
    Local,

    /// <summary>External traffic policy Local: pods and the node itself choose from all, others from this node's.</summary>
    ExternalLocal,

    /// <summary>Load balancer with source ranges.</summary>
    Firewalled,
    Reject,
    Drop,

    /// <summary>No class of an address: notes a client's endpoint for so many seconds.</summary>
    Remember,
}

/// <summary>
/// The class of an address as the number that the maps hold, which <c>nft</c> shows in two parts (<c>101:2</c> is a cluster
/// address with two endpoints). It is the same in every process, so that rules outlive the one that made them:
/// <code>
///  0x100 + kind(16) : client stays with its endpoint(1) endpoints(15)
/// </code>
/// </summary>
/// <param name="Count">Number of endpoints to choose from, or seconds to remember; 0 for kinds that need none.</param>
internal readonly record struct ServiceClass(ClassKind Kind, int Count = 0, bool Sticky = false)
{
    internal const int MostEndpoints = (1 << 15) - 1;
    private const int KindShift = 16;

    // Beyond what programs set as their packets' priority.
    private const uint FirstKind = 0x100, StickyBit = 1 << 15;

    internal uint Id => Kind == ClassKind.Remember ? (uint)Count : ((FirstKind + (uint)Kind) << KindShift) | (Sticky ? StickyBit : 0) | (uint)Count;

    internal string Chain => Kind switch
    {
        ClassKind.ExternalLocal => "external-local",
        ClassKind.Firewalled => "firewall",
        ClassKind.Reject => "reject-chain",
        ClassKind.Remember => $"remember-{Count}s",
        _ => $"{Name}-{Count}{(Sticky ? "-sticky" : "")}",
    };

    private string Name => Kind switch
    {
        ClassKind.ClusterIp => "cluster-ip",
        ClassKind.External => "external",
        ClassKind.Local => "local",
        _ => "plain",
    };

    internal static ServiceClass Of(uint id) => new((ClassKind)((id >> KindShift) - FirstKind), (int)(id & MostEndpoints), (id & StickyBit) != 0);
}
