using Network.Linux;
using Network.Netlink.Interop;
using Network.Netlink.Protocol;
using Network.Netlink.Transport;

namespace Network.Netlink;

/// <summary>Generic netlink: families that the kernel numbers when it loads them, found by name.</summary>
public sealed class GenericSocket : IDisposable
{
    private readonly NetlinkSocket _socket;
    private readonly Dictionary<string, ushort> _families = new(StringComparer.Ordinal);

    /// <summary>Over a transport of the caller's: the in-memory one in tests.</summary>
    public GenericSocket(INetlinkTransport transport) => _socket = new NetlinkSocket(transport);

    private GenericSocket(NetlinkSocket socket) => _socket = socket;

    /// <param name="netNs">Namespace name or path; null means the calling thread's.</param>
    public static GenericSocket Open(string? netNs = null) => new(NetlinkSocket.Open(GenericH.NETLINK_GENERIC, netNs));

    /// <summary>The number of a family; 0 when this kernel has none of that name.</summary>
    public ushort FindFamily(string name)
    {
        if (_families.TryGetValue(name, out var known))
            return known;
        var request = new NetlinkBatch();
        using (var message = Begin(request, GenericH.GENL_ID_CTRL, GenericH.CTRL_CMD_GETFAMILY, $"find generic netlink family {name}"))
            message.Put(GenericH.CTRL_ATTR_FAMILY_NAME, name);
        try
        {
            _socket.TryGet<ushort>(request, TryParseFamily, out var id);
            return _families[name] = id;
        }
        catch (LinuxException e) when (e.Errno == Errno.ENOENT)
        {
            return 0;
        }
    }

    public void Dispose() => _socket.Dispose();

    internal NetlinkSocket Socket => _socket;

    /// <summary>The number of a family that must be there.</summary>
    internal ushort Family(string name) => FindFamily(name) is > 0 and var id
        ? id
        : throw new LinuxException($"find generic netlink family {name}", Errno.ENOENT, "this kernel lacks it; load or build the module");

    internal static NetlinkWriter Begin(NetlinkBatch batch, ushort family, byte command, string operation, ushort flags = 0)
    {
        var message = batch.Begin(family, (ushort)(NetlinkH.NLM_F_REQUEST | flags), operation);
        message.Header(new genlmsghdr { cmd = command, version = 1 });
        return message;
    }

    internal static bool TryParseFamily(NetlinkMessage message, out ushort id)
    {
        id = 0;
        if (!message.TryReadHeader(out genlmsghdr _, out var attributes))
            return false;
        while (attributes.TryNext(out var attribute))
        {
            if (attribute.Type == GenericH.CTRL_ATTR_FAMILY_ID && attribute.Value.Length == sizeof(ushort))
                id = System.Runtime.InteropServices.MemoryMarshal.Read<ushort>(attribute.Value);
        }

        return id != 0;
    }
}
