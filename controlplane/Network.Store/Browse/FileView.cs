using System.Runtime.CompilerServices;
using Microsoft.Data.Sqlite;
using Network.Store.Sqlite;

namespace Network.Store.Browse;

/// <summary>A store file, read beside the server that writes it: SQLite's write-ahead log gives every reader a state of its own.</summary>
public sealed class FileView : IStoreView
{
    private readonly string _path;
    private readonly SqliteConnection _connection;

    /// <exception cref="InvalidDataException">The file is damaged or no store.</exception>
    public FileView(string path)
    {
        _path = path;
        _connection = JournalFile.OpenForReading(path);
    }

    public IReadOnlyList<StoreRecord> Latest(string prefix)
    {
        var latest = new SortedDictionary<string, StoreRecord>(StringComparer.Ordinal);
        foreach (var record in Read(prefix))
        {
            if (record.Deleted)
                latest.Remove(record.Key);
            else
                latest[record.Key] = record;
        }

        return [.. latest.Values];
    }

    public IReadOnlyList<StoreRecord> History(string prefix) => [.. Read(prefix)];

    public async IAsyncEnumerable<StoreRecord> FollowAsync(string prefix, [EnumeratorCancellation] CancellationToken cancel)
    {
        // The file tells nobody when a commit becomes visible (that is a word in shared memory); asking for the version of the
        // data costs a read of it.
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        var seen = Extent().Revision;
        while (true)
        {
            var version = _connection.Scalar("PRAGMA data_version");
            foreach (var record in Above(seen))
            {
                seen = record.Revision;
                if (record.Key.StartsWith(prefix, StringComparison.Ordinal))
                    yield return record;
            }

            do
                await timer.WaitForNextTickAsync(cancel).ConfigureAwait(false);
            while (_connection.Scalar("PRAGMA data_version") == version);
        }
    }

    public (long Revision, long OldestRevision, long? FileBytes) Extent()
    {
        using var snapshot = _connection.BeginTransaction(deferred: true);
        var meta = JournalMeta.Read(_connection, _path);
        var revision = Math.Max(meta.Revision, _connection.Scalar("SELECT COALESCE(MAX(revision),0) FROM change", snapshot));
        return (revision, meta.Compacted, JournalFile.Bytes(_path));
    }

    public ValueTask DisposeAsync()
    {
        _connection.Dispose();
        return ValueTask.CompletedTask;
    }

    private IEnumerable<StoreRecord> Read(string prefix)
    {
        using var snapshot = _connection.BeginTransaction(deferred: true);
        foreach (var row in JournalFile.ReadChecked(_connection, _path))
        {
            if (row.Key.StartsWith(prefix, StringComparison.Ordinal))
                yield return Record(row);
        }
    }

    private List<StoreRecord> Above(long revision) => [.. JournalFile.ReadAbove(_connection, _path, revision).Select(Record)];

    private static StoreRecord Record(JournalRow row) => new(row.Revision, row.Key, row.Deleted, row.CreateRevision, row.Value)
    {
        WrittenAt = DateTimeOffset.FromUnixTimeMilliseconds(row.WrittenAt),
        ExpiresAt = row.ExpiresAt > 0 ? DateTimeOffset.FromUnixTimeMilliseconds(row.ExpiresAt) : null,
    };
}
