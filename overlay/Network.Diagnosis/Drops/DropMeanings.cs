namespace Network.Diagnosis.Drops;

/// <summary>
/// The kernel's reasons in words. The same reason means different things in different functions, and what is dropped without a
/// reason (NOT_SPECIFIED) is told by the function alone, so both decide; a rule without a function is for all others.
/// </summary>
public static class DropMeanings
{
    private static readonly List<(string Reason, string Function, DropMeaning Meaning)> s_network =
    [
        ("NO_SOCKET", "ping_rcv", new("an echo reply that nobody waits for as a socket of its own", "nothing is wrong", Ordinary: true)),
        ("NO_SOCKET", "icmp_rcv", new("an ICMP message without a receiver", "nothing is wrong", Ordinary: true)),
        ("NO_SOCKET", "__udp4_lib_rcv", new("no program listens on this UDP port", "ss -lun in the namespace; for 4789 or 8472 the tunnel's port differs between nodes")),
        ("NO_SOCKET", "__udp6_lib_rcv", new("no program listens on this UDP port", "ss -lun in the namespace; for 4789 or 8472 the tunnel's port differs between nodes")),
        ("NO_SOCKET", "", new("no program listens on this port; a TCP client is told by a reset", "ss -ltn in the namespace; the service's targetPort")),
        ("VXLAN_VNI_NOT_FOUND", "", new("a tunnel packet of a network this node does not have", "ip -d link show type vxlan: the VNI must be the sender's")),
        ("VXLAN_INVALID_HDR", "", new("a tunnel packet with flags or reserved bits this device does not accept", "ip -d link show type vxlan: gbp, gpe and the sender's settings")),
        ("VXLAN_ENTRY_EXISTS", "", new("a learned address that is already known by another way", "bridge fdb show: learning should be off")),
        ("NO_TX_TARGET", "vxlan_xmit", new("the tunnel does not know which node has this MAC", "bridge fdb show dev the VXLAN device: the entry of the peer is missing; podnet overlay audit")),
        ("NO_TX_TARGET", "vxlan_mdb_xmit", new("a multicast packet that no node wants", "nothing is wrong", Ordinary: true)),
        ("NO_TX_TARGET", "br_dev_xmit", new("the bridge has no port for this packet: the pod's device is down or gone", "ip link show master the bridge")),
        ("NO_TX_TARGET", "", new("no device to send it from", "ip -d link show")),
        ("NEIGH_FAILED", "", new("nobody answered for the next hop's address", "ip neigh show: FAILED; on a tunnel the permanent entry of the peer is missing")),
        ("NEIGH_CREATEFAIL", "", new("the neighbour table is full", "sysctl net.ipv4.neigh.default.gc_thresh3")),
        ("NEIGH_QUEUEFULL", "", new("more packets wait for the next hop's address than may", "ip neigh show: INCOMPLETE")),
        ("NEIGH_DEAD", "", new("the next hop's entry was removed meanwhile", "ip monitor neigh")),
        ("QUEUE_PURGE", "", new("thrown away with a queue, usually because the next hop's address never came", "ip neigh show")),
        ("IP_RPFILTER", "", new("the answer to this source would leave by another device (strict reverse path)", "sysctl net.ipv4.conf.all.rp_filter and of the device; 2 or 0 for overlays")),
        ("IP_INNOROUTES", "", new("no route to this destination", "ip route get the destination, in this namespace")),
        ("IP_OUTNOROUTES", "", new("no route to this destination", "ip route get the destination, in this namespace")),
        ("IP_INADDRERRORS", "ip_error", new("this machine does not forward, or the destination is not routable", "sysctl net.ipv4.ip_forward must be 1")),
        ("IP_INADDRERRORS", "", new("an address that may not be here", "ip route get; sysctl net.ipv4.ip_forward")),
        ("IP_INHDR", "", new("a malformed IP header, or a TTL that ended", "a routing loop shows as the same packet several times")),
        ("IP_CSUM", "", new("the IP header's checksum is wrong", "a capture at the sender")),
        ("IP_NOPROTO", "", new("a transport protocol nobody here speaks", "the IP protocol number of the packet")),
        ("IP_INVALID_SOURCE", "", new("a source address that no packet may have", "who sends from 127/8, multicast or broadcast")),
        ("IP_LOCALNET", "", new("an address of 127/8 came from outside", "sysctl net.ipv4.conf.DEVICE.route_localnet")),
        ("IP_INVALID_DEST", "", new("a destination that may not be routed", "ip route get")),
        ("OTHERHOST", "", new("the frame was for another MAC: a neighbour entry somewhere is stale", "ip neigh show at the sender; bridge fdb show on its tunnel", Ordinary: false)),
        ("NETFILTER_DROP", "nft_do_chain", new("a rule dropped it: a policy, a firewall, or a service without endpoints", "nft list ruleset; podnet svc explain")),
        ("NETFILTER_DROP", "", new("a netfilter rule dropped it", "nft list ruleset; iptables-save -c")),
        ("PKT_TOO_BIG", "", new("larger than the next device takes, and it may not be fragmented", "ip link show: MTU of each device on the way; ip route show cache")),
        ("FRAG_REASM_TIMEOUT", "", new("fragments whose others never came", "nstat IpReasmFails; a path that loses large packets")),
        ("FRAG_TOO_FAR", "", new("fragments that are too far apart", "nstat IpReasmFails")),
        ("DUP_FRAG", "", new("a fragment that came twice", "two paths, or a duplicated address")),
    ];

