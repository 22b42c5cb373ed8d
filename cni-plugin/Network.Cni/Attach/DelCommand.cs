using Network.Cni.Ipam;
using Network.Cni.Protocol;
using Network.Linux;
using Network.Netlink;

namespace Network.Cni.Attach;

/// <summary>
/// DEL: the host end by its derived name (the kernel removes the pair), then the address. Needs neither the namespace
/// nor a previous result, and is content when there is nothing.
/// </summary>
internal static class DelCommand
{
    internal static void Run(Attachment attachment, NetworkConfig config)
    {
        using (var node = RouteSocket.Open())
            DeleteLink(node, attachment.HostName);
        using var pool = AddressPool.Open(config);
        pool.Release(attachment);
    }

    internal static void DeleteLink(RouteSocket node, string hostName)
    {
        try
        {
            node.Execute(batch => batch.LinkDelete(hostName));
        }
        catch (LinuxException e) when (e.Errno == Errno.ENODEV)
        {
            // Gone already: with its namespace, or by an earlier DEL.
        }
    }
}
