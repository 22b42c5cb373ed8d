using System.Buffers.Binary;
using System.Text;
using Network.Netlink;

namespace Network.Cni.Protocol;

/// <summary>One container's interface: what ADD, CHECK and DEL are about.</summary>
/// <param name="NetNs">Path of the container's namespace; empty when it is gone.</param>
/// <param name="Alias">Who it is, for the host side device.</param>
internal sealed record Attachment(string ContainerId, string IfName, string NetNs, string Alias)
{
    internal bool AllowOwnNetNs { get; init; }

    /// <summary>Follows from the attachment alone, so DEL finds the device without any state.</summary>
    internal string HostName => HostNameOf(ContainerId, IfName);

    internal MacAddress HostMac
    {
        get
        {
            Span<byte> bytes = stackalloc byte[8];
            BinaryPrimitives.WriteUInt64BigEndian(bytes, Hash(ContainerId, IfName));
            bytes[2] = (byte)((bytes[2] & 0xfc) | 0x02);
            return MacAddress.FromBytes(bytes[2..]);
        }
    }

    internal static string HostNameOf(string containerId, string ifName) => $"v{Hash(containerId, ifName) & 0xff_ffff_ffff:x10}";

    // FNV-1a with a final mix: names only have to be spread, and a cryptographic hash would load OpenSSL (10 ms).
    private static ulong Hash(string containerId, string ifName)
    {
        var hash = 14695981039346656037UL;
        foreach (var b in Encoding.UTF8.GetBytes($"{containerId}/{ifName}"))
            hash = (hash ^ b) * 1099511628211UL;
        hash = (hash ^ (hash >> 33)) * 0xff51afd7ed558ccdUL;
        return hash ^ (hash >> 33);
    }
}
