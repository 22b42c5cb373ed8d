namespace Network.Netlink.Interop;

// Native names and values by header; a test compiles each of them against the kernel headers.

/// <summary>sys/socket.h, poll.h, linux/netlink.h</summary>
internal static class NetlinkH
{
    internal const int AF_UNSPEC = 0, AF_INET = 2, AF_BRIDGE = 7, AF_INET6 = 10, AF_NETLINK = 16;
    internal const int SOCK_RAW = 3, SOCK_CLOEXEC = 0x80000;
    internal const int SOL_SOCKET = 1, SO_SNDBUF = 7, SO_RCVBUF = 8, SO_RCVTIMEO = 20, SO_SNDBUFFORCE = 32, SO_RCVBUFFORCE = 33;
    internal const int MSG_TRUNC = 0x20, MSG_DONTWAIT = 0x40;
    internal const int POLLIN = 1;
    internal const int NETLINK_ROUTE = 0;
    internal const int SOL_NETLINK = 270, NETLINK_ADD_MEMBERSHIP = 1, NETLINK_CAP_ACK = 10, NETLINK_EXT_ACK = 11, NETLINK_GET_STRICT_CHK = 12;
    internal const ushort NLMSG_NOOP = 1, NLMSG_ERROR = 2, NLMSG_DONE = 3, NLMSG_OVERRUN = 4;
    internal const ushort NLM_F_REQUEST = 1, NLM_F_MULTI = 2, NLM_F_ACK = 4, NLM_F_ECHO = 8, NLM_F_DUMP_INTR = 0x10,
        NLM_F_REPLACE = 0x100, NLM_F_EXCL = 0x200, NLM_F_CREATE = 0x400, NLM_F_APPEND = 0x800, NLM_F_DUMP = 0x300,
        NLM_F_CAPPED = 0x100, NLM_F_ACK_TLVS = 0x200;
    internal const ushort NLMSGERR_ATTR_MSG = 1, NLMSGERR_ATTR_OFFS = 2;
    internal const ushort NLA_F_NESTED = 0x8000, NLA_F_NET_BYTEORDER = 0x4000;
}

/// <summary>linux/rtnetlink.h</summary>
internal static class RtnetlinkH
{
    internal const ushort RTM_NEWLINK = 16, RTM_DELLINK = 17, RTM_GETLINK = 18, RTM_SETLINK = 19,
        RTM_NEWADDR = 20, RTM_DELADDR = 21, RTM_GETADDR = 22,
        RTM_NEWROUTE = 24, RTM_DELROUTE = 25, RTM_GETROUTE = 26,
        RTM_NEWNEIGH = 28, RTM_DELNEIGH = 29, RTM_GETNEIGH = 30,
        RTM_NEWQDISC = 36, RTM_DELQDISC = 37, RTM_GETQDISC = 38, RTM_NEWTFILTER = 44;

    internal const uint RTNLGRP_LINK = 1, RTNLGRP_NEIGH = 3, RTNLGRP_IPV4_IFADDR = 5, RTNLGRP_IPV4_ROUTE = 7,
        RTNLGRP_IPV6_IFADDR = 9, RTNLGRP_IPV6_ROUTE = 11;

    internal const ushort RTA_DST = 1, RTA_OIF = 4, RTA_GATEWAY = 5, RTA_PRIORITY = 6, RTA_PREFSRC = 7, RTA_METRICS = 8, RTA_MULTIPATH = 9, RTA_TABLE = 15;
    internal const ushort RTAX_MTU = 2, RTAX_ADVMSS = 8;
    internal const byte RT_SCOPE_UNIVERSE = 0, RT_SCOPE_LINK = 253, RT_SCOPE_HOST = 254, RT_SCOPE_NOWHERE = 255;
    internal const byte RTN_UNICAST = 1, RTN_LOCAL = 2, RTN_BLACKHOLE = 6;
    internal const byte RTPROT_KERNEL = 2, RTPROT_BOOT = 3, RTPROT_STATIC = 4;
    internal const uint RT_TABLE_UNSPEC = 0, RT_TABLE_MAIN = 254, RT_TABLE_LOCAL = 255;
    internal const uint RTNH_F_ONLINK = 4, RTM_F_CLONED = 0x200;
    internal const uint RTEXT_FILTER_SKIP_STATS = 8;
}

/// <summary>linux/if_link.h, linux/if.h, linux/ip.h, linux/veth.h, linux/if_bridge.h</summary>
internal static class IfLinkH
{
    internal const uint IFF_UP = 1, IFF_BROADCAST = 2, IFF_LOOPBACK = 8, IFF_RUNNING = 0x40, IFF_NOARP = 0x80, IFF_PROMISC = 0x100;
    internal const int IFNAMSIZ = 16, IFALIASZ = 256;

    internal const ushort IFLA_ADDRESS = 1, IFLA_IFNAME = 3, IFLA_MTU = 4, IFLA_LINK = 5, IFLA_MASTER = 10, IFLA_PROTINFO = 12,
        IFLA_OPERSTATE = 16, IFLA_LINKINFO = 18, IFLA_NET_NS_PID = 19, IFLA_IFALIAS = 20, IFLA_AF_SPEC = 26, IFLA_GROUP = 27, IFLA_NET_NS_FD = 28,
        IFLA_EXT_MASK = 29, IFLA_LINK_NETNSID = 37;

    internal const ushort IFLA_INFO_KIND = 1, IFLA_INFO_DATA = 2, IFLA_INFO_SLAVE_KIND = 4, IFLA_INFO_SLAVE_DATA = 5;
    internal const ushort VETH_INFO_PEER = 1;

