using System.Formats.Tar;
using System.IO.Compression;

namespace Network.Kubelet.Images;

/// <summary>Spreads an image archive into a directory: regular files only, links between blobs resolved, nothing outside.</summary>
internal static class ArchiveFile
{
    internal static void Expand(Stream archive, string directory)
    {
        try
        {
            using var plain = Decompress(archive);
            using var reader = new TarReader(plain);
            while (reader.GetNextEntry() is { } entry)
                Expand(entry, directory);
        }
        catch (Exception e) when (e is InvalidDataException or EndOfStreamException or FormatException or ArgumentException)
        {
            throw new ImageException($"image archive: not a readable tar stream: {e.Message}", e);
        }
    }

    /// <summary>The stream itself, or its gzip content when it starts with the gzip magic (RFC 1952).</summary>
    internal static Stream Decompress(Stream stream)
    {
        var head = new byte[4];
        var count = stream.ReadAtLeast(head, 4, throwOnEndOfStream: false);
        var whole = new PrefixedStream(head.AsMemory(0, count), stream);
        if (head is [0x28, 0xb5, 0x2f, 0xfd])
            throw new ImageException("layer is compressed with zstd, which is not supported; use gzip");
        return head is [0x1f, 0x8b, ..] ? new GZipStream(whole, CompressionMode.Decompress) : whole;
    }

    private static void Expand(TarEntry entry, string directory)
    {
        var path = Inside(directory, entry.Name);
        switch (entry.EntryType)
        {
            case TarEntryType.RegularFile or TarEntryType.V7RegularFile:
                Directory.CreateDirectory(Path.GetDirectoryName(path)!);
                using (var file = File.Create(path))
                    entry.DataStream?.CopyTo(file);
                break;
            case TarEntryType.SymbolicLink:
                // Old docker versions link equal layers to each other; a copy of the name is enough.
                var target = Inside(directory, Path.Combine(Path.GetDirectoryName(entry.Name) ?? "", entry.LinkName));
                Directory.CreateDirectory(Path.GetDirectoryName(path)!);
                if (!File.Exists(target))
                    throw new ImageException($"image archive: {entry.Name} links to {entry.LinkName}, which is not in the archive before it");
                File.Copy(target, path, overwrite: true);
                break;
        }
    }

    private static string Inside(string directory, string name)
    {
        var path = Path.GetFullPath(Path.Combine(directory, name.TrimStart('/')));
        return path == directory || path.StartsWith(directory + "/", StringComparison.Ordinal)
            ? path
            : throw new ImageException($"image archive: entry {name} leaves the archive");
    }
}
