using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using Network.Netlink;

namespace Network.Cni.Protocol;

/// <summary>An IPv4 pod network: its first address is the gateway, the others are for pods.</summary>
internal readonly record struct Subnet(uint Base, int PrefixLength)
{
    internal uint Gateway => Base + 1;

    internal uint First => Base + 2;

    /// <summary>The last before the broadcast address.</summary>
    internal uint Last => (Base | (uint.MaxValue >> PrefixLength)) - 1;

    internal static bool TryParse([NotNullWhen(true)] string? text, out Subnet subnet)
    {
        subnet = default;
        if (text is null || !IPNetwork.TryParse(text, out var network) || network.BaseAddress.AddressFamily != AddressFamily.InterNetwork
            || network.PrefixLength is < 8 or > 29
            // Host bits would be dropped silently, and two nodes could believe in different networks.
            || network.ToString() != text)
            return false;
        subnet = new Subnet(ToNumber(network.BaseAddress), network.PrefixLength);
        return true;
    }

    internal static bool TryParseAddress([NotNullWhen(true)] string? text, out uint address)
    {
        address = 0;
        if (!IPAddress.TryParse(text, out var parsed) || parsed.AddressFamily != AddressFamily.InterNetwork)
            return false;
        address = ToNumber(parsed);
        return true;
    }

    internal static IPAddress ToAddress(uint number) =>
        new([(byte)(number >> 24), (byte)(number >> 16), (byte)(number >> 8), (byte)number]);

    /// <summary>0a:58 and the address: the same address always has the same MAC, so no neighbour entry goes stale when it is reused.</summary>
    internal static MacAddress MacOf(uint number) =>
        MacAddress.FromBytes([0x0a, 0x58, (byte)(number >> 24), (byte)(number >> 16), (byte)(number >> 8), (byte)number]);

    private static uint ToNumber(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[4];
        address.TryWriteBytes(bytes, out _);
        return System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(bytes);
    }
}
