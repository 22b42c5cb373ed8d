using Network.Netlink.Interop;
using Network.Netlink.Protocol;

namespace Network.Netlink;

/// <summary>What a device does by itself (ethtool -k): checksums, segmentation. By the kernel's names, such as <c>tx-checksum-ip-generic</c>.</summary>
public sealed class DeviceFeatures(GenericSocket socket)
{
    private const string Family = "ethtool";

    /// <summary>Computes checksums of any protocol for the sender.</summary>
    public const string TransmitChecksum = "tx-checksum-ip-generic";

    /// <summary>Names of the features that are on.</summary>
    public IReadOnlySet<string> Active(int linkIndex)
    {
        var request = new NetlinkBatch();
        using (var message = GenericSocket.Begin(request, socket.Family(Family), EthtoolH.ETHTOOL_MSG_FEATURES_GET, $"read features of link #{linkIndex}"))
            WriteHeader(message, linkIndex);
        return socket.Socket.TryGet<HashSet<string>>(request, TryParse, out var active) ? active : new HashSet<string>();
    }

    /// <summary>Turns a feature on or off; the kernel does what the device can.</summary>
    public void Set(int linkIndex, string feature, bool on)
    {
        var request = new NetlinkBatch();
        using (var message = GenericSocket.Begin(request, socket.Family(Family), EthtoolH.ETHTOOL_MSG_FEATURES_SET, $"set {feature} of link #{linkIndex}"))
        {
            WriteHeader(message, linkIndex);
            using (message.Nest(EthtoolH.ETHTOOL_A_FEATURES_WANTED))
            using (message.Nest(EthtoolH.ETHTOOL_A_BITSET_BITS))
            using (message.Nest(EthtoolH.ETHTOOL_A_BITSET_BITS_BIT))
            {
                message.Put(EthtoolH.ETHTOOL_A_BITSET_BIT_NAME, feature);
                if (on)
                    message.PutFlag(EthtoolH.ETHTOOL_A_BITSET_BIT_VALUE);
            }
        }

        socket.Socket.Execute(request);
    }

    internal static bool TryParse(NetlinkMessage message, out HashSet<string> active)
    {
        active = new HashSet<string>(StringComparer.Ordinal);
        if (!message.TryReadHeader(out genlmsghdr _, out var attributes))
            return false;
        while (attributes.TryNext(out var attribute))
        {
            if (attribute.Type == EthtoolH.ETHTOOL_A_FEATURES_ACTIVE)
                TakeBits(attribute.Nested, active);
        }

        return !attributes.Malformed;
    }

    private static void TakeBits(AttributeReader set, HashSet<string> names)
    {
        while (set.TryNext(out var attribute))
        {
            if (attribute.Type != EthtoolH.ETHTOOL_A_BITSET_BITS)
                continue;
            var bits = attribute.Nested;
            while (bits.TryNext(out var bit))
                TakeBit(bit.Nested, names);
        }
    }

    // A list of what is on (no mask), or name and value.
    private static void TakeBit(AttributeReader bit, HashSet<string> names)
    {
        while (bit.TryNext(out var attribute))
        {
            if (attribute.Type == EthtoolH.ETHTOOL_A_BITSET_BIT_NAME)
                names.Add(attribute.GetText());
        }
    }

    private static void WriteHeader(NetlinkWriter message, int linkIndex)
    {
        using (message.Nest(EthtoolH.ETHTOOL_A_FEATURES_HEADER))
            message.Put(EthtoolH.ETHTOOL_A_HEADER_DEV_INDEX, linkIndex);
    }
}
