using Network.Store;
using Xunit;

namespace Network.ControlPlane.Tests.Store;

/// <summary>What a store that keeps its data promises beyond <see cref="StoreContract"/>.</summary>
public abstract class DurableStoreContract : StoreContract
{
    [Fact]
    public async Task Everything_acknowledged_is_there_after_a_restart()
    {
        var entries = await Task.WhenAll(Enumerable.Range(0, 200).Select(i => PutAsync($"a/{i}", $"v{i}")));
        await ReplaceAsync("a/8", "replaced");
        var gone = await Store.DeleteAsync(Key("a/7"), Store.Get(Key("a/7"))!.ModRevision);
        await UseAsync(new StoreSettings());
        Assert.Equal(gone!.ModRevision, Store.Revision);
        Assert.Equal(199, Store.Count(Key("a/")));
        Assert.Null(Store.Get(Key("a/7")));
        Assert.Equal(("v42", entries[42].ModRevision, "replaced", entries[8].CreateRevision),
            (Text(Store.Get(Key("a/42"))), Store.Get(Key("a/42"))!.ModRevision, Text(Store.Get(Key("a/8"))), Store.Get(Key("a/8"))!.CreateRevision));
    }

    [Fact]
    public async Task A_watch_resumes_across_a_restart()
    {
        var first = await PutAsync("a/1", "one");
        var second = await PutAsync("a/1", "two", first.ModRevision);
        await UseAsync(new StoreSettings());
        var third = await PutAsync("a/2");
        var events = await TakeAsync("a/", first.ModRevision, 2);
        Assert.Equal([second.ModRevision, third.ModRevision], events.Select(change => change.Entry.ModRevision));
        Assert.Equal("one", Text(events[0].Previous));
    }

    [Fact]
    public async Task Revisions_go_on_after_a_restart_and_never_back()
    {
        var last = await PutAsync("a/1");
        await Store.DeleteAsync(last.Key, last.ModRevision);
        await UseAsync(new StoreSettings());
        await UseAsync(new StoreSettings());
        Assert.Equal(last.ModRevision + 2, (await PutAsync("a/2")).ModRevision);
    }

    [Fact]
    public async Task A_time_to_live_goes_on_after_a_restart()
    {
        var entry = (await Store.PutAsync(Key("a/1"), Bytes("x"), 0, TimeSpan.FromSeconds(1)))!;
        await UseAsync(new StoreSettings { HousekeepingEvery = TimeSpan.FromMilliseconds(50) });
        await Network.TestKit.Eventually.TrueAsync(() => Store.Get(entry.Key) is null, Patience);
    }
}
