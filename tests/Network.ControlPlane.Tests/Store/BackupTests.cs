using System.Text;
using Network.Store;
using Network.Store.Browse;
using Network.TestKit;
using Xunit;

namespace Network.ControlPlane.Tests.Store;

public sealed class BackupTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("podnet-backup-").FullName;

    private string File => Path.Combine(_directory, "store.db");

    private string Backup => Path.Combine(_directory, "monday.db");

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task A_backup_is_taken_while_the_server_writes_and_holds_one_state()
    {
        await using var store = Open();
        using var stop = new CancellationTokenSource();
        var writing = Task.Run(async () =>
        {
            for (var i = 0; !stop.IsCancellationRequested; i++)
                await store.PutAsync($"/registry/a/{i:000000}", Encoding.UTF8.GetBytes($"v{i}"), 0);
        });
        await Eventually.TrueAsync(() => store.Revision > 50, TimeSpan.FromSeconds(20));
        var before = store.Revision;
        var revision = StoreBackup.Take(File, Backup);
        await stop.CancelAsync();
        await writing;
        Assert.InRange(revision, before, store.Revision);
        await using var view = new FileView(Backup);
        // Every write made a key of its own, so the state at a revision is that many keys.
        Assert.Equal(revision, view.Latest("/registry/").Count);
        Assert.Equal(Enumerable.Range(0, (int)revision).Select(i => $"/registry/a/{i:000000}"), view.Latest("/registry/").Select(record => record.Key));
    }

    [Fact]
    public async Task A_restored_store_has_the_old_state_at_revisions_nobody_has_seen()
    {
        var seen = 0L;
        await using (var store = Open())
        {
            var entry = (await store.PutAsync("/registry/a/1", Encoding.UTF8.GetBytes("old"), 0))!;
            StoreBackup.Take(File, Backup);
            await store.PutAsync("/registry/a/1", Encoding.UTF8.GetBytes("new"), entry.ModRevision);
            seen = (await store.PutAsync("/registry/a/2", Encoding.UTF8.GetBytes("x"), 0))!.ModRevision;
        }

        StoreBackup.Restore(Backup, File);
        await using var restored = Open();
        Assert.Equal(["old"], restored.List("/registry/").Entries.Select(entry => Encoding.UTF8.GetString(entry.Value.Span)));
        Assert.True(restored.Revision > seen + 1000);
        Assert.Throws<CompactedException>(() => restored.List("/registry/", revision: seen));
        Assert.True((await restored.PutAsync("/registry/a/2", Encoding.UTF8.GetBytes("y"), 0))!.ModRevision > restored.OldestRevision);
        await using var replaced = new FileView(File + ".before-restore");
        Assert.Equal(2, replaced.Latest("/registry/").Count);
    }

    [Fact]
    public async Task Nothing_is_restored_below_a_running_server_or_from_a_damaged_backup()
    {
        await using (var store = Open())
        {
            await store.PutAsync("/registry/a/1", new byte[5000], 0);
            StoreBackup.Take(File, Backup);
            Assert.Contains("in use", Assert.Throws<InvalidDataException>(() => StoreBackup.Restore(Backup, File)).Message);
        }

        var bytes = await System.IO.File.ReadAllBytesAsync(Backup, TestContext.Current.CancellationToken);
        bytes[^100] ^= 1;
        await System.IO.File.WriteAllBytesAsync(Backup, bytes, TestContext.Current.CancellationToken);
        Assert.Contains("damaged", Assert.Throws<InvalidDataException>(() => StoreBackup.Restore(Backup, File)).Message);
        await using var still = Open();
        Assert.NotNull(still.Get("/registry/a/1"));
    }

    [Fact]
    public async Task A_running_store_can_be_looked_into()
    {
        await using var store = Open();
        var entry = (await store.PutAsync("/registry/a/1", Encoding.UTF8.GetBytes("one"), 0))!;
        await store.PutAsync("/registry/a/1", Encoding.UTF8.GetBytes("two"), entry.ModRevision);
        await using var view = new FileView(File);
        Assert.Equal(["one", "two"], view.History("/registry/a/1").Select(record => Encoding.UTF8.GetString(record.Value.Span)));
        Assert.Equal(2, view.Latest("/registry/")[0].Revision);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        await using var following = view.FollowAsync("/registry/b/", patience.Token).GetAsyncEnumerator(patience.Token);
        var next = following.MoveNextAsync();
        await store.PutAsync("/registry/a/2", Encoding.UTF8.GetBytes("x"), 0);
        var seen = (await store.PutAsync("/registry/b/1", Encoding.UTF8.GetBytes("x"), 0))!;
        Assert.True(await next);
        Assert.Equal((seen.Key, seen.ModRevision), (following.Current.Key, following.Current.Revision));
    }

    [Fact]
    public async Task Room_is_given_back_to_the_file_system()
    {
        var settings = new StoreSettings { MaxHistoryBytes = 100_000, HousekeepingEvery = TimeSpan.FromMilliseconds(20) };
        await using var store = new SqliteStore(File, settings, TimeProvider.System);
        for (var i = 0; i < 200; i++)
            await store.PutAsync("/registry/a/1", new byte[50_000], store.Get("/registry/a/1")?.ModRevision ?? 0);
        // 10 MB were written; one value and 100 kB of history are left.
        await Eventually.TrueAsync(() => new FileInfo(File).Length + new FileInfo(File + "-wal").Length < 1_000_000, TimeSpan.FromSeconds(20),
            () => $"{new FileInfo(File).Length} bytes, log {new FileInfo(File + "-wal").Length}");
    }

    private SqliteStore Open() => new(File, new StoreSettings(), TimeProvider.System);
}
