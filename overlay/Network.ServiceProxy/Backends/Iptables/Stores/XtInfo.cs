using System.Buffers.Binary;
using System.Net;
using System.Runtime.InteropServices;
using System.Text;
using Network.Netlink.Netfilter;

namespace Network.ServiceProxy.Backends.Iptables.Stores;

/// <summary>
/// The structures by which xtables' matches and targets are told what to do (include/uapi/linux/netfilter/xt_*.h), of the revisions that
/// iptables 1.8 writes. Numbers are in the machine's order unless said otherwise.
/// </summary>
internal static class XtInfo
{
    private const int CommentSize = 256, RecentNameSize = 200;

    // nf_nat.h: NF_NAT_RANGE_MAP_IPS, NF_NAT_RANGE_PROTO_SPECIFIED, NF_NAT_RANGE_PROTO_RANDOM_FULLY.
    private const uint MapAddresses = 1, MapPorts = 2, RandomFully = 16;

    /// <summary>xt_comment_info.</summary>
    internal static NftValue Comment(string text)
    {
        Span<byte> info = stackalloc byte[CommentSize];
        info.Clear();
        Encoding.UTF8.GetEncoder().Convert(text, info[..^1], flush: true, out _, out _, out _);
        return new NftValue(info);
    }

    /// <summary>xt_tcp: source ports, destination ports, flags.</summary>
    internal static NftValue Tcp(ushort? port) => Ports(port, size: 12);

    /// <summary>xt_udp: source ports, destination ports, inversion.</summary>
    internal static NftValue Udp(ushort? port) => Ports(port, size: 10);

    /// <summary>xt_sctp_info: destination ports, source ports, chunks, ..., which of them are looked at.</summary>
    internal static NftValue Sctp(ushort? port)
    {
        Span<byte> info = stackalloc byte[292];
        info.Clear();
        if (port is { } number)
        {
            MemoryMarshal.Write(info, number);
            MemoryMarshal.Write(info[2..], number);
            // XT_SCTP_DEST_PORTS
            MemoryMarshal.Write(info[284..], 2u);
        }

        return new NftValue(info);
    }

    /// <summary>xt_conntrack_mtinfo3 that asks for the state alone.</summary>
    /// <param name="states">Bits of xt_conntrack.h: 1 INVALID, then 2 shifted by ESTABLISHED, RELATED, NEW.</param>
    internal static NftValue ConntrackState(ushort states)
    {
        Span<byte> info = stackalloc byte[164];
        info.Clear();
        // match_flags (XT_CONNTRACK_STATE), state_mask.
        MemoryMarshal.Write(info[146..], (ushort)1);
        MemoryMarshal.Write(info[150..], states);
        return new NftValue(info);
    }

    /// <summary>xt_mark_mtinfo1.</summary>
    internal static NftValue MarkIs(uint value, uint mask, bool inverted)
    {
        Span<byte> info = stackalloc byte[12];
        info.Clear();
        MemoryMarshal.Write(info, value);
        MemoryMarshal.Write(info[4..], mask);
        info[8] = inverted ? (byte)1 : (byte)0;
        return new NftValue(info);
    }

    /// <summary>xt_mark_tginfo2: mark = mark AND NOT mask XOR value.</summary>
    internal static NftValue SetMark(uint value, uint mask)
    {
        Span<byte> info = stackalloc byte[8];
        MemoryMarshal.Write(info, value);
        MemoryMarshal.Write(info[4..], mask);
        return new NftValue(info);
    }

    /// <summary>xt_addrtype_info_v1 for an address of the node's own (XT_ADDRTYPE_LOCAL).</summary>
    internal static NftValue IsLocal(bool source)
    {
        Span<byte> info = stackalloc byte[8];
        info.Clear();
        MemoryMarshal.Write(info[(source ? 0 : 2)..], (ushort)4);
        return new NftValue(info);
    }

    /// <summary>xt_statistic_info, mode random; the kernel's pointer at its end stays empty.</summary>
    internal static NftValue Random(double probability)
    {
        Span<byte> info = stackalloc byte[24];
        info.Clear();
        MemoryMarshal.Write(info[4..], (uint)Math.Round(probability * 0x80000000L, MidpointRounding.AwayFromZero));
        return new NftValue(info);
    }

    /// <summary>xt_recent_mtinfo_v1 by the packet's source.</summary>
    /// <param name="flags">XT_RECENT_CHECK 1, XT_RECENT_SET 2, XT_RECENT_REAP 32.</param>
    internal static NftValue Recent(string name, byte flags, uint seconds, IPAddress mask)
    {
        Span<byte> info = stackalloc byte[228];
        info.Clear();
        MemoryMarshal.Write(info, seconds);
        info[8] = flags;
        Encoding.ASCII.GetBytes(name, info.Slice(10, RecentNameSize - 1));
        mask.TryWriteBytes(info[212..], out _);
        return new NftValue(info);
    }

    /// <summary>nf_nat_range2 of one address and port.</summary>
    internal static NftValue Destination(IPEndPoint to)
    {
        Span<byte> info = stackalloc byte[44];
        info.Clear();
        MemoryMarshal.Write(info, MapAddresses | MapPorts);
        to.Address.TryWriteBytes(info[4..], out _);
        to.Address.TryWriteBytes(info[20..], out _);
        BinaryPrimitives.WriteUInt16BigEndian(info[36..], (ushort)to.Port);
        BinaryPrimitives.WriteUInt16BigEndian(info[38..], (ushort)to.Port);
        return new NftValue(info);
    }

    /// <summary>MASQUERADE --random-fully: nf_nat_ipv4_multi_range_compat with one range, or nf_nat_range.</summary>
    internal static NftValue Masquerade(NftFamily family)
    {
        Span<byte> info = stackalloc byte[family == NftFamily.Ip ? 20 : 40];
        info.Clear();
        if (family == NftFamily.Ip)
            MemoryMarshal.Write(info, 1u);
        MemoryMarshal.Write(info[(family == NftFamily.Ip ? 4 : 0)..], RandomFully);
        return new NftValue(info);
    }

    /// <summary>ipt_reject_info or ip6t_reject_info: port unreachable.</summary>
    internal static NftValue PortUnreachable(NftFamily family)
    {
        Span<byte> info = stackalloc byte[4];
        MemoryMarshal.Write(info, family == NftFamily.Ip ? 3u : 4u);
        return new NftValue(info);
    }

    private static NftValue Ports(ushort? port, int size)
    {
        Span<byte> info = stackalloc byte[size];
        info.Clear();
        MemoryMarshal.Write(info[2..], ushort.MaxValue);
        MemoryMarshal.Write(info[4..], port ?? 0);
        MemoryMarshal.Write(info[6..], port ?? ushort.MaxValue);
        return new NftValue(info);
    }
}
