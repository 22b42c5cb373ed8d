using System.Net;
using System.Net.Sockets;
using Network.Netlink;

namespace Network.ServiceProxy.Announce;

/// <summary>What a frame of address resolution says.</summary>
/// <param name="Asker">Who wants to be answered; the unspecified address of one that has none yet.</param>
/// <param name="Claims">The address the sender says is its own; null when it says none.</param>
/// <param name="Asks">The address whose owner is asked for; null in answers.</param>
internal readonly record struct Heard(MacAddress From, IPAddress Asker, IPAddress? Claims, IPAddress? Asks);

/// <summary>How a segment is told, and asks, whose an address is: ARP for IPv4, neighbour discovery for IPv6.</summary>
/// <param name="own">The device's Ethernet address.</param>
internal abstract class NeighbourProtocol(PacketSocket socket, MacAddress own) : IDisposable
{
    protected MacAddress Own => own;

    internal PacketSocket Socket => socket;

    internal abstract AddressFamily Family { get; }

    /// <summary>Frames that tell everybody that an address is ours.</summary>
    internal abstract IEnumerable<byte[]> Announcements(IPAddress address);

    /// <summary>Asks whether somebody has an address already, without claiming it.</summary>
    internal abstract byte[] Probe(IPAddress address);

    internal abstract byte[] Answer(Heard question);

    internal abstract bool TryParse(ReadOnlySpan<byte> frame, out Heard heard);

    /// <summary>Questions for an address may be sent to a group that only its owner listens to.</summary>
    internal virtual void Listen(IPAddress address)
    {
    }

    internal virtual void Unlisten(IPAddress address)
    {
    }

    public virtual void Dispose() => socket.Dispose();
}
