using k8s.Models;
using Network.Kubelet.Variables;
using Network.Linux;

namespace Network.Kubelet.Volumes;

/// <summary>Sets up a pod's volumes below its directory, refreshes them, and takes their mounts away.</summary>
internal sealed class VolumeKeeper(VolumeContent content, TimeProvider time)
{
    /// <summary>The node's path of every volume of the pod; running it again refreshes contents and repairs what is missing.</summary>
    internal async Task<IReadOnlyDictionary<string, string>> EnsureAsync(string podDirectory, DownwardApi self, CancellationToken cancel)
    {
        var paths = new Dictionary<string, string>();
        var group = (int?)self.Pod.Spec.SecurityContext?.FsGroup;
        foreach (var volume in self.Pod.Spec.Volumes ?? [])
        {
            var directory = Path.Combine(podDirectory, "volumes", volume.Name);
            if (await content.FilesAsync(volume, self, cancel).ConfigureAwait(false) is { } files)
            {
                AtomicDirectory.Write(directory, files, time.GetUtcNow(), group);
                paths[volume.Name] = directory;
            }
            else if (volume.EmptyDir is { } empty)
            {
                paths[volume.Name] = EmptyDirectory(directory, empty, group);
            }
            else if (volume.HostPath is { } host)
            {
                paths[volume.Name] = HostPath(volume.Name, host);
            }
            else
            {
                throw new VolumeException(volume.Name, "its type is not supported; use configMap, secret, projected, downwardAPI, emptyDir or hostPath");
            }
        }

        return paths;
    }

    internal static void Remove(string podDirectory)
    {
        foreach (var mount in Mounts.Below(podDirectory))
            Mounts.Unmount(mount);
    }

    private static string EmptyDirectory(string directory, V1EmptyDirVolumeSource source, int? group)
    {
        const UnixFileMode everyone = (UnixFileMode)0x1FF, groupOwned = (UnixFileMode)0x5FF;
        if (Directory.Exists(directory) && (source.Medium != "Memory" || Mounts.Below(directory).Count > 0))
            return directory;
        Directory.CreateDirectory(directory);
        if (source.Medium == "Memory")
            Mounts.Tmpfs(directory, source.SizeLimit?.ToInt64() ?? 0, "0777");
        File.SetUnixFileMode(directory, group is null ? everyone : groupOwned);
        if (group is { } gid)
            SpecialFiles.ChangeOwner(directory, 0, gid);
        return directory;
    }

    private static string HostPath(string volume, V1HostPathVolumeSource source)
    {
        var path = source.Path;
        switch (source.Type ?? "")
        {
            case "DirectoryOrCreate":
                Directory.CreateDirectory(path);
                break;
            case "FileOrCreate":
                if (!File.Exists(path))
                    File.WriteAllBytes(path, []);
                break;
            case "Directory" when !Directory.Exists(path):
                throw new VolumeException(volume, $"hostPath type check failed: {path} is not a directory");
            case "File" or "Socket" or "CharDevice" or "BlockDevice" when !File.Exists(path):
                throw new VolumeException(volume, $"hostPath type check failed: {path} is not a file");
            case "" when !Path.Exists(path):
                Directory.CreateDirectory(path);
                break;
        }

        return path;
    }
}
