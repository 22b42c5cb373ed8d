using Network.Store;
using Network.TestKit;
using Xunit;

namespace Network.ControlPlane.Tests.Store;

public abstract partial class StoreContract
{
    [Fact]
    public async Task Watch_from_now_gives_only_what_comes()
    {
        var before = await PutAsync("a/1");
        var taking = TakeAsync("a/", before.ModRevision, 1);
        var after = await PutAsync("a/2");
        Assert.Equal(after.ModRevision, (await taking)[0].Entry.ModRevision);
    }

    [Fact]
    public async Task Watch_from_an_older_revision_gives_missed_and_new_events_once_and_in_order()
    {
        var first = await PutAsync("a/0");
        for (var i = 1; i < 50; i++)
            await PutAsync($"a/{i}");
        var taking = TakeAsync("a/", first.ModRevision + 9, 90);
        for (var i = 50; i < 100; i++)
            await PutAsync($"a/{i}");
        Assert.Equal(Enumerable.Range(10, 90).Select(i => first.ModRevision + i), (await taking).Select(change => change.Entry.ModRevision));
    }

    [Fact]
    public async Task Watch_from_a_revision_that_is_still_to_come_waits_for_it()
    {
        var first = await PutAsync("a/1");
        var taking = TakeAsync("a/", first.ModRevision + 1, 1);
        await PutAsync("a/2");
        var third = await PutAsync("a/3");
        Assert.Equal(third.ModRevision, (await taking)[0].Entry.ModRevision);
    }

    [Fact]
    public async Task Watch_sees_nothing_outside_its_prefix()
    {
        var start = await PutAsync("pods/a/1");
        await PutAsync("podsecurity/1");
        await PutAsync("pods/ab/1");
        await PutAsync("nodes/1");
        var mine = await PutAsync("pods/a/2");
        Assert.Equal([mine.ModRevision], (await TakeAsync("pods/a/", start.ModRevision, 1)).Select(change => change.Entry.ModRevision));
    }

    [Fact]
    public async Task Events_carry_what_was_there_before()
    {
        var first = await PutAsync("a/1", "one");
        var second = await PutAsync("a/1", "two", first.ModRevision);
        var gone = (await Store.DeleteAsync(first.Key, second.ModRevision))!;
        var again = await PutAsync("a/1", "three");
        var events = await TakeAsync("a/", first.ModRevision - 1, 4);
        Assert.Equal(
            [
                (StoreEventType.Put, "one", "(absent)", first.ModRevision), (StoreEventType.Put, "two", "one", second.ModRevision),
                (StoreEventType.Delete, "two", "two", gone.ModRevision), (StoreEventType.Put, "three", "(absent)", again.ModRevision),
            ],
            events.Select(change => (change.Type, Text(change.Entry), Text(change.Previous), change.Entry.ModRevision)));
        Assert.Equal((second.ModRevision, first.CreateRevision), (events[2].Previous!.ModRevision, events[2].Entry.CreateRevision));
    }

    [Fact]
    public async Task All_watchers_see_the_events_of_concurrent_writers_in_one_order()
    {
        var start = Store.Revision;
        var watching = Enumerable.Range(0, 4).Select(i => TakeAsync("a/", start, 200)).ToList();
        await Task.WhenAll(Enumerable.Range(0, 8).Select(async writer =>
        {
            for (var i = 0; i < 25; i++)
                await PutAsync($"a/{writer}-{i}");
        }));
        foreach (var watcher in watching)
            Assert.Equal(Enumerable.Range(1, 200).Select(i => start + i), (await watcher).Select(change => change.Entry.ModRevision));
    }

    [Fact]
    public async Task A_watcher_that_does_not_read_is_cut_off_and_the_others_are_not()
    {
        await UseAsync(new StoreSettings { MaxWatcherLag = 100 });
        var start = Store.Revision;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        await using var slow = Store.WatchAsync(Key("a/"), start, stop.Token).GetAsyncEnumerator(stop.Token);
        var first = slow.MoveNextAsync();
        for (var i = 0; i < 6; i++)
        {
            var quick = TakeAsync("a/", Store.Revision, 50);
            for (var k = 0; k < 50; k++)
                await PutAsync($"a/{i}-{k}");
            Assert.Equal(50, (await quick).Count);
        }

        Assert.True(await first);
        await Assert.ThrowsAsync<WatchOverrunException>(async () =>
        {
            while (await slow.MoveNextAsync())
            {
            }
        });
    }

    [Fact]
    public async Task A_watch_ends_when_its_reader_cancels_and_leaves_nothing_behind()
    {
        using var stop = new CancellationTokenSource();
        var watching = Task.Run(async () =>
        {
            await foreach (var _ in Store.WatchAsync(Key("a/"), Store.Revision, stop.Token))
            {
            }
        }, Cancel);
        await Eventually.TrueAsync(() => Store.Size.Watchers == 1, Patience);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => watching);
        await Eventually.TrueAsync(() => Store.Size.Watchers == 0, Patience);
    }

    [Fact]
    public async Task Watches_that_connect_again_from_what_they_saw_miss_nothing()
    {
        var start = Store.Revision;
        var writing = Task.Run(async () =>
        {
            for (var i = 0; i < 200; i++)
                await PutAsync($"a/{i}");
        }, Cancel);
        var seen = new List<long>();
        var random = new Random(7);
        while (seen.Count < 200)
        {
            var part = await TakeAsync("a/", seen.Count == 0 ? start : seen[^1], Math.Min(random.Next(1, 30), 200 - seen.Count));
            seen.AddRange(part.Select(change => change.Entry.ModRevision));
        }

        await writing;
        Assert.Equal(Enumerable.Range(1, 200).Select(i => start + i), seen);
    }
}
