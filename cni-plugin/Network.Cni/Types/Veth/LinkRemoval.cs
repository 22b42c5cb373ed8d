using Network.Linux;
using Network.Netlink;

namespace Network.Cni.Types.Veth;

/// <summary>
/// Deleting a device takes the kernel a fraction of a millisecond, and then some twenty in which it waits until nobody can
/// still be looking at its memory. Nobody else needs to wait for that: a process of our own sends the request, and DEL
/// goes on as soon as the kernel reports both ends as gone.
/// </summary>
internal static class LinkRemoval
{
    /// <summary>First argument of the process that does the waiting; the second is the device's index.</summary>
    internal const string Verb = "delete-link";

    /// <param name="executable">This program, to hand the waiting over to; null waits here.</param>
    internal static void Remove(RouteSocket node, string name, string? executable = null)
    {
        if (executable is null)
        {
            Delete(node, name);
            return;
        }

        if (node.Link(name) is not { } link)
            return;
        if (!TryHandOver(link.Index, executable))
            Delete(node, link.Index);
    }

    /// <summary>The other process's whole work.</summary>
    internal static int RunHandedOver(string index)
    {
        using var node = RouteSocket.Open();
        Delete(node, int.Parse(index, System.Globalization.CultureInfo.InvariantCulture));
        return 0;
    }

    /// <summary>A device that is gone already, with its namespace or by an earlier DEL, is not an error.</summary>
    internal static void Delete(RouteSocket node, LinkRef link)
    {
        try
        {
            node.Execute(batch => batch.LinkDelete(link));
        }
        catch (LinuxException e) when (e.Errno == Errno.ENODEV)
        {
        }
    }

    private static bool TryHandOver(int index, string executable)
    {
        using var watch = LinkWatch.Open();
        // The pipe's end tells that the other process has ended, for whatever reason.
        var (ended, end) = FileDescriptor.Pipe();
        using var endedScope = ended;
        try
        {
            Child.Start(new ChildSpec(executable, [Verb, $"{index}"])
            {
                Environment = new Dictionary<string, string>(),
                StandardOutput = end,
                NewSession = true,
            });
        }
        catch (LinuxException)
        {
            return false;
        }
        finally
        {
            end.Dispose();
        }

        return watch.AwaitDeleted(index, ended);
    }
}
