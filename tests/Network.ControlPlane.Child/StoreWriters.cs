using System.Text;
using Network.Store;

namespace Network.ControlPlane.Child;

/// <summary>
/// Writers that say on stdout what they are about to do and what was acknowledged, a line each, until they are killed:
/// <c>begin WRITER KEY VALUE|-</c> and <c>done WRITER KEY REVISION</c>.
/// </summary>
internal static class StoreWriters
{
    private const int KeysAWriter = 20;

    internal static async Task<int> RunAsync(string file, int round, int writers)
    {
        // Every other round compacts as fast as it can, so that kills also fall into compactions.
        var settings = round % 2 == 0
            ? new StoreSettings { MaxHistoryBytes = long.MaxValue, MaxHistoryAge = TimeSpan.FromDays(1) }
            : new StoreSettings { MaxHistoryBytes = 50_000, MaxHistoryAge = TimeSpan.Zero, HousekeepingEvery = TimeSpan.FromMilliseconds(5) };
        await using var store = new SqliteStore(file, settings, TimeProvider.System);
        using var output = Console.OpenStandardOutput();
        Say(output, $"open {store.Revision}");
        await Task.WhenAll(Enumerable.Range(0, writers).Select(writer => Task.Run(() => WriteAsync(store, output, writer, round))));
        return 0;
    }

    private static async Task WriteAsync(SqliteStore store, Stream output, int writer, int round)
    {
        var random = new Random((round * 1000) + writer);
        for (var step = 0; ; step++)
        {
            var key = $"/registry/w{writer}/{random.Next(KeysAWriter)}";
            var current = store.Get(key);
            var delete = current is not null && random.Next(4) == 0;
            var value = $"{round}.{writer}.{step}.{new string('x', random.Next(2000))}";
            Say(output, $"begin {writer} {key} {(delete ? "-" : value)}");
            var entry = delete
                ? await store.DeleteAsync(key, current!.ModRevision)
                : await store.PutAsync(key, Encoding.UTF8.GetBytes(value), current?.ModRevision ?? 0);
            Say(output, $"done {writer} {key} {entry!.ModRevision}");
        }
    }

    // One write call a line, so that a kill never tears one.
    private static void Say(Stream output, string line)
    {
        var bytes = Encoding.UTF8.GetBytes(line + "\n");
        lock (output)
            output.Write(bytes);
    }
}
