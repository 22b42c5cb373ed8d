using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Network.Dns.Plugins.Cluster;
using Network.Dns.Plugins.Cluster.Snapshot;
using Network.TestKit;
using Xunit;

namespace Network.Dns.Tests.Cluster;

/// <summary>A real file system without room: a tmpfs of some pages.</summary>
public sealed class FullDiskTests : IDisposable
{
    private readonly string _disk = Directory.CreateTempSubdirectory("podnet-dns-disk-").FullName;

    public FullDiskTests()
    {
        Requires.Root();
        Shell.Run("mount", "-t", "tmpfs", "-o", "size=32k", "podnet-test", _disk);
    }

    public void Dispose()
    {
        Shell.Run("umount", _disk);
        Directory.Delete(_disk);
    }

    [Fact]
    public async Task Former_snapshot_stays_and_the_next_is_written_when_there_is_room()
    {
        var path = Path.Combine(_disk, "dns", "snapshot");
        var index = new ClusterIndex { Complete = true };
        var time = new ManualTime();
        using var keeper = new SnapshotKeeper(path, index, time, NullLogger.Instance);
        using var stop = new CancellationTokenSource();
        var running = keeper.RunAsync(stop.Token);
        index.Put(new DnsService("default", "first") { ClusterIps = [IPAddress.Parse("10.96.0.1")] });
        await WrittenAsync(time, () => SnapshotFile.Read(path)?.Services.Count == 1);
        for (var i = 0; i < 2000; i++)
            index.Put(new DnsService("default", $"service-{i}") { ClusterIps = [IPAddress.Parse("10.96.0.2")] });
        await WrittenAsync(time, () => keeper.Failures > 0);
        Assert.Equal("first", Assert.Single(SnapshotFile.Read(path)!.Services).Name);
        Assert.Equal([path], Directory.GetFiles(Path.GetDirectoryName(path)!));
        Shell.Run("mount", "-o", "remount,size=8m", _disk);
        await WrittenAsync(time, () => SnapshotFile.Read(path)!.Services.Count == 2001);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    // Lets the time pass that the keeper waits for, whenever it waits.
    private static Task WrittenAsync(ManualTime time, Func<bool> done) => Eventually.TrueAsync(() =>
    {
        if (time.Waiting > 0)
            time.Advance(TimeSpan.FromSeconds(1));
        return done();
    }, TimeSpan.FromSeconds(30));
}
