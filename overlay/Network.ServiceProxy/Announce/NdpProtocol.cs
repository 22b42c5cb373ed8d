using System.Net;
using System.Net.Sockets;
using Network.Linux;
using Network.Netlink;

namespace Network.ServiceProxy.Announce;

/// <summary>Neighbour discovery (RFC 4861) for addresses that the kernel does not know.</summary>
/// <param name="source">The device's link-local address.</param>
/// <param name="groups">Joins what the device listens to, and tells switches that look (MLD).</param>
internal sealed class NdpProtocol(PacketSocket socket, MacAddress own, IPAddress source, int link, Socket groups) : NeighbourProtocol(socket, own)
{
    // The device carries other IPv6, which is none of our business: next header ICMPv6, then a type from 135 to 136.
    private static readonly (ushort Code, byte True, byte False, uint Value)[] s_filter =
    [
        (0x30, 0, 0, 20), (0x15, 0, 4, 58), (0x30, 0, 0, 54), (0x35, 0, 2, NdpFrame.Solicitation), (0x25, 1, 0, NdpFrame.Advertisement), (0x06, 0, 0, 2048), (0x06, 0, 0, 0),
    ];

    internal override AddressFamily Family => AddressFamily.InterNetworkV6;

    /// <summary>Null where the device has no IPv6.</summary>
    internal static NdpProtocol? Open(string? netNs, Link link, MacAddress own)
    {
        IPAddress? source;
        using (var routes = RouteSocket.Open(netNs))
            source = routes.Addresses().FirstOrDefault(address => address.LinkIndex == link.Index && address.Address.IsIPv6LinkLocal)?.Address;
        if (source is null)
            return null;
        Socket Groups() => new(AddressFamily.InterNetworkV6, SocketType.Dgram, ProtocolType.Udp);
        return new NdpProtocol(PacketSocket.Open(netNs, link.Index, NdpFrame.EtherType, s_filter), own, source, link.Index, netNs is null ? Groups() : NetNs.Run(netNs, Groups));
    }

    internal override IEnumerable<byte[]> Announcements(IPAddress address) =>
        [new NdpFrame(NdpFrame.GroupMac(NdpFrame.AllNodes), Own, source, NdpFrame.AllNodes, IsSolicitation: false, address, Solicited: false, Override: true, Own).ToBytes()];

    internal override byte[] Probe(IPAddress address)
    {
        // As in duplicate address detection: from nobody (RFC 4862, section 5.4.2).
        var group = NdpFrame.SolicitedNode(address);
        return new NdpFrame(NdpFrame.GroupMac(group), Own, IPAddress.IPv6Any, group, IsSolicitation: true, address, Solicited: false, Override: false, LinkAddress: null).ToBytes();
    }

    // Who has no address yet asks whether it may take this one: everybody is told that it may not.
    internal override byte[] Answer(Heard question) => question.Asker.Equals(IPAddress.IPv6Any)
        ? Announcements(question.Asks!).First()
        : new NdpFrame(question.From, Own, source, question.Asker, IsSolicitation: false, question.Asks!, Solicited: true, Override: false, Own).ToBytes();

    internal override bool TryParse(ReadOnlySpan<byte> frame, out Heard heard)
    {
        heard = default;
        if (!NdpFrame.TryParse(frame, out var message))
            return false;
        heard = new Heard(message.LinkAddress ?? message.Source, message.From, message.IsSolicitation ? null : message.Target, message.IsSolicitation ? message.Target : null);
        return true;
    }

    internal override void Listen(IPAddress address) => Change(SocketOptionName.AddMembership, address);

    internal override void Unlisten(IPAddress address) => Change(SocketOptionName.DropMembership, address);

    public override void Dispose()
    {
        groups.Dispose();
        base.Dispose();
    }

    private void Change(SocketOptionName what, IPAddress address)
    {
        try
        {
            groups.SetSocketOption(SocketOptionLevel.IPv6, what, new IPv6MulticastOption(NdpFrame.SolicitedNode(address), link));
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Two addresses may share a group; the device hears it all the same.
        }
    }
}