    internal const ushort IFLA_VXLAN_ID = 1, IFLA_VXLAN_LINK = 3, IFLA_VXLAN_LOCAL = 4, IFLA_VXLAN_TTL = 5, IFLA_VXLAN_LEARNING = 7,
        IFLA_VXLAN_L2MISS = 13, IFLA_VXLAN_L3MISS = 14, IFLA_VXLAN_PORT = 15, IFLA_VXLAN_LOCAL6 = 17, IFLA_VXLAN_UDP_CSUM = 18;

    internal const ushort IFLA_BRPORT_MODE = 4, IFLA_BRPORT_LEARNING = 8, IFLA_BRPORT_ISOLATED = 33, IFLA_BRPORT_LOCKED = 39;
    internal const ushort IFLA_BR_STP_STATE = 5, IFLA_BR_MCAST_SNOOPING = 23;
    internal const ushort IFLA_INET_CONF = 1, IPV4_DEVCONF_ARP_NOTIFY = 22, IFLA_INET6_ADDR_GEN_MODE = 8;
    internal const byte IN6_ADDR_GEN_MODE_EUI64 = 0, IN6_ADDR_GEN_MODE_NONE = 1;
}

/// <summary>linux/if_addr.h</summary>
internal static class IfAddrH
{
    internal const ushort IFA_ADDRESS = 1, IFA_LOCAL = 2, IFA_BROADCAST = 4, IFA_FLAGS = 8;
    internal const uint IFA_F_NODAD = 2, IFA_F_DADFAILED = 8, IFA_F_TENTATIVE = 0x40, IFA_F_PERMANENT = 0x80, IFA_F_DEPRECATED = 0x20, IFA_F_TEMPORARY = 1;
}

/// <summary>linux/neighbour.h</summary>
internal static class NeighbourH
{
    internal const ushort NDA_DST = 1, NDA_LLADDR = 2, NDA_VLAN = 5, NDA_PORT = 6, NDA_VNI = 7, NDA_IFINDEX = 8, NDA_MASTER = 9;
    internal const byte NTF_SELF = 2, NTF_MASTER = 4, NTF_EXT_LEARNED = 16, NTF_ROUTER = 128;
    internal const ushort NUD_INCOMPLETE = 1, NUD_REACHABLE = 2, NUD_STALE = 4, NUD_DELAY = 8, NUD_PROBE = 16, NUD_FAILED = 32,
        NUD_NOARP = 64, NUD_PERMANENT = 128;
}

/// <summary>linux/pkt_sched.h, linux/pkt_cls.h, linux/tc_act/tc_mirred.h</summary>
internal static class TrafficControlH
{
    internal const uint TC_H_ROOT = 0xFFFFFFFF, TC_H_INGRESS = 0xFFFFFFF1;
    internal const ushort TCA_KIND = 1, TCA_OPTIONS = 2;
    internal const ushort TCA_TBF_PARMS = 1, TCA_TBF_RATE64 = 4, TCA_TBF_BURST = 6;
    internal const ushort TCA_U32_SEL = 5, TCA_U32_ACT = 7, TCA_ACT_KIND = 1, TCA_ACT_OPTIONS = 2, TCA_MIRRED_PARMS = 2;
    internal const byte TC_U32_TERMINAL = 1, TC_LINKLAYER_ETHERNET = 1;
    internal const int TCA_EGRESS_REDIR = 1, TC_ACT_STOLEN = 4;
}

/// <summary>linux/netlink.h, linux/genetlink.h</summary>
internal static class GenericH
{
    internal const int NETLINK_GENERIC = 16;
    internal const ushort GENL_ID_CTRL = 16;
    internal const byte CTRL_CMD_GETFAMILY = 3;
    internal const ushort CTRL_ATTR_FAMILY_ID = 1, CTRL_ATTR_FAMILY_NAME = 2;
}

/// <summary>linux/ethtool_netlink.h</summary>
internal static class EthtoolH
{
    internal const byte ETHTOOL_MSG_FEATURES_GET = 11, ETHTOOL_MSG_FEATURES_SET = 12;
    internal const ushort ETHTOOL_A_HEADER_DEV_INDEX = 1;
    internal const ushort ETHTOOL_A_FEATURES_HEADER = 1, ETHTOOL_A_FEATURES_WANTED = 3, ETHTOOL_A_FEATURES_ACTIVE = 4;
    internal const ushort ETHTOOL_A_BITSET_BITS = 3, ETHTOOL_A_BITSET_BITS_BIT = 1, ETHTOOL_A_BITSET_BIT_NAME = 2, ETHTOOL_A_BITSET_BIT_VALUE = 3;
}

/// <summary>linux/wireguard.h</summary>
internal static class WireGuardH
{
    internal const byte WG_CMD_GET_DEVICE = 0, WG_CMD_SET_DEVICE = 1;
    internal const ushort WGDEVICE_A_IFNAME = 2, WGDEVICE_A_PRIVATE_KEY = 3, WGDEVICE_A_PUBLIC_KEY = 4, WGDEVICE_A_LISTEN_PORT = 6, WGDEVICE_A_PEERS = 8;
    internal const ushort WGPEER_A_PUBLIC_KEY = 1, WGPEER_A_FLAGS = 3, WGPEER_A_ENDPOINT = 4, WGPEER_A_RX_BYTES = 7, WGPEER_A_TX_BYTES = 8, WGPEER_A_ALLOWEDIPS = 9;
    internal const uint WGPEER_F_REMOVE_ME = 1, WGPEER_F_REPLACE_ALLOWEDIPS = 2;
    internal const ushort WGALLOWEDIP_A_FAMILY = 1, WGALLOWEDIP_A_IPADDR = 2, WGALLOWEDIP_A_CIDR_MASK = 3;
    internal const int WG_KEY_LEN = 32;
}
