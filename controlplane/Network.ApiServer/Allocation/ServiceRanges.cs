using System.Net;

namespace Network.ApiServer.Allocation;

/// <summary>What services may be given.</summary>
internal sealed record ServiceRanges(IPNetwork Addresses, int FirstNodePort, int LastNodePort)
{
    private const int MaxOffset = 1 << 20;

    /// <summary>Usable addresses: not the network itself, not IPv4's broadcast address; huge IPv6 ranges count as a million.</summary>
    public int Count
    {
        get
        {
            var bits = (Addresses.BaseAddress.GetAddressBytes().Length * 8) - Addresses.PrefixLength;
            return bits >= 20 ? MaxOffset - 2 : Math.Max((1 << bits) - 2, 1);
        }
    }

    /// <summary>The address of the API server's own service.</summary>
    public IPAddress First => At(0);

    public bool Contains(IPAddress address) => Addresses.Contains(address) && !address.Equals(Addresses.BaseAddress);

    public IPAddress At(int index)
    {
        var bytes = Addresses.BaseAddress.GetAddressBytes();
        var carry = index + 1;
        for (var i = bytes.Length - 1; i >= 0 && carry > 0; i--)
        {
            carry += bytes[i];
            bytes[i] = (byte)carry;
            carry >>= 8;
        }

        return new IPAddress(bytes);
    }
}
