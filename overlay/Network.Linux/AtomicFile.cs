using System.Text;

namespace Network.Linux;

/// <summary>Files that others read at any moment, or that a crash may interrupt: they are the old content or the new, never half.</summary>
public static class AtomicFile
{
    /// <exception cref="IOException">The disk is full or the folder cannot be written; the former file stays.</exception>
    public static void Write(string path, string content) => Write(path, Encoding.UTF8.GetBytes(content));

    /// <inheritdoc cref="Write(string, string)"/>
    public static void Write(string path, ReadOnlySpan<byte> content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        // Hidden, so that nobody who lists the folder takes it for one of the files.
        var temporary = Path.Combine(Path.GetDirectoryName(path)!, $".{Path.GetFileName(path)}.new");
        File.WriteAllBytes(temporary, content);
        File.Move(temporary, path, overwrite: true);
    }

    /// <summary>Leaves a file alone that has this content: whoever watches it is not woken.</summary>
    public static void WriteIfChanged(string path, string content)
    {
        if (!File.Exists(path) || File.ReadAllText(path) != content)
            Write(path, content);
    }
}
