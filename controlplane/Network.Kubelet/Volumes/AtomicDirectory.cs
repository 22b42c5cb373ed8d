using Network.Linux;

namespace Network.Kubelet.Volumes;

/// <summary>
/// A directory whose whole content changes at one moment: files live below a dated directory, <c>..data</c> points to it,
/// and the visible names are links through <c>..data</c> (the layout programs that watch ConfigMaps rely on).
/// </summary>
internal static class AtomicDirectory
{
    private const string DataLink = "..data";

    /// <returns>False when the content was already there.</returns>
    internal static bool Write(string directory, IReadOnlyList<VolumeFile> files, DateTimeOffset now, int? group)
    {
        Directory.CreateDirectory(directory);
        var link = Path.Combine(directory, DataLink);
        var old = new FileInfo(link).LinkTarget;
        if (old is not null && Same(Path.Combine(directory, old), files))
            return false;
        var dated = $"..{now:yyyy_MM_dd_HH_mm_ss}.{Guid.NewGuid().ToString("N")[..9]}";
        foreach (var file in files)
            WriteFile(Path.Combine(directory, dated), file, group);
        Directory.CreateDirectory(Path.Combine(directory, dated));
        var temporary = Path.Combine(directory, "..data_tmp");
        File.Delete(temporary);
        File.CreateSymbolicLink(temporary, dated);
        SpecialFiles.Replace(temporary, link);
        LinkNames(directory, [.. files.Select(file => file.Path.Split('/')[0]).Distinct()]);
        if (old is not null)
            Directory.Delete(Path.Combine(directory, old), recursive: true);
        return true;
    }

    private static void WriteFile(string directory, VolumeFile file, int? group)
    {
        var path = Path.Combine(directory, file.Path);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, file.Content);
        // Group-readable for the pod's fsGroup, as the reference does.
        var mode = group is null ? file.Mode : file.Mode | 0x120;
        File.SetUnixFileMode(path, (UnixFileMode)mode);
        if (group is { } gid)
            SpecialFiles.ChangeOwner(path, 0, gid);
    }

    private static void LinkNames(string directory, HashSet<string> names)
    {
        foreach (var name in names)
        {
            var path = Path.Combine(directory, name);
            if (new FileInfo(path).LinkTarget is null)
                File.CreateSymbolicLink(path, $"{DataLink}/{name}");
        }

        foreach (var entry in Directory.EnumerateFileSystemEntries(directory).Select(entry => Path.GetFileName(entry)!))
        {
            if (!entry.StartsWith("..", StringComparison.Ordinal) && !names.Contains(entry))
                File.Delete(Path.Combine(directory, entry));
        }
    }

    private static bool Same(string directory, IReadOnlyList<VolumeFile> files)
    {
        if (!Directory.Exists(directory))
            return false;
        var existing = Directory.EnumerateFiles(directory, "*", SearchOption.AllDirectories).Select(path => Path.GetRelativePath(directory, path)).ToHashSet();
        return existing.SetEquals(files.Select(file => file.Path))
            && files.All(file => File.ReadAllBytes(Path.Combine(directory, file.Path)).AsSpan().SequenceEqual(file.Content));
    }
}
