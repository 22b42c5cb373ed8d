using System.Globalization;
using System.Text;
using Network.Store;
using Xunit;

namespace Network.ControlPlane.Tests.Store;

/// <summary>
/// A thousand watchers, ten thousand writes, watches that break off and resume at random, history that is compacted under
/// them: every watcher sees every change once and in order, or is told that it has to list again.
/// </summary>
public sealed class WatchTortureTests : IDisposable
{
    private const int Keys = 20;
    private const int Watchers = 1000;
    private const int Writes = 10_000;
    private readonly string _directory = Directory.CreateTempSubdirectory("podnet-torture-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task Every_watcher_sees_every_change_once_and_in_order_or_is_told_to_list_again()
    {
        // Room for a few hundred changes, so that slow ones find their revision compacted.
        var settings = new StoreSettings { MaxHistoryBytes = 100_000, MaxWatcherLag = 64, HousekeepingEvery = TimeSpan.FromMilliseconds(50) };
        await using var store = new SqliteStore(Path.Combine(_directory, "store.db"), settings, TimeProvider.System);
        for (var key = 0; key < Keys; key++)
            await store.PutAsync(Key(key), Encoding.UTF8.GetBytes("0"), 0);
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        var watching = Enumerable.Range(0, Watchers).Select(watcher => Task.Run(() => WatchAsync(store, watcher, patience.Token))).ToArray();
        await Task.WhenAll(Enumerable.Range(0, Keys).Select(key => Task.Run(async () =>
        {
            for (var i = 1; i <= Writes / Keys; i++)
                await store.PutAsync(Key(key), Encoding.UTF8.GetBytes(i.ToString(CultureInfo.InvariantCulture)), store.Get(Key(key))!.ModRevision);
        })));
        var counts = await Task.WhenAll(watching);
        var (seen, resumed, listed) = (counts.Sum(count => count.Seen), counts.Sum(count => count.Resumed), counts.Sum(count => count.Listed));
        TestContext.Current.TestOutputHelper?.WriteLine($"{seen} events seen, {resumed} watches resumed, {listed} lists");
        Assert.True(resumed > Watchers, $"{resumed} watches resumed are too few");
        Assert.True(listed > 0, "nobody was ever too late, so compaction was not tried");
        Assert.Equal(0, store.Size.Watchers);
    }

    private static async Task<(int Seen, int Resumed, int Listed)> WatchAsync(SqliteStore store, int watcher, CancellationToken cancel)
    {
        var random = new Random(watcher);
        var key = Key(watcher % Keys);
        var (value, revision) = List(store, key);
        var (seen, resumed, listed) = (0, 0, 0);
        while (value < Writes / Keys)
        {
            try
            {
                var most = random.Next(1, 200);
                await foreach (var change in store.WatchAsync(key, revision, cancel))
                {
                    // One step at a time: nothing left out, nothing twice, nothing swapped.
                    Assert.Equal(value + 1, Value(change.Entry));
                    Assert.True(change.Entry.ModRevision > revision);
                    (value, revision, seen) = (value + 1, change.Entry.ModRevision, seen + 1);
                    if (value == Writes / Keys || --most == 0)
                        break;
                    // Some read slowly.
                    if (watcher % 10 == 0 && random.Next(20) == 0)
                        await Task.Delay(random.Next(30), cancel);
                }

                resumed++;
                if (random.Next(5) == 0)
                    await Task.Delay(random.Next(watcher % 10 == 0 ? 1500 : 100), cancel);
            }
            catch (Exception e) when (e is CompactedException or WatchOverrunException)
            {
                if (e is CompactedException)
                {
                    var (newer, at) = List(store, key);
                    Assert.True(newer >= value && at > revision);
                    (value, revision, listed) = (newer, at, listed + 1);
                }
            }
        }

        return (seen, resumed, listed);
    }

    private static (int Value, long Revision) List(SqliteStore store, string key)
    {
        var list = store.List(key);
        return (Value(list.Entries[0]), list.Revision);
    }

    private static int Value(StoreEntry entry) => int.Parse(Encoding.UTF8.GetString(entry.Value.Span), CultureInfo.InvariantCulture);

    private static string Key(int key) => $"/registry/{key:00}/";
}
