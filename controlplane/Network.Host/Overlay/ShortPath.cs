using Microsoft.Win32.SafeHandles;
using Network.Linux;

namespace Network.Host.Overlay;

/// <summary>
/// A path as a Unix socket's address, which has room for 107 bytes (unix(7)): a longer one is named by way of its open folder.
/// Good while it is not disposed, and in this process only.
/// </summary>
internal sealed class ShortPath : IDisposable
{
    private const int Longest = 107;
    private readonly SafeFileHandle? _folder;

    internal ShortPath(string path)
    {
        Text = path;
        var full = Path.GetFullPath(path);
        if (System.Text.Encoding.UTF8.GetByteCount(path) <= Longest || !Directory.Exists(Path.GetDirectoryName(full)))
            return;
        _folder = FileDescriptor.Open(Path.GetDirectoryName(full)!);
        Text = $"/proc/self/fd/{_folder.DangerousGetHandle()}/{Path.GetFileName(full)}";
    }

    internal string Text { get; }

    public void Dispose() => _folder?.Dispose();
}
