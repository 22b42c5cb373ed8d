using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using SharpPcap.LibPcap;

namespace Network.Capture;

/// <summary>
/// Filter expressions (pcap-filter(7)), with the offsets written out that look inside a VXLAN packet: libpcap knows the
/// word vxlan from 1.11 on only. Offsets count from the UDP header (RFC 7348, section 5):
/// <code>
///   0 UDP   8 VXLAN flags   12 VNI, reserved   16 inner Ethernet   28 inner type   30 inner IPv4: source 42, destination 46
/// </code>
/// </summary>
public static class CaptureFilter
{
    /// <summary>IANA's port for VXLAN.</summary>
    public const int VxlanPort = 4789;

    public const int MaxVni = 0xffffff;

    /// <summary>The expression that asks for all of: the words, a host plain or inside VXLAN, a VXLAN network.</summary>
    public static string Build(string words, IPAddress? innerHost = null, int? vni = null)
    {
        // Alone, because parentheses around it could turn a broken expression into a valid one.
        Check(words);
        var parts = new List<string>();
        if (!string.IsNullOrWhiteSpace(words))
            parts.Add(words.Trim());
        if (vni is { } network)
            parts.Add(Network(network));
        if (innerHost is not null)
            parts.Add(InnerHost(innerHost));
        return parts.Count == 1 ? parts[0] : string.Join(" and ", parts.Select(part => $"({part})"));
    }

    /// <summary>Throws with libpcap's words when the expression cannot be compiled for Ethernet.</summary>
    public static void Check(string expression)
    {
        if (string.IsNullOrWhiteSpace(expression))
            return;
        LibPcap.Require();
        // Directions compile for an open device only; opening judges them.
        if (!PcapDevice.CheckFilter(expression, out var problem) && problem?.Contains("inbound", StringComparison.Ordinal) != true)
            throw Invalid(expression, problem ?? "not valid");
    }

    internal static CaptureException Invalid(string expression, string problem) =>
        new($"filter \"{expression}\": {problem}; write it as tcpdump takes it, such as \"udp port 53\" (pcap-filter(7))");

    private static string Network(int vni) => vni is >= 0 and <= MaxVni
        ? $"udp dst port {VxlanPort} and udp[12:4] & 0xffffff00 = 0x{vni << 8:x8}"
        : throw new CaptureException($"vni {vni} is out of range; use 0 to {MaxVni}");

    private static string InnerHost(IPAddress host)
    {
        if (host.AddressFamily != AddressFamily.InterNetwork)
            throw new CaptureException($"inner host {host} is not an IPv4 address; write it as 10.244.1.2");
        var value = $"0x{BinaryPrimitives.ReadUInt32BigEndian(host.GetAddressBytes()):x8}";
        return $"host {host} or (udp dst port {VxlanPort} and ("
            + $"(udp[28:2] = 0x0800 and (udp[42:4] = {value} or udp[46:4] = {value})) or "
            + $"(udp[28:2] = 0x0806 and (udp[44:4] = {value} or udp[54:4] = {value}))))";
    }
}
