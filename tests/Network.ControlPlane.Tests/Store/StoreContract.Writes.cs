using System.Globalization;
using Network.Store;
using Network.TestKit;
using Xunit;

namespace Network.ControlPlane.Tests.Store;

public abstract partial class StoreContract
{
    [Fact]
    public async Task Create_gives_the_next_revision_and_refuses_an_existing_key()
    {
        var before = Store.Revision;
        var first = await PutAsync("a/1", "first");
        Assert.Equal((first.ModRevision, before + 1), (first.CreateRevision, first.ModRevision));
        Assert.Null(await Store.PutAsync(Key("a/1"), Bytes("second"), 0));
        Assert.Equal(("first", first.ModRevision), (Text(Store.Get(Key("a/1"))), Store.Revision));
    }

    [Fact]
    public void Get_of_a_key_that_is_not_there_gives_nothing() => Assert.Null(Store.Get(Key("absent")));

    [Fact]
    public async Task A_write_is_visible_to_its_writer_when_it_is_answered()
    {
        for (var i = 0; i < 20; i++)
        {
            var entry = await PutAsync($"a/{i}", $"v{i}");
            Assert.Equal((entry.ModRevision, $"v{i}"), (Store.Get(entry.Key)!.ModRevision, Text(Store.Get(entry.Key))));
            Assert.True(Store.Revision >= entry.ModRevision);
        }
    }

    [Fact]
    public async Task Replace_needs_the_current_revision_and_keeps_the_creation()
    {
        var first = await PutAsync("a/1", "x");
        var second = await PutAsync("a/1", "y", first.ModRevision);
        Assert.Equal((first.CreateRevision, first.ModRevision + 1), (second.CreateRevision, second.ModRevision));
        Assert.Null(await Store.PutAsync(Key("a/1"), Bytes("z"), first.ModRevision));
        Assert.Null(await Store.PutAsync(Key("a/1"), Bytes("z"), second.ModRevision + 100));
        Assert.Equal("y", Text(Store.Get(Key("a/1"))));
    }

    [Fact]
    public async Task Replace_of_a_key_that_is_gone_is_refused()
    {
        var entry = await PutAsync("a/1");
        await Store.DeleteAsync(entry.Key, entry.ModRevision);
        Assert.Null(await Store.PutAsync(entry.Key, Bytes("z"), entry.ModRevision));
        Assert.Null(Store.Get(entry.Key));
    }

    [Fact]
    public async Task Delete_needs_the_current_revision_and_gives_the_last_state_at_its_own()
    {
        var first = await PutAsync("a/1", "x");
        var second = await PutAsync("a/1", "y", first.ModRevision);
        Assert.Null(await Store.DeleteAsync(first.Key, first.ModRevision));
        Assert.NotNull(Store.Get(first.Key));
        var gone = await Store.DeleteAsync(first.Key, second.ModRevision);
        Assert.Equal(("y", second.ModRevision + 1, first.CreateRevision), (Text(gone), gone!.ModRevision, gone.CreateRevision));
        Assert.Null(Store.Get(first.Key));
        Assert.Null(await Store.DeleteAsync(first.Key, second.ModRevision));
    }

    [Fact]
    public async Task Delete_of_a_key_that_never_was_is_refused()
    {
        Assert.Null(await Store.DeleteAsync(Key("absent"), 0));
        Assert.Null(await Store.DeleteAsync(Key("absent"), 1));
    }

    [Fact]
    public async Task A_key_created_again_is_a_new_one()
    {
        var first = await PutAsync("a/1", "old");
        await Store.DeleteAsync(first.Key, first.ModRevision);
        var again = await PutAsync("a/1", "new");
        Assert.Equal((again.ModRevision, first.ModRevision + 2), (again.CreateRevision, again.ModRevision));
    }

    [Fact]
    public async Task Revisions_of_all_keys_are_one_increasing_row()
    {
        var before = Store.Revision;
        var entries = await Task.WhenAll(Enumerable.Range(0, 100).Select(i => PutAsync($"{(i % 2 == 0 ? "a" : "b")}/{i}")));
        Assert.Equal(Enumerable.Range(1, 100).Select(i => before + i), entries.Select(entry => entry.ModRevision).Order());
    }