    private static readonly List<(string Reason, string Function, DropMeaning Meaning)> s_transportAndDevices =
    [
        ("TCP_CSUM", "", new("the TCP checksum is wrong", "ethtool -K the VXLAN device tx off; podnet overlay status shows the checksum test")),
        ("UDP_CSUM", "", new("the UDP checksum is wrong", "ethtool -K the VXLAN device tx off; podnet overlay status shows the checksum test")),
        ("ICMP_CSUM", "", new("the ICMP checksum is wrong", "a capture at the sender")),
        ("SKB_CSUM", "", new("the checksum is wrong", "ethtool -k the devices on the way")),
        ("TCP_OLD_DATA", "", new("TCP data that was there already", "nothing is wrong", Ordinary: true)),
        ("TCP_OLD_ACK", "", new("an acknowledgement that was there already", "nothing is wrong", Ordinary: true)),
        ("TCP_OLD_SEQUENCE", "", new("a TCP segment from before", "nothing is wrong", Ordinary: true)),
        ("TCP_RESET", "", new("a reset did its work", "who reset: podnet capture", Ordinary: true)),
        ("TCP_INVALID_SEQUENCE", "", new("a TCP segment outside the window", "conntrack -S; a path that changed in mid connection")),
        ("TCP_INVALID_SYN", "", new("a SYN on a connection that is open", "an address or port used again too early")),
        ("TCP_CLOSE", "", new("a segment of a connection that is closed", "nothing is wrong", Ordinary: true)),
        ("TCP_ABORT_ON_DATA", "", new("data came for a socket its program has closed", "the program closes before it has read all")),
        ("TCP_LISTEN_OVERFLOW", "", new("the program accepts connections too slowly", "ss -ltn: Recv-Q at Send-Q")),
        ("LISTEN_OVERFLOW", "", new("the program accepts connections too slowly", "ss -ltn: Recv-Q at Send-Q")),
        ("SOCKET_RCVBUFF", "", new("the program reads too slowly: its receive buffer is full", "ss -um; nstat UdpRcvbufErrors")),
        ("PROTO_MEM", "", new("memory for sockets is exhausted", "sysctl net.ipv4.udp_mem, net.ipv4.tcp_mem")),
        ("SOCKET_FILTER", "", new("a socket's own filter did not want it", "nothing is wrong", Ordinary: true)),
        ("SOCKET_CLOSE", "", new("it waited in a socket that was closed", "nothing is wrong", Ordinary: true)),
        ("QDISC_DROP", "", new("the device's queue is full or shaped", "tc -s qdisc show dev the device")),
        ("QDISC_OVERLIMIT", "", new("the device's queue is full or shaped", "tc -s qdisc show dev the device")),
        ("CPU_BACKLOG", "", new("this CPU gets packets faster than it handles them", "/proc/net/softnet_stat; sysctl net.core.netdev_max_backlog")),
        ("DEV_READY", "", new("the device is not up", "ip link show")),
        ("FULL_RING", "", new("the device's ring is full", "ip -s link show")),
        ("TC_EGRESS", "", new("a traffic control filter dropped it on the way out", "tc filter show dev the device egress")),
        ("TC_INGRESS", "", new("a traffic control filter dropped it on the way in", "tc filter show dev the device ingress")),
        ("BPF_CGROUP_EGRESS", "", new("a BPF program of the cgroup dropped it", "bpftool cgroup tree")),
        ("XDP", "", new("an XDP program dropped it", "ip link show: xdp")),
        ("UNHANDLED_PROTO", "", new("a protocol nobody here handles", "the EtherType; a bridge port's neighbour speaks something else", Ordinary: true)),
        ("IPV6_NDISC_FRAG", "", new("a fragmented neighbour discovery message", "who sends it", Ordinary: true)),
        ("IPV6DISABLED", "", new("IPv6 is off on this device", "sysctl net.ipv6.conf.DEVICE.disable_ipv6")),
        ("UNICAST_IN_L2_MULTICAST", "", new("a unicast packet in a multicast frame", "a bridge that floods")),
        ("BRIDGE_INGRESS_STP_STATE", "", new("the bridge's port does not forward yet", "bridge link show: state")),
        ("MAC_INVALID_SOURCE", "", new("a frame whose source MAC may not be", "a capture at the sender; the tunnel sees its own MAC come back")),
        ("NOT_SPECIFIED", "br_handle_frame_finish", new("a pod's packet to itself through a service, and the bridge does not send back where it came from", "bridge -d link show: hairpin must be on")),
        ("NOT_SPECIFIED", "br_handle_frame", new("the bridge's port does not take it", "bridge -d link show: state, isolation")),
        ("NOT_SPECIFIED", "__dev_forward_skb2", new("larger than the MTU of the other end, or that end is down", "ip link show at both ends of the cable")),
        ("NOT_SPECIFIED", "veth_xmit", new("the other end of the cable is gone or down", "ip link show at both ends")),
        ("NOT_SPECIFIED", "ip_error", new("no way to this destination; a route says unreachable, blackhole or prohibit", "ip route get the destination")),
        ("NOT_SPECIFIED", "ip6_pkt_drop", new("no way to this destination", "ip -6 route get the destination")),
        ("NOT_SPECIFIED", "ip_fragment", new("it may not be fragmented", "the route's MTU: ip route get the destination")),
        ("NOT_SPECIFIED", "ip_forward", new("it may not be forwarded: TTL, MTU or a source route", "sysctl net.ipv4.ip_forward; ip link show")),
        ("NOT_SPECIFIED", "arp_process", new("an ARP message that was handled", "nothing is wrong", Ordinary: true)),
        ("NOT_SPECIFIED", "ip6_mc_input", new("multicast that nobody here wants", "nothing is wrong", Ordinary: true)),
        ("NOT_SPECIFIED", "ip_mr_input", new("multicast without a router", "nothing is wrong", Ordinary: true)),
        ("IP_MULTICAST", "", new("multicast that nobody here wants", "nothing is wrong", Ordinary: true)),
    ];

    private static readonly DropMeaning s_unknown = new("the kernel gives no further reason", "the function's name in the kernel's source");

    /// <summary>The meaning of a reason (without SKB_DROP_REASON_) in a function.</summary>
    public static DropMeaning Of(string reason, string function)
    {
        DropMeaning? general = null;
        foreach (var (name, place, meaning) in s_network.Concat(s_transportAndDevices))
        {
            if (name == reason && place == function)
                return meaning;
            if (name == reason && place.Length == 0)
                general = meaning;
        }

        return general ?? s_unknown;
    }

    /// <summary>Every reason that has words, for tests that ask whether the kernel knows them.</summary>
    public static IEnumerable<string> Reasons => s_network.Concat(s_transportAndDevices).Select(rule => rule.Reason).Distinct();
}
