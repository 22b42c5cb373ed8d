using System.Net;
using System.Net.Sockets;
using Network.Netlink.Interop;
using Network.Netlink.Protocol;

namespace Network.Netlink.Netfilter;

/// <summary>Connections to and from attributes.</summary>
internal static class ConntrackParser
{
    private const byte Icmp = 1, IcmpV6 = 58;

    internal static bool TryParse(NetlinkMessage message, out ConntrackEntry entry)
    {
        entry = null!;
        if (message.Type >> 8 != NfnetlinkH.NFNL_SUBSYS_CTNETLINK || !message.TryReadHeader(out nfgenmsg _, out _))
            return false;
        var attributes = new NftAttributes(message.Payload.Length > 4 ? message.Payload[4..] : []);
        if (Tuple(attributes.Nested(ConntrackH.CTA_TUPLE_ORIG)) is not { } original || Tuple(attributes.Nested(ConntrackH.CTA_TUPLE_REPLY)) is not { } reply)
            return false;
        var tcp = attributes.Nested(ConntrackH.CTA_PROTOINFO).Nested(ConntrackH.CTA_PROTOINFO_TCP);
        entry = new ConntrackEntry(original, reply)
        {
            Id = attributes.Number(ConntrackH.CTA_ID),
            Zone = attributes.Short(ConntrackH.CTA_ZONE),
            Status = attributes.Number(ConntrackH.CTA_STATUS),
            Mark = attributes.Number(ConntrackH.CTA_MARK),
            Timeout = TimeSpan.FromSeconds(attributes.Number(ConntrackH.CTA_TIMEOUT)),
            TcpState = tcp.Has(ConntrackH.CTA_PROTOINFO_TCP_STATE) ? tcp.Byte(ConntrackH.CTA_PROTOINFO_TCP_STATE) : null,
        };
        return true;
    }

    internal static void Write(NetlinkWriter writer, ushort type, ConntrackTuple tuple)
    {
        var v6 = tuple.Source.AddressFamily == AddressFamily.InterNetworkV6;
        using (writer.Nest(type))
        {
            using (writer.Nest(ConntrackH.CTA_TUPLE_IP))
            {
                writer.Put(v6 ? ConntrackH.CTA_IP_V6_SRC : ConntrackH.CTA_IP_V4_SRC, tuple.Source);
                writer.Put(v6 ? ConntrackH.CTA_IP_V6_DST : ConntrackH.CTA_IP_V4_DST, tuple.Destination);
            }

            using (writer.Nest(ConntrackH.CTA_TUPLE_PROTO))
            {
                writer.Put(ConntrackH.CTA_PROTO_NUM, tuple.Protocol);
                if (tuple.Protocol is Icmp or IcmpV6)
                    WriteIcmp(writer, tuple);
                else
                {
                    writer.PutBigEndian(ConntrackH.CTA_PROTO_SRC_PORT, tuple.SourcePort);
                    writer.PutBigEndian(ConntrackH.CTA_PROTO_DST_PORT, tuple.DestinationPort);
                }
            }
        }
    }

    private static void WriteIcmp(NetlinkWriter writer, ConntrackTuple tuple)
    {
        var v4 = tuple.Protocol == Icmp;
        writer.PutBigEndian(v4 ? ConntrackH.CTA_PROTO_ICMP_ID : ConntrackH.CTA_PROTO_ICMPV6_ID, tuple.Icmp.Id);
        writer.Put(v4 ? ConntrackH.CTA_PROTO_ICMP_TYPE : ConntrackH.CTA_PROTO_ICMPV6_TYPE, tuple.Icmp.Type);
        writer.Put(v4 ? ConntrackH.CTA_PROTO_ICMP_CODE : ConntrackH.CTA_PROTO_ICMPV6_CODE, tuple.Icmp.Code);
    }

    private static ConntrackTuple? Tuple(NftAttributes tuple)
    {
        var ip = tuple.Nested(ConntrackH.CTA_TUPLE_IP);
        var protocol = tuple.Nested(ConntrackH.CTA_TUPLE_PROTO);
        if ((Address(ip, ConntrackH.CTA_IP_V4_SRC) ?? Address(ip, ConntrackH.CTA_IP_V6_SRC)) is not { } source
            || (Address(ip, ConntrackH.CTA_IP_V4_DST) ?? Address(ip, ConntrackH.CTA_IP_V6_DST)) is not { } destination)
            return null;
        var number = protocol.Byte(ConntrackH.CTA_PROTO_NUM);
        return new ConntrackTuple(source, destination, number, protocol.Short(ConntrackH.CTA_PROTO_SRC_PORT), protocol.Short(ConntrackH.CTA_PROTO_DST_PORT))
        {
            Icmp = number == IcmpV6
                ? (protocol.Short(ConntrackH.CTA_PROTO_ICMPV6_ID), protocol.Byte(ConntrackH.CTA_PROTO_ICMPV6_TYPE), protocol.Byte(ConntrackH.CTA_PROTO_ICMPV6_CODE))
                : (protocol.Short(ConntrackH.CTA_PROTO_ICMP_ID), protocol.Byte(ConntrackH.CTA_PROTO_ICMP_TYPE), protocol.Byte(ConntrackH.CTA_PROTO_ICMP_CODE)),
        };
    }

    private static IPAddress? Address(NftAttributes ip, ushort type) => ip.TryFind(type, out var found) && found.TryGet(out IPAddress? address) ? address : null;
}
