using Microsoft.Win32.SafeHandles;
using Network.Cni.Protocol;
using Network.Linux;
using Network.Netlink;

namespace Network.Cni.Types.Veth;

/// <summary>The container's namespace: a descriptor to give the kernel, and a route socket that lives inside.</summary>
internal sealed class PodNetNs : IDisposable
{
    private readonly string _path;

    private PodNetNs(string path, SafeFileHandle descriptor, RouteSocket route)
    {
        _path = path;
        Descriptor = descriptor;
        Route = route;
    }

    internal SafeFileHandle Descriptor { get; }

    internal RouteSocket Route { get; }

    internal static PodNetNs Open(Attachment attachment)
    {
        SafeFileHandle? descriptor = null;
        try
        {
            descriptor = FileDescriptor.Open(attachment.NetNs);
            var own = IdentityOfThread();
            var route = NetNs.Visit(descriptor, attachment.NetNs, () =>
            {
                // A runtime that passes its own namespace by mistake would have the node's network rebuilt.
                if (!attachment.AllowOwnNetNs && IdentityOfThread() == own)
                    throw new CniException(CniError.InvalidNetNs,
                        $"CNI_NETNS {attachment.NetNs} is the plugin's own namespace; give the container's");
                return RouteSocket.Open();
            });
            return new PodNetNs(attachment.NetNs, descriptor, route);
        }
        catch (LinuxException e)
        {
            descriptor?.Dispose();
            throw new CniException(CniError.InvalidNetNs, $"CNI_NETNS {attachment.NetNs} is not a usable network namespace", e.Message);
        }
        catch (CniException)
        {
            descriptor?.Dispose();
            throw;
        }
    }

    /// <summary>Runs code inside, for the parameters below /proc/sys.</summary>
    internal void Run(Action code) => NetNs.Visit(Descriptor, _path, () =>
    {
        code();
        return true;
    });

    public void Dispose()
    {
        Route.Dispose();
        Descriptor.Dispose();
    }

    private static string? IdentityOfThread() => new FileInfo("/proc/thread-self/ns/net").LinkTarget;
}
