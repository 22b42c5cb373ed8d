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

    /// <summary>The device whose queue shapes what the pod sends.</summary>
    internal string ShaperName => $"s{HostName[1..]}";

    internal MacAddress HostMac => MacOf(ContainerId, IfName);

    /// <summary>A locally administered address that follows from two names.</summary>
    internal static MacAddress MacOf(string first, string second)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, Hash(first, second));
        bytes[2] = (byte)((bytes[2] & 0xfc) | 0x02);
        return MacAddress.FromBytes(bytes[2..]);
    }

    /// <summary>Whether a device could be the host end of some attachment.</summary>
    internal static bool IsHostName(string device) => device.Length == 11 && device[0] == 'v' && device.AsSpan(1).IndexOfAnyExcept("0123456789abcdef") < 0;

    public override string ToString() => $"container {ContainerId} interface {IfName}";

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
