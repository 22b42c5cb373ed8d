using System.Net;
using System.Net.Sockets;
using Network.Netlink;

namespace Network.ServiceProxy.Announce;

/// <summary>ARP (RFC 826), with probes and announcements of RFC 5227.</summary>
internal sealed class ArpProtocol(PacketSocket socket, MacAddress own) : NeighbourProtocol(socket, own)
{
    internal override AddressFamily Family => AddressFamily.InterNetwork;

    internal static ArpProtocol Open(string? netNs, Link link, MacAddress own) => new(PacketSocket.Open(netNs, link.Index, ArpFrame.EtherType), own);

    internal override IEnumerable<byte[]> Announcements(IPAddress address) => ArpFrame.Announcements(address, Own).Select(frame => frame.ToBytes());

    internal override byte[] Probe(IPAddress address) => ArpFrame.Probe(address, Own).ToBytes();

    internal override byte[] Answer(Heard question) => new ArpFrame(question.From, Own, IsRequest: false, Own, question.Asks!, question.From, question.Asker).ToBytes();

    internal override bool TryParse(ReadOnlySpan<byte> frame, out Heard heard)
    {
        heard = default;
        if (!ArpFrame.TryParse(frame, out var arp))
            return false;
        heard = new Heard(arp.SenderMac, arp.Sender, arp.Sender.Equals(IPAddress.Any) ? null : arp.Sender, arp.IsRequest ? arp.Target : null);
        return true;
    }
}
