using Network.Netlink;

namespace Network.Overlay;

/// <summary>What the kernel must hold for one peer, and why a part of it is missing.</summary>
internal sealed class PeerObjects
{
    internal List<Neighbour> Neighbours { get; } = [];

    internal List<FdbEntry> Fdb { get; } = [];

    internal List<Route> Routes { get; } = [];

    internal List<string> Faults { get; } = [];

    /// <summary>Names of the ways in use: vxlan, direct, ...</summary>
    internal List<string> Ways { get; } = [];

    /// <summary>The same objects, faults and ways.</summary>
    internal bool Means(PeerObjects other) => Routes.SequenceEqual(other.Routes) && Neighbours.SequenceEqual(other.Neighbours) && Fdb.SequenceEqual(other.Fdb)
        && Faults.SequenceEqual(other.Faults) && Ways.SequenceEqual(other.Ways);
}
