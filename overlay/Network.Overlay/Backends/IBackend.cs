using System.Net.Sockets;
using Network.Netlink;

namespace Network.Overlay;

/// <summary>
/// One way of carrying packets between nodes. A backend is pure: it says which device there should be and which kernel
/// objects reach a peer; one writer makes it so. Adding one is a folder here and a line in <see cref="BackendList"/>.
/// </summary>
internal interface IBackend
{
    OverlayBackend Kind { get; }

    /// <summary>As flannel's annotation <c>backend-type</c> spells it.</summary>
    string Name { get; }

    /// <summary>Bytes that encapsulation adds to a packet, by family of the underlay.</summary>
    int Overhead(AddressFamily underlay);

    /// <summary>Underlay families that get a device of their own; none for plain routes.</summary>
    IReadOnlyList<AddressFamily> TunnelsOver(OverlaySettings settings, Underlay underlay);

    /// <summary>The device of a tunnel.</summary>
    LinkSpec Device(TunnelSite site);

    /// <summary>The device cannot be changed into the wanted one; it must be made anew.</summary>
    bool MustRecreate(Link actual, LinkSpec wanted);

    /// <summary>Adds what the kernel must hold, or says why the peer cannot be reached this way.</summary>
    void Write(PeerWay way, PeerObjects objects);
}

/// <summary>Where a tunnel device stands.</summary>
internal sealed record TunnelSite(OverlaySettings Settings, string DeviceName, Underlay Underlay, AddressFamily Family, MacAddress Mac)
{
    internal required int Mtu { get; init; }
}
