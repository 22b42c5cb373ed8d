using Network.Linux.Interop;

namespace Network.Linux;

/// <summary>File kinds and attributes that System.IO cannot make: device nodes, whiteouts, hard links, owners, extended attributes.</summary>
public static class SpecialFiles
{
    private const uint CharacterDevice = 0x2000, BlockDevice = 0x6000, Fifo = 0x1000;

    /// <summary>overlayfs marks a deleted name by a character device 0/0 (Documentation/filesystems/overlayfs.rst).</summary>
    public static void MakeWhiteout(string path) => MakeNode(path, CharacterDevice, 0, 0);

    /// <summary>Marks a directory so that overlayfs shows nothing of the layers below it.</summary>
    public static void MakeOpaque(string directory) => SetAttribute(directory, "trusted.overlay.opaque", "y"u8);

    public static void MakeCharacterDevice(string path, int major, int minor, uint mode) =>
        MakeNode(path, CharacterDevice | mode, major, minor);

    public static void MakeBlockDevice(string path, int major, int minor, uint mode) => MakeNode(path, BlockDevice | mode, major, minor);

    public static void MakeFifo(string path, uint mode) => MakeNode(path, Fifo | mode, 0, 0);

    public static void HardLink(string existing, string path)
    {
        if (LibC.link(existing, path) < 0)
            throw LinuxException.Last($"link {path} to {existing}");
    }

    /// <summary>Changes the owner of the name itself, never of a link's target.</summary>
    public static void ChangeOwner(string path, int user, int group)
    {
        if (LibC.lchown(path, (uint)user, (uint)group) < 0)
            throw LinuxException.Last($"lchown {path}");
    }

    public static unsafe void SetAttribute(string path, string name, ReadOnlySpan<byte> value)
    {
        fixed (byte* bytes = value)
        {
            if (LibC.lsetxattr(path, name, bytes, (nuint)value.Length, 0) < 0)
                throw LinuxException.Last($"setxattr {name} on {path}");
        }
    }

    /// <summary>rename(2): replaces the target atomically, also when it is a symbolic link.</summary>
    public static void Replace(string from, string to)
    {
        if (LibC.rename(from, to) < 0)
            throw LinuxException.Last($"rename {from} to {to}");
    }

    private static void MakeNode(string path, uint mode, int major, int minor)
    {
        // makedev(3): the low eight bits of minor and twelve of major are enough for every device an image may hold.
        var device = ((ulong)(uint)major << 8) | ((ulong)(uint)minor & 0xff) | (((ulong)(uint)minor & ~0xffUL) << 12);
        if (LibC.mknod(path, mode, device) < 0)
            throw LinuxException.Last($"mknod {path}");
    }
}
