using Network.Cni.Protocol;

namespace Network.Cni.Ipam;

/// <summary>
/// Reservations that host-local left in the same directory: a file named after each address, holding the container's id
/// and, in versions since 0.7, the interface on a second line. They count as taken until their pod is deleted. Both
/// programs lock the same file.
/// </summary>
internal sealed class HostLocalFiles(string directory)
{
    // host-local writes this file at its first reservation; without it there is nothing to read.
    private readonly bool _any = File.Exists(Path.Combine(directory, "last_reserved_ip.0"));

    internal int Count => Files().Count();

    internal bool Contains(Ip address) => _any && File.Exists(Path.Combine(directory, address.ToString()));

    internal void Release(Attachment attachment) => Release((id, ifName) => id == attachment.ContainerId && (ifName is null || ifName == attachment.IfName));

    /// <summary>Frees what belongs to none of the valid attachments.</summary>
    internal void KeepOnly(HashSet<(string ContainerId, string IfName)> valid)
    {
        var containers = valid.Select(pair => pair.ContainerId).ToHashSet();
        Release((id, ifName) => ifName is null ? !containers.Contains(id) : !valid.Contains((id, ifName)));
    }

    private IEnumerable<string> Files() => _any ? Directory.EnumerateFiles(directory).Where(path => Ip.TryParse(Path.GetFileName(path), out _)) : [];

    private void Release(Func<string, string?, bool> isStale)
    {
        var any = false;
        foreach (var path in Files().ToArray())
        {
            var lines = File.ReadAllText(path).Split('\n', StringSplitOptions.TrimEntries);
            if (!isStale(lines[0], lines.Length > 1 && lines[1].Length > 0 ? lines[1] : null))
                continue;
            File.Delete(path);
            any = true;
        }

        if (any)
            Linux.FileDescriptor.Sync(directory);
    }
}