    [Fact]
    public async Task Of_many_creators_of_one_key_one_wins()
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(i => Store.PutAsync(Key("a/1"), Bytes($"{i}"), 0).AsTask()));
        var winner = Assert.Single(answers, answer => answer is not null);
        Assert.Equal(Text(winner), Text(Store.Get(Key("a/1"))));
    }

    // The loop of every update: read, change, compare and swap, and again when somebody was faster.
    [Fact]
    public async Task Concurrent_update_loops_lose_no_update()
    {
        await PutAsync("counter", "0");
        await Task.WhenAll(Enumerable.Range(0, 8).Select(async _ =>
        {
            for (var done = 0; done < 20;)
            {
                var current = Store.Get(Key("counter"))!;
                var next = (int.Parse(Text(current), CultureInfo.InvariantCulture) + 1).ToString(CultureInfo.InvariantCulture);
                done += await Store.PutAsync(current.Key, Bytes(next), current.ModRevision) is null ? 0 : 1;
            }
        }));
        Assert.Equal("160", Text(Store.Get(Key("counter"))));
    }

    [Fact]
    public async Task After_a_conflict_memory_holds_what_stood_in_the_way()
    {
        var first = await PutAsync("a/1", "mine");
        await using var other = await AnotherServerAsync();
        var theirs = await other.PutAsync(first.Key, Bytes("theirs"), first.ModRevision);
        Assert.Null(await Store.PutAsync(first.Key, Bytes("mine again"), first.ModRevision));
        Assert.Equal(theirs!.ModRevision, Store.Get(first.Key)!.ModRevision);
    }

    [Fact]
    public async Task Fresh_memory_holds_what_another_server_has_acknowledged()
    {
        await using var other = await AnotherServerAsync();
        for (var i = 0; i < 20; i++)
        {
            await other.PutAsync(Key($"a/{i}"), Bytes("x"), 0);
            await Store.FreshAsync(Cancel);
            Assert.NotNull(Store.Get(Key($"a/{i}")));
        }
    }

    [Fact]
    public async Task A_key_with_a_time_to_live_goes_and_watchers_are_told()
    {
        var entry = (await Store.PutAsync(Key("a/short"), Bytes("x"), 0, TimeSpan.FromSeconds(1)))!;
        await PutAsync("a/long");
        var change = (await TakeAsync("a/short", entry.ModRevision, 1))[0];
        Assert.Equal((StoreEventType.Delete, "x"), (change.Type, Text(change.Entry)));
        Assert.Null(Store.Get(entry.Key));
        Assert.NotNull(Store.Get(Key("a/long")));
    }

    [Fact]
    public async Task A_replacement_without_a_time_to_live_stays()
    {
        var entry = (await Store.PutAsync(Key("a/1"), Bytes("x"), 0, TimeSpan.FromSeconds(1)))!;
        var witness = (await Store.PutAsync(Key("a/2"), Bytes("x"), 0, TimeSpan.FromSeconds(1)))!;
        await PutAsync("a/1", "y", entry.ModRevision);
        await Eventually.TrueAsync(() => Store.Get(witness.Key) is null, Patience);
        Assert.Equal("y", Text(Store.Get(entry.Key)));
    }

    /// <summary>A second server over the same data; where that is impossible, the same store.</summary>
    private protected virtual Task<IStore> AnotherServerAsync() => Task.FromResult<IStore>(new Borrowed(Store));

    private sealed class Borrowed(IStore store) : IStore
    {
        public long Revision => store.Revision;

        public long OldestRevision => store.OldestRevision;

        public StoreSize Size => store.Size;

        public ValueTask FreshAsync(CancellationToken cancel = default) => store.FreshAsync(cancel);

        public StoreEntry? Get(string key) => store.Get(key);

        public int Count(string prefix) => store.Count(prefix);

        public StoreList List(string prefix, int limit = 0, string? startAfter = null, long revision = 0) => store.List(prefix, limit, startAfter, revision);

        public ValueTask<StoreEntry?> PutAsync(string key, ReadOnlyMemory<byte> value, long expectedModRevision, TimeSpan? ttl = null, CancellationToken cancel = default) =>
            store.PutAsync(key, value, expectedModRevision, ttl, cancel);

        public ValueTask<StoreEntry?> DeleteAsync(string key, long expectedModRevision, CancellationToken cancel = default) => store.DeleteAsync(key, expectedModRevision, cancel);

        public IAsyncEnumerable<StoreEvent> WatchAsync(string prefix, long fromRevision, CancellationToken cancel) => store.WatchAsync(prefix, fromRevision, cancel);

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
