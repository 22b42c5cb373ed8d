using System.Runtime.InteropServices;

namespace Network.Netlink.Interop;

// Native layouts, native names. A test compiles each size and offset against the kernel headers.

/// <summary>linux/netlink.h</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct sockaddr_nl
{
    internal ushort nl_family;
    internal ushort nl_pad;
    internal uint nl_pid;
    internal uint nl_groups;
}

/// <summary>linux/netlink.h</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct nlmsghdr
{
    internal uint nlmsg_len;
    internal ushort nlmsg_type;
    internal ushort nlmsg_flags;
    internal uint nlmsg_seq;
    internal uint nlmsg_pid;
}

/// <summary>linux/netlink.h</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct nlattr
{
    internal ushort nla_len;
    internal ushort nla_type;
}

/// <summary>linux/rtnetlink.h</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct ifinfomsg
{
    internal byte ifi_family;
    internal byte __ifi_pad;
    internal ushort ifi_type;
    internal int ifi_index;
    internal uint ifi_flags;
    internal uint ifi_change;
}

/// <summary>linux/if_addr.h</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct ifaddrmsg
{
    internal byte ifa_family;
    internal byte ifa_prefixlen;
    internal byte ifa_flags;
    internal byte ifa_scope;
    internal uint ifa_index;
}

/// <summary>linux/rtnetlink.h</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct rtmsg
{
    internal byte rtm_family;
    internal byte rtm_dst_len;
    internal byte rtm_src_len;
    internal byte rtm_tos;
    internal byte rtm_table;
    internal byte rtm_protocol;
    internal byte rtm_scope;
    internal byte rtm_type;
    internal uint rtm_flags;
}

/// <summary>linux/rtnetlink.h: one of several next hops; attributes follow within its length.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct rtnexthop
{
    internal ushort rtnh_len;
    internal byte rtnh_flags;
    internal byte rtnh_hops;
    internal int rtnh_ifindex;
}

/// <summary>linux/neighbour.h</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct ndmsg
{
    internal byte ndm_family;
    internal byte ndm_pad1;
    internal ushort ndm_pad2;
    internal int ndm_ifindex;
    internal ushort ndm_state;
    internal byte ndm_flags;
    internal byte ndm_type;
}

/// <summary>poll.h</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct pollfd
{
    internal int fd;
    internal short events;
    internal short revents;
}

/// <summary>linux/rtnetlink.h</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct tcmsg
{
    internal byte tcm_family;
    internal byte tcm__pad1;
    internal ushort tcm__pad2;
    internal int tcm_ifindex;
    internal uint tcm_handle;
    internal uint tcm_parent;
    internal uint tcm_info;
}

/// <summary>linux/pkt_sched.h</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct tc_ratespec
{
    internal byte cell_log;
    internal byte linklayer;
    internal ushort overhead;
    internal short cell_align;
    internal ushort mpu;
    internal uint rate;
}

/// <summary>linux/pkt_sched.h</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct tc_tbf_qopt
{
    internal tc_ratespec rate;
    internal tc_ratespec peakrate;
    internal uint limit;
    internal uint buffer;
    internal uint mtu;
}

/// <summary>linux/pkt_cls.h</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct tc_u32_key
{
    internal uint mask;
    internal uint val;
    internal int off;
    internal int offmask;
}

/// <summary>linux/pkt_cls.h; keys follow</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct tc_u32_sel
{
    internal byte flags;
    internal byte offshift;
    internal byte nkeys;
    internal ushort offmask;
    internal ushort off;
    internal short offoff;
    internal short hoff;
    internal uint hmask;
}

/// <summary>linux/tc_act/tc_mirred.h</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct tc_mirred
{
    internal uint index;
    internal uint capab;
    internal int action;
    internal int refcnt;
    internal int bindcnt;
    internal int eaction;
    internal uint ifindex;
}

/// <summary>linux/genetlink.h</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct genlmsghdr
{
    internal byte cmd;
    internal byte version;
    internal ushort reserved;
}
