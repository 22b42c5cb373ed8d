namespace Network.Host.Overlay;

/// <summary>Files other programs read at any moment: they appear whole or not at all, and only when their content changed.</summary>
internal static class AtomicFile
{
    internal static void Write(string path, string content)
    {
        var directory = Path.GetDirectoryName(Path.GetFullPath(path))!;
        Directory.CreateDirectory(directory);
        if (File.Exists(path) && File.ReadAllText(path) == content)
            return;
        var temporary = Path.Combine(directory, $".{Path.GetFileName(path)}");
        File.WriteAllText(temporary, content);
        File.Move(temporary, path, overwrite: true);
    }
}
