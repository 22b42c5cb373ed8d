namespace Network.Kubelet.Images;

/// <summary>A scratch directory that vanishes unless it was moved into place.</summary>
internal sealed class WorkDirectory : IDisposable
{
    internal WorkDirectory(string parent) =>
        Path = Directory.CreateDirectory(System.IO.Path.Combine(parent, Guid.NewGuid().ToString("N"))).FullName;

    internal string Path { get; }

    public void Dispose()
    {
        if (Directory.Exists(Path))
            Directory.Delete(Path, recursive: true);
    }
}
