using System.Formats.Tar;
using System.Security.Cryptography;
using System.Text;
using Network.Linux;

namespace Network.Kubelet.Images;

/// <summary>Unpacks one layer into a fresh directory so that overlayfs can use it as a lower layer.</summary>
internal static class Layer
{
    private const string Whiteout = ".wh.", Opaque = ".wh..wh..opq", Attribute = "SCHILY.xattr.";

    /// <returns>The diff id: the digest of the uncompressed tar stream.</returns>
    internal static string Unpack(string file, string directory)
    {
        using var stream = File.OpenRead(file);
        using var plain = ArchiveFile.Decompress(stream);
        using var hash = SHA256.Create();
        using var hashed = new CryptoStream(plain, hash, CryptoStreamMode.Read);
        try
        {
            using var reader = new TarReader(hashed, leaveOpen: true);
            while (reader.GetNextEntry() is { } entry)
                Unpack(entry, directory);
            hashed.CopyTo(Stream.Null);
        }
        catch (Exception e) when (e is InvalidDataException or EndOfStreamException or FormatException or ArgumentException)
        {
            throw new ImageException($"layer {Path.GetFileName(file)}: not a readable tar stream: {e.Message}", e);
        }

        return Digest.Prefix + Convert.ToHexStringLower(hash.Hash!);
    }

    private static void Unpack(TarEntry entry, string root)
    {
        if (entry.EntryType is TarEntryType.GlobalExtendedAttributes)
            return;
        var (parent, name) = RootedPath.Split(root, entry.Name);
        if (name.Length == 0)
        {
            SetAttributes(entry, root);
            return;
        }

        Directory.CreateDirectory(parent);
        if (name == Opaque)
        {
            SpecialFiles.MakeOpaque(parent);
            return;
        }

        if (name.StartsWith(Whiteout, StringComparison.Ordinal))
        {
            if (name.Length == Whiteout.Length || name[Whiteout.Length..] is "." or "..")
                throw new ImageException($"layer entry {entry.Name}: a whiteout without a name");
            var hidden = Path.Combine(parent, name[Whiteout.Length..]);
            RemoveExisting(hidden, keepDirectory: false);
            SpecialFiles.MakeWhiteout(hidden);
            return;
        }

        var path = Path.Combine(parent, name);
        RemoveExisting(path, keepDirectory: entry.EntryType == TarEntryType.Directory);
        Create(entry, root, path);
        if (entry.EntryType != TarEntryType.HardLink)
            SetAttributes(entry, path);
    }

    private static void Create(TarEntry entry, string root, string path)
    {
        switch (entry.EntryType)
        {
            case TarEntryType.RegularFile or TarEntryType.V7RegularFile or TarEntryType.ContiguousFile:
                using (var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write))
                    entry.DataStream?.CopyTo(file);
                break;
            case TarEntryType.Directory:
                Directory.CreateDirectory(path);
                break;
            case TarEntryType.SymbolicLink:
                File.CreateSymbolicLink(path, entry.LinkName);
                break;
            case TarEntryType.HardLink:
                var (linkParent, linkName) = RootedPath.Split(root, entry.LinkName);
                SpecialFiles.HardLink(Path.Combine(linkParent, linkName), path);
                break;
            case TarEntryType.CharacterDevice:
                SpecialFiles.MakeCharacterDevice(path, ((PosixTarEntry)entry).DeviceMajor, ((PosixTarEntry)entry).DeviceMinor, 0x1B6);
                break;
            case TarEntryType.BlockDevice:
                SpecialFiles.MakeBlockDevice(path, ((PosixTarEntry)entry).DeviceMajor, ((PosixTarEntry)entry).DeviceMinor, 0x1B6);
                break;
            case TarEntryType.Fifo:
                SpecialFiles.MakeFifo(path, 0x1B6);
                break;
            default:
                throw new ImageException($"layer entry {entry.Name}: type {entry.EntryType} is not supported");
        }
    }

    private static void SetAttributes(TarEntry entry, string path)
    {
        SpecialFiles.ChangeOwner(path, entry.Uid, entry.Gid);
        if (entry.EntryType == TarEntryType.SymbolicLink)
            return;
        File.SetUnixFileMode(path, entry.Mode);
        if (entry.EntryType is not (TarEntryType.CharacterDevice or TarEntryType.BlockDevice or TarEntryType.Fifo))
            File.SetLastWriteTimeUtc(path, entry.ModificationTime.UtcDateTime);
        if (entry is not PaxTarEntry pax)
            return;
        foreach (var (key, value) in pax.ExtendedAttributes.Where(pair => pair.Key.StartsWith(Attribute + "security.capability", StringComparison.Ordinal)))
            SpecialFiles.SetAttribute(path, key[Attribute.Length..], Encoding.Latin1.GetBytes(value));
    }

    private static void RemoveExisting(string path, bool keepDirectory)
    {
        var info = new FileInfo(path);
        if (info.LinkTarget is null && Directory.Exists(path))
        {
            if (!keepDirectory)
                Directory.Delete(path, recursive: true);
        }
        else if (info.LinkTarget is not null || info.Exists)
        {
            info.Delete();
        }
    }
}
