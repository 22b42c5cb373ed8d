using System.Net;
using System.Net.Sockets;
using Network.Dns.Plugins.Cluster;

namespace Network.Dns.Config;

/// <summary>A range of addresses written as a zone: 10.96.0.0/12 means the reverse zone that holds it.</summary>
internal static class ReverseZone
{
    /// <summary>The zone itself, unless it is a range.</summary>
    internal static string Of(string zone)
    {
        if (!zone.Contains('/') || !IPNetwork.TryParse(zone, out var range))
            return zone;
        // Names divide addresses by whole bytes (RFC 1035 3.5) or half bytes (RFC 3596 2.5): the next larger range counts.
        var perLabel = range.BaseAddress.AddressFamily == AddressFamily.InterNetwork ? 8 : 4;
        var bits = range.BaseAddress.AddressFamily == AddressFamily.InterNetwork ? 32 : 128;
        var labels = ReverseName.Of(range.BaseAddress).Split('.');
        return string.Join('.', labels.Skip((bits / perLabel) - (range.PrefixLength / perLabel)));
    }
}
