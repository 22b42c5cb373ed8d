using Network.Netlink.Interop;

namespace Network.Netlink.Netfilter;

/// <summary>Which packets the tables of a family see.</summary>
public enum NftFamily : byte
{
    Inet = NetfilterH.NFPROTO_INET,
    Ip = NetfilterH.NFPROTO_IPV4,
    Arp = NetfilterH.NFPROTO_ARP,
    NetDev = NetfilterH.NFPROTO_NETDEV,
    Bridge = NetfilterH.NFPROTO_BRIDGE,
    Ip6 = NetfilterH.NFPROTO_IPV6,
}
