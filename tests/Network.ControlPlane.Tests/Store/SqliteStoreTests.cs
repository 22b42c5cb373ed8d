using System.Text;
using Network.Store;
using Xunit;

namespace Network.ControlPlane.Tests.Store;

public sealed class SqliteStoreTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("podnet-store-").FullName;

    private string File => Path.Combine(_directory, "store.db");

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task Create_gives_the_next_revision_and_refuses_an_existing_key()
    {
        await using var store = Open();
        var first = await store.PutAsync("/a/1", Bytes("x"), 0);
        Assert.Equal((1, 1), (first!.CreateRevision, first.ModRevision));
        Assert.Null(await store.PutAsync("/a/1", Bytes("y"), 0));
        Assert.Equal("x", Text(store.Get("/a/1")!));
        Assert.Equal(1, store.Revision);
    }

    [Fact]
    public async Task Replace_needs_the_current_revision()
    {
        await using var store = Open();
        var first = (await store.PutAsync("/a/1", Bytes("x"), 0))!;
        var second = (await store.PutAsync("/a/1", Bytes("y"), first.ModRevision))!;
        Assert.Equal((1, 2), (second.CreateRevision, second.ModRevision));
        Assert.Null(await store.PutAsync("/a/1", Bytes("z"), first.ModRevision));
        Assert.Null(await store.DeleteAsync("/a/1", first.ModRevision));
        Assert.Equal(3, (await store.DeleteAsync("/a/1", second.ModRevision))!.ModRevision);
        Assert.Null(store.Get("/a/1"));
    }

    [Fact]
    public async Task Everything_acknowledged_is_there_after_reopening()
    {
        await using (var store = Open())
        {
            await Task.WhenAll(Enumerable.Range(0, 200).Select(i => store.PutAsync($"/a/{i}", Bytes($"v{i}"), 0).AsTask()));
            await store.DeleteAsync("/a/7", store.Get("/a/7")!.ModRevision);
        }

        await using var again = Open();
        Assert.Equal(201, again.Revision);
        Assert.Equal(199, again.List("/a/").Entries.Count);
        Assert.Null(again.Get("/a/7"));
        Assert.Equal("v42", Text(again.Get("/a/42")!));
    }

    [Fact]
    public async Task List_pages_in_key_order_within_the_prefix()
    {
        await using var store = Open();
        foreach (var key in (string[])["/pods/b/1", "/pods/a/2", "/pods/a/1", "/podsecurity/x"])
            await store.PutAsync(key, Bytes(key), 0);
        var page = store.List("/pods/", limit: 2);
        Assert.Equal(["/pods/a/1", "/pods/a/2"], page.Entries.Select(e => e.Key));
        Assert.Equal((true, 1L, 4L), (page.More, page.Remaining, page.Revision));
        Assert.Equal(["/pods/b/1"], store.List("/pods/", limit: 2, startAfter: "/pods/a/2").Entries.Select(e => e.Key));
    }

    [Fact]
    public async Task List_at_an_older_revision_shows_that_state()
    {
        await using var store = Open();
        var first = (await store.PutAsync("/a/1", Bytes("old"), 0))!;
        await store.PutAsync("/a/2", Bytes("two"), 0);
        await store.PutAsync("/a/1", Bytes("new"), first.ModRevision);
        await store.DeleteAsync("/a/2", 2);
        var then = store.List("/a/", revision: 2);
        Assert.Equal(["old", "two"], then.Entries.Select(Text));
        Assert.Equal(2, then.Revision);
        Assert.Equal(["new"], store.List("/a/").Entries.Select(Text));
    }

    [Fact]
    public async Task Watch_gives_missed_and_new_events_once_and_in_order()
    {
        await using var store = Open();
        for (var i = 0; i < 50; i++)
            await store.PutAsync($"/a/{i}", Bytes("x"), 0);
        using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        var seen = new List<long>();
        var writing = Task.Run(async () =>
        {
            for (var i = 50; i < 100; i++)
                await store.PutAsync($"/a/{i}", Bytes("x"), 0);
        }, stop.Token);
        await foreach (var change in store.WatchAsync("/a/", 10, stop.Token))
        {
            seen.Add(change.Entry.ModRevision);
            if (seen.Count == 90)
                break;
        }

        await writing;
        Assert.Equal(Enumerable.Range(11, 90).Select(i => (long)i), seen);
    }

    [Fact]
    public async Task Watch_from_a_compacted_revision_is_refused()
    {
        await using var store = new SqliteStore(File, new StoreSettings { MaxHistoryBytes = 2_000 }, TimeProvider.System);
        for (var i = 0; i < 100; i++)
            await store.PutAsync($"/a/{i}", Bytes("x"), 0);
        var refused = await Assert.ThrowsAsync<CompactedException>(async () =>
        {
            await foreach (var _ in store.WatchAsync("/a/", 1, TestContext.Current.CancellationToken))
            {
            }
        });
        Assert.True(refused.Oldest > 80);
    }

    [Fact]
    public async Task A_second_server_on_the_same_file_is_refused()
    {
        await using var store = Open();
        Assert.Throws<InvalidDataException>(() => Open());
    }

    [Fact]
    public async Task A_damaged_file_is_refused()
    {
        await using (var store = Open())
        {
            for (var i = 0; i < 500; i++)
                await store.PutAsync($"/a/{i}", Bytes(new string('x', 500)), 0);
        }

        await using (var file = System.IO.File.OpenWrite(File))
        {
            file.Position = 4096;
            file.Write(Enumerable.Repeat((byte)0xff, 20_000).ToArray());
        }

        Assert.Throws<InvalidDataException>(() => Open());
    }

    private SqliteStore Open() => new(File, new StoreSettings(), TimeProvider.System);

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    private static string Text(StoreEntry entry) => Encoding.UTF8.GetString(entry.Value.Span);
}
