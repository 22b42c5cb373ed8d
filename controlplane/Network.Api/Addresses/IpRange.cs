using System.Net;

namespace Network.Api.Addresses;

/// <summary>Ranges of addresses as people write them.</summary>
public static class IpRange
{
    /// <summary>
    /// Reads address/prefix. One with bits behind the prefix is refused: the parser of .NET takes them away in silence, and then two
    /// readers may believe in different ranges.
    /// </summary>
    public static bool TryParse(string text, out IPNetwork range) => IPNetwork.TryParse(text, out range)
        && IPAddress.TryParse(text.AsSpan(0, text.IndexOf('/', StringComparison.Ordinal)), out var address) && address.Equals(range.BaseAddress);
}
