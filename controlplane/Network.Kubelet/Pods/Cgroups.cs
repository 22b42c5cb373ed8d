namespace Network.Kubelet.Pods;

/// <summary>The pod's own cgroup directories, which the runtime leaves behind when the last container inside goes.</summary>
internal static class Cgroups
{
    internal static void Remove(string path)
    {
        const string root = "/sys/fs/cgroup";
        foreach (var hierarchy in Directory.EnumerateDirectories(root).Prepend(root))
            RemoveTree(hierarchy + path);
    }

    private static void RemoveTree(string directory)
    {
        if (!Directory.Exists(directory))
            return;
        foreach (var child in Directory.EnumerateDirectories(directory))
            RemoveTree(child);
        try
        {
            Directory.Delete(directory);
        }
        catch (IOException)
        {
            // A process that is just ending still sits inside; the empty directory is found again by the next kubelet start.
        }
    }
}
