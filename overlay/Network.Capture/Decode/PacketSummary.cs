using PacketDotNet;

namespace Network.Capture.Decode;

/// <summary>Headers in words, from the outside in.</summary>
internal static class PacketSummary
{
    internal static string Of(Packet packet) => packet switch
    {
        EthernetPacket frame => Ethernet(frame),
        ArpPacket arp => Arp(arp),
        IPPacket ip => Internet(ip),
        { PayloadPacket: { } inner } => Of(inner),
        _ => packet.GetType().Name.Replace("Packet", "", StringComparison.Ordinal),
    };

    private static string Ethernet(EthernetPacket frame) => frame.PayloadPacket switch
    {
        null => $"{Mac(frame.SourceHardwareAddress)} > {Mac(frame.DestinationHardwareAddress)} type 0x{(ushort)frame.Type:x4}",
        Ieee8021QPacket tag => $"vlan {tag.VlanIdentifier} {(tag.PayloadPacket is { } tagged ? Of(tagged) : $"type 0x{(ushort)tag.Type:x4}")}",
        var inner => Of(inner),
    };

    private static string Arp(ArpPacket arp) => arp.Operation switch
    {
        ArpOperation.Request => $"ARP who has {arp.TargetProtocolAddress} tell {arp.SenderProtocolAddress}",
        ArpOperation.Response => $"ARP {arp.SenderProtocolAddress} is at {Mac(arp.SenderHardwareAddress)}",
        var other => $"ARP operation {(ushort)other}",
    };

    private static string Internet(IPPacket ip)
    {
        var ends = $"{ip.SourceAddress} > {ip.DestinationAddress}";
        if (ip is IPv4Packet { FragmentOffset: > 0 } fragment)
            return $"{ends} fragment at {fragment.FragmentOffset * 8} id {fragment.Id}";
        return ip.PayloadPacket switch
        {
            TcpPacket tcp => $"{Ends(ip, tcp)} TCP {Flags(tcp)} seq {tcp.SequenceNumber} len {PayloadLength(tcp)}",
            UdpPacket { PayloadPacket: VxlanPacket { PayloadPacket: { } inner } vxlan } => $"{ends} VXLAN {vxlan.Vni} | {Of(inner)}",
            UdpPacket udp => $"{Ends(ip, udp)} UDP len {udp.Length - 8}",
            IcmpV4Packet icmp => $"{ends} ICMP {Echo(icmp)}",
            IcmpV6Packet icmp => $"{ends} ICMPv6 {icmp.Type}",
            _ => $"{ends} {ip.Protocol}",
        };
    }

    private static string Ends(IPPacket ip, TransportPacket transport) =>
        $"{End(ip.SourceAddress, transport.SourcePort)} > {End(ip.DestinationAddress, transport.DestinationPort)}";

    private static string End(System.Net.IPAddress address, ushort port) => new System.Net.IPEndPoint(address, port).ToString();

    private static string Echo(IcmpV4Packet icmp) => icmp.TypeCode switch
    {
        IcmpV4TypeCode.EchoRequest => $"echo request id {icmp.Id} seq {icmp.Sequence}",
        IcmpV4TypeCode.EchoReply => $"echo reply id {icmp.Id} seq {icmp.Sequence}",
        var other => other.ToString(),
    };

    private static string Flags(TcpPacket tcp)
    {
        var flags = string.Join(",", new (bool Set, string Name)[]
        {
            (tcp.Synchronize, "SYN"), (tcp.Finished, "FIN"), (tcp.Reset, "RST"), (tcp.Push, "PSH"), (tcp.Acknowledgment, "ACK"), (tcp.Urgent, "URG"),
        }.Where(flag => flag.Set).Select(flag => flag.Name));
        return flags.Length == 0 ? "no flags" : flags;
    }

    private static int PayloadLength(TcpPacket tcp) => tcp.PayloadData?.Length ?? 0;

    private static string Mac(System.Net.NetworkInformation.PhysicalAddress address) =>
        string.Join(':', address.GetAddressBytes().Select(part => part.ToString("x2", System.Globalization.CultureInfo.InvariantCulture)));
}
