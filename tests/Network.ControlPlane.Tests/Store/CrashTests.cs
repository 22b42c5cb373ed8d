using System.Text;
using Network.Linux;
using Network.Store;
using Network.TestKit;
using Xunit;

namespace Network.ControlPlane.Tests.Store;

/// <summary>
/// A store in a process of its own is killed at random instants, again and again on the same file. PODNET_CRASH_ROUNDS
/// runs more rounds than a test run has time for.
/// </summary>
public sealed class CrashTests : IDisposable
{
    private const int Writers = 4;
    private readonly string _directory = Directory.CreateTempSubdirectory("podnet-crash-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task Every_acknowledged_write_survives_a_kill_and_no_other_appears_twice()
    {
        var rounds = int.TryParse(Environment.GetEnvironmentVariable("PODNET_CRASH_ROUNDS"), out var more) ? more : 15;
        var (random, file, written) = (new Random(20), Path.Combine(_directory, "store.db"), 0);
        var before = new Dictionary<string, string>(StringComparer.Ordinal);
        var reached = 0L;
        for (var round = 0; round < rounds; round++)
        {
            var log = Path.Combine(_directory, $"log-{round}");
            await RunAndKillAsync(file, log, round, TimeSpan.FromMilliseconds(random.Next(5, 120)));
            var told = Told.Read(log);
            Assert.True(told.OpenedAt >= reached, $"round {round}: opened at revision {told.OpenedAt}, had acknowledged {reached}");
            await using var store = new SqliteStore(file, new StoreSettings { MaxHistoryBytes = long.MaxValue, MaxHistoryAge = TimeSpan.FromDays(1) }, TimeProvider.System);
            Assert.True(store.Revision >= told.LastRevision, $"round {round}: revision {store.Revision}, acknowledged {told.LastRevision}");
            CheckState(store, told, before, round);
            await CheckHistoryAsync(store, round);
            before = store.List("/registry/").Entries.ToDictionary(entry => entry.Key, Text, StringComparer.Ordinal);
            (reached, written) = (store.Revision, written + told.Acknowledged.Count);
        }

        Assert.True(written > rounds * 3, $"{written} writes in {rounds} rounds are too few to show anything");
        TestContext.Current.TestOutputHelper?.WriteLine($"{rounds} kills, {written} acknowledged writes");
    }

    // A key is either as acknowledged last, or as the one write that was under way when the kill came.
    private static void CheckState(SqliteStore store, Told told, Dictionary<string, string> before, int round)
    {
        foreach (var key in before.Keys.Union(told.Acknowledged.Keys).Union(told.UnderWay.Keys))
        {
            var now = Text(store.Get(key));
            var acknowledged = told.Acknowledged.GetValueOrDefault(key) ?? before.GetValueOrDefault(key, "-");
            if (now != acknowledged)
                Assert.True(told.UnderWay.GetValueOrDefault(key) == now, $"round {round}: {key} is {Start(now)}, acknowledged was {Start(acknowledged)}");
        }
    }

    private static async Task CheckHistoryAsync(SqliteStore store, int round)
    {
        var values = new HashSet<string>(StringComparer.Ordinal);
        var last = store.OldestRevision;
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        if (last == store.Revision)
            return;
        await foreach (var change in store.WatchAsync("/registry/", last, patience.Token))
        {
            Assert.Equal(++last, change.Entry.ModRevision);
            if (change.Type == StoreEventType.Put)
                Assert.True(values.Add(Text(change.Entry)), $"round {round}: {Start(Text(change.Entry))} was written twice");
            if (last == store.Revision)
                break;
        }
    }

    private static async Task RunAndKillAsync(string file, string log, int round, TimeSpan after)
    {
        var child = ChildProgram.Start(log, "store", file, $"{round}", $"{Writers}");
        try
        {
            await Eventually.TrueAsync(() => File.Exists(log) && File.ReadAllText(log).Contains("done "), TimeSpan.FromSeconds(30), () => File.ReadAllText(log));
            await Task.Delay(after);
        }
        finally
        {
            child.Kill(Processes.SIGKILL);
            child.Wait();
        }
    }

    private static string Text(StoreEntry? entry) => entry is null ? "-" : Encoding.UTF8.GetString(entry.Value.Span);

    private static string Start(string value) => value.TrimEnd('x');

    /// <summary>What the child said before it died.</summary>
    private sealed record Told(long OpenedAt, long LastRevision, Dictionary<string, string> Acknowledged, Dictionary<string, string> UnderWay)
    {
        internal static Told Read(string log)
        {
            var (opened, last) = (0L, 0L);
            var acknowledged = new Dictionary<string, string>(StringComparer.Ordinal);
            var begun = new Dictionary<string, (string Key, string Value)>(StringComparer.Ordinal);
            foreach (var words in File.ReadLines(log).Select(line => line.Split(' ')))
            {
                if (words is ["open", var revision])
                    opened = long.Parse(revision);
                else if (words is ["begin", var writer, var key, var value])
                    begun[writer] = (key, value);
                else if (words is ["done", var who, var what, var at] && begun.Remove(who, out var write))
                    (acknowledged[what], last) = (write.Value, Math.Max(last, long.Parse(at)));
                else
                    throw new InvalidDataException($"the child said: {string.Join(' ', words)}");
            }

            return new Told(opened, last, acknowledged, begun.Values.ToDictionary(write => write.Key, write => write.Value, StringComparer.Ordinal));
        }
    }
}
