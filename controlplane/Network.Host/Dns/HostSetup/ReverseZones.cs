using System.Net;
using System.Net.Sockets;

namespace Network.Host.Dns.HostSetup;

/// <summary>
/// The reverse zones that hold a range of addresses and nothing else: a zone larger than the range would take names of
/// other networks of the host away from their own servers. At most 128 of the 256 domains a link can have. Pure.
/// </summary>
internal static class ReverseZones
{
    internal static IReadOnlyList<string> Of(IPNetwork range)
    {
        // Names divide addresses by whole bytes (RFC 1035 section 3.5) or half bytes (RFC 3596 section 2.5).
        var perLabel = range.BaseAddress.AddressFamily == AddressFamily.InterNetwork ? 8 : 4;
        var whole = range.PrefixLength / perLabel;
        var rest = range.PrefixLength % perLabel;
        var labels = Labels(range.BaseAddress);
        if (rest == 0)
            return whole == 0 ? [] : [Name(labels.Take(whole), perLabel)];
        return Enumerable.Range(labels[whole], 1 << (perLabel - rest)).Select(last => Name([.. labels.Take(whole), last], perLabel)).ToList();
    }

    // From the first label of the address on, one number for each.
    private static int[] Labels(IPAddress address)
    {
        var bytes = address.GetAddressBytes();
        return address.AddressFamily == AddressFamily.InterNetwork
            ? bytes.Select(value => (int)value).ToArray()
            : bytes.SelectMany(value => (int[])[value >> 4, value & 15]).ToArray();
    }

    private static string Name(IEnumerable<int> labels, int perLabel) => perLabel == 8
        ? $"{string.Join('.', labels.Reverse())}.in-addr.arpa"
        : $"{string.Join('.', labels.Reverse().Select(nibble => nibble.ToString("x", System.Globalization.CultureInfo.InvariantCulture)))}.ip6.arpa";
}
