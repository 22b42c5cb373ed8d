using Network.Store;
using Network.TestKit;
using Xunit;

namespace Network.ControlPlane.Tests.Store;

public abstract partial class StoreContract
{
    [Fact]
    public async Task List_is_in_key_order_and_ends_with_the_prefix()
    {
        foreach (var name in (string[])["pods/b/1", "pods/a/2", "pods/a/1", "podsecurity/x", "pod", "pods", "pods/é/1"])
            await PutAsync(name);
        Assert.Equal(["pods/a/1", "pods/a/2", "pods/b/1", "pods/é/1"], Names(Store.List(Key("pods/"))));
        Assert.Equal(["pods/a/1", "pods/a/2"], Names(Store.List(Key("pods/a/"))));
        Assert.Empty(Store.List(Key("nothing/")).Entries);
        Assert.Equal(4, Store.Count(Key("pods/")));
        Assert.Equal(0, Store.Count(Key("nothing/")));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(10)]
    [InlineData(11)]
    public async Task Pages_together_are_the_whole_list(int limit)
    {
        for (var i = 0; i < 10; i++)
            await PutAsync($"pods/{i}");
        await PutAsync("podz/1");
        var (seen, after) = (new List<string>(), (string?)null);
        StoreList page;
        do
        {
            page = Store.List(Key("pods/"), limit, after);
            seen.AddRange(Names(page));
            Assert.Equal((seen.Count < 10, 10 - seen.Count), (page.More, (int)page.Remaining));
            after = page.Entries[^1].Key;
        }
        while (page.More);
        Assert.Equal(Enumerable.Range(0, 10).Select(i => $"pods/{i}"), seen);
    }

    [Fact]
    public async Task List_carries_the_revision_of_the_latest_write_of_any_key()
    {
        await PutAsync("pods/1");
        var other = await PutAsync("nodes/1");
        Assert.Equal(other.ModRevision, Store.List(Key("pods/")).Revision);
    }

    [Fact]
    public async Task Pages_at_one_revision_are_one_snapshot_while_others_write()
    {
        for (var i = 0; i < 6; i++)
            await PutAsync($"pods/{i}", "old");
        var page = Store.List(Key("pods/"), 3);
        await ReplaceAsync("pods/4", "new");
        await Store.DeleteAsync(Key("pods/5"), Store.Get(Key("pods/5"))!.ModRevision);
        await PutAsync("pods/6", "new");
        var rest = Store.List(Key("pods/"), 0, page.Entries[^1].Key, page.Revision);
        Assert.Equal(["pods/3", "pods/4", "pods/5"], Names(rest));
        Assert.All(rest.Entries, entry => Assert.Equal("old", Text(entry)));
        Assert.Equal((page.Revision, false), (rest.Revision, rest.More));
    }

    [Fact]
    public async Task List_at_an_older_revision_shows_that_state()
    {
        var first = await PutAsync("a/1", "old");
        var second = await PutAsync("a/2", "two");
        await PutAsync("a/1", "new", first.ModRevision);
        await Store.DeleteAsync(second.Key, second.ModRevision);
        await PutAsync("a/3");
        var then = Store.List(Key("a/"), revision: second.ModRevision);
        Assert.Equal(["old", "two"], then.Entries.Select(Text));
        Assert.Equal((second.ModRevision, first.ModRevision), (then.Revision, then.Entries[0].ModRevision));
        Assert.Equal(["old"], Store.List(Key("a/"), 1, revision: second.ModRevision).Entries.Select(Text));
        Assert.Equal(["new", "x"], Store.List(Key("a/")).Entries.Select(Text));
    }

    [Fact]
    public async Task List_at_a_revision_that_is_still_to_come_is_refused()
    {
        var entry = await PutAsync("a/1");
        var refused = Assert.Throws<FutureRevisionException>(() => Store.List(Key("a/"), revision: entry.ModRevision + 1000));
        Assert.Equal(entry.ModRevision + 1000, refused.Requested);
    }

    [Fact]
    public async Task History_is_bounded_by_bytes()
    {
        await UseAsync(new StoreSettings { MaxHistoryBytes = 20_000, HousekeepingEvery = TimeSpan.FromMilliseconds(50) });
        var first = await PutAsync("a/1", "first");
        for (var i = 0; i < 100; i++)
            await ReplaceAsync("a/1", new string('x', 1000));
        Assert.InRange(Store.Size.HistoryBytes, 1000, 20_000);
        Assert.InRange(Store.OldestRevision, first.ModRevision + 50, Store.Revision - 10);
        var refused = Assert.Throws<CompactedException>(() => Store.List(Key("a/"), revision: first.ModRevision));
        Assert.Equal((first.ModRevision, Store.OldestRevision), (refused.Requested, refused.Oldest));
        await Assert.ThrowsAsync<CompactedException>(() => TakeAsync("a/", first.ModRevision, 1));
        Assert.Single(Store.List(Key("a/"), revision: Store.Revision - 5).Entries);
    }

    [Fact]
    public async Task History_is_bounded_by_age_and_the_latest_state_stays()
    {
        var time = new ManualTime();
        await UseAsync(new StoreSettings { MaxHistoryAge = TimeSpan.FromMinutes(10) }, time);
        var old = await PutAsync("a/1", "old");
        await PutAsync("a/2", "untouched");
        await ReplaceAsync("a/1", "newer");
        time.Advance(TimeSpan.FromMinutes(8));
        var recent = await ReplaceAsync("a/1", "recent");
        Assert.Equal("old", Text(Store.List(Key("a/1"), revision: old.ModRevision).Entries[0]));
        time.Advance(TimeSpan.FromMinutes(4));
        await Eventually.TrueAsync(() => Store.OldestRevision > old.ModRevision, Patience);
        Assert.Throws<CompactedException>(() => Store.List(Key("a/"), revision: old.ModRevision));
        Assert.Equal(["recent", "untouched"], Store.List(Key("a/"), revision: recent.ModRevision).Entries.Select(Text));
        Assert.Equal(["recent", "untouched"], Store.List(Key("a/")).Entries.Select(Text));
    }

    [Fact]
    public async Task Lists_and_writes_at_once_never_show_half_a_state()
    {
        // Each writer keeps its two keys equal at every even revision of its own; a list must never see them two steps apart.
        await PutAsync("pair/a", "0");
        await PutAsync("pair/b", "0");
        using var stop = new CancellationTokenSource();
        var writing = Task.Run(async () =>
        {
            for (var i = 1; i <= 60; i++)
            {
                await ReplaceAsync("pair/a", $"{i}");
                await ReplaceAsync("pair/b", $"{i}");
            }

            await stop.CancelAsync();
        }, Cancel);
        while (!stop.IsCancellationRequested)
        {
            var values = Store.List(Key("pair/")).Entries.Select(entry => int.Parse(Text(entry))).ToArray();
            Assert.InRange(values[0] - values[1], 0, 1);
        }

        await writing;
    }
}
