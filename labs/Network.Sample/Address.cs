using System.Net;

namespace Network.Sample;

/// <summary>Addresses the way the other side knows them: an IPv4 address is shown as one, also on a dual-stack socket.</summary>
internal static class Address
{
    internal static string Of(IPEndPoint endpoint)
    {
        var address = endpoint.Address.IsIPv4MappedToIPv6 ? endpoint.Address.MapToIPv4() : endpoint.Address;
        return new IPEndPoint(address, endpoint.Port).ToString();
    }
}
