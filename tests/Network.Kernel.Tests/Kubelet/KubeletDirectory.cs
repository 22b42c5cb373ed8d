using Network.Kubelet.Images;
using Network.Linux;
using Network.TestKit;

namespace Network.Kernel.Tests.Kubelet;

/// <summary>A data directory of a test's own with the busybox image inside; all mounts below it vanish with it.</summary>
public sealed class KubeletDirectory : IAsyncDisposable
{
    private static readonly SemaphoreSlim s_building = new(1);
    private static readonly string s_images = System.IO.Path.Combine(System.IO.Path.GetTempPath(), $"podnet-test-images-{Environment.ProcessId}");
    private static ImageStore? s_store;

    private KubeletDirectory()
    {
    }

    public string Path { get; } = Directory.CreateTempSubdirectory("podnet-kubelet-").FullName;

    public string ImagesPath => s_images;

    public ImageStore Images => s_store!;

    public static async Task<KubeletDirectory> NewAsync()
    {
        Requires.Root();
        Requires.Tool("runc");
        await s_building.WaitAsync();
        try
        {
            if (s_store is null)
            {
                s_store = new ImageStore(s_images);
                await StandardImages.BusyboxAsync(s_store, "/bin/busybox", CancellationToken.None);
                AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(s_images, recursive: true);
            }
        }
        finally
        {
            s_building.Release();
        }

        return new KubeletDirectory();
    }

    public ValueTask DisposeAsync()
    {
        Network.Kubelet.Pods.Cgroups.Remove($"/podnet/test-{System.IO.Path.GetFileName(Path)}");
        foreach (var mount in Mounts.Below(Path))
            Mounts.Unmount(mount);
        Directory.Delete(Path, recursive: true);
        return ValueTask.CompletedTask;
    }
}
