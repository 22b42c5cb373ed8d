using System.Buffers.Binary;
using System.Net;

namespace Network.Dns.Wire;

/// <summary>An address as a number, so that looking it up allocates nothing.</summary>
internal static class AddressKey
{
    internal static UInt128 Of(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        var plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        plain.TryWriteBytes(bytes, out var length);
        return Of(bytes[..length]);
    }

    /// <summary>An IPv4 address and an IPv6 one of the same number are told apart by bits no unicast address has.</summary>
    /// <param name="address">4 or 16 bytes.</param>
    internal static UInt128 Of(ReadOnlySpan<byte> address) => address.Length == 4
        ? ((UInt128)0xF << 124) | BinaryPrimitives.ReadUInt32BigEndian(address)
        : BinaryPrimitives.ReadUInt128BigEndian(address);
}
