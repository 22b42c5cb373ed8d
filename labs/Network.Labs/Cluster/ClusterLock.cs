using Microsoft.Win32.SafeHandles;
using Network.Linux;

namespace Network.Labs.Cluster;

/// <summary>One builder a cluster at a time. The kernel lets go when the process ends, however it ends.</summary>
internal sealed class ClusterLock : IDisposable
{
    private readonly SafeFileHandle _file;

    private ClusterLock(SafeFileHandle file) => _file = file;

    internal static ClusterLock Take(ClusterPaths paths)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(paths.Lock)!);
        var file = FileDescriptor.Open(paths.Lock, write: true, create: true);
        if (FileDescriptor.TryLock(file, wait: false))
            return new ClusterLock(file);
        file.Dispose();
        throw new ClusterException($"cluster {paths.Name} is being brought up or down by another podnet; wait for it, or use another --name");
    }

    public void Dispose() => _file.Dispose();
}
