using Network.Cni.Protocol;

namespace Network.Cni.Ipam;

/// <summary>
/// Reservations that host-local left in the same directory: a file named after each address, holding the container's id
/// and, in versions since 0.7, the interface on a second line. They count as taken until their pod is deleted. Both
/// programs lock the same file.
/// </summary>
internal sealed class HostLocalFiles
{
    private readonly string _directory;
    private readonly Dictionary<Ip, string> _files = [];

    internal HostLocalFiles(string directory)
    {
        _directory = directory;
        // host-local writes this file at its first reservation; without it there is nothing to read.
        if (!File.Exists(Path.Combine(directory, "last_reserved_ip.0")))
            return;
        foreach (var path in Directory.EnumerateFiles(directory))
        {
            if (Ip.TryParse(Path.GetFileName(path), out var address))
                _files[address] = path;
        }
    }

    internal int Count => _files.Count;

    internal bool Contains(Ip address) => _files.ContainsKey(address);

    internal void Release(Attachment attachment) => Release((id, ifName) => id == attachment.ContainerId && (ifName is null || ifName == attachment.IfName));

    /// <summary>Frees what belongs to none of the valid attachments.</summary>
    internal void KeepOnly(HashSet<(string ContainerId, string IfName)> valid)
    {
        var containers = valid.Select(pair => pair.ContainerId).ToHashSet();
        Release((id, ifName) => ifName is null ? !containers.Contains(id) : !valid.Contains((id, ifName)));
    }

    private void Release(Func<string, string?, bool> isStale)
    {
        var any = false;
        foreach (var (address, path) in _files.ToArray())
        {
            var lines = File.ReadAllText(path).Split('\n', StringSplitOptions.TrimEntries);
            if (!isStale(lines[0], lines.Length > 1 && lines[1].Length > 0 ? lines[1] : null))
                continue;
            File.Delete(path);
            _files.Remove(address);
            any = true;
        }

        if (any)
            Linux.FileDescriptor.Sync(_directory);
    }
}
