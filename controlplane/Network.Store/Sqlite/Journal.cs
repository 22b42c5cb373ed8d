using Microsoft.Data.Sqlite;

namespace Network.Store.Sqlite;

/// <summary>
/// The durable half: an append-only table of changes in SQLite (WAL, synchronous=FULL: a commit returns after fsync).
/// The latest row of each key is the state, the others are history until compaction removes them. Used by one thread.
/// </summary>
internal sealed class Journal : IDisposable
{
    private const string Schema = """
        CREATE TABLE IF NOT EXISTS change(
            revision INTEGER PRIMARY KEY,
            key TEXT NOT NULL,
            deleted INTEGER NOT NULL,
            create_revision INTEGER NOT NULL,
            previous_revision INTEGER NOT NULL,
            expires_at INTEGER NOT NULL,
            written_at INTEGER NOT NULL,
            value BLOB NOT NULL) STRICT;
        CREATE INDEX IF NOT EXISTS change_key ON change(key, revision);
        CREATE TABLE IF NOT EXISTS meta(name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
        INSERT OR IGNORE INTO meta(name, value) VALUES('compacted', 0), ('format', 1), ('revision', 0);
        """;

    private readonly SqliteConnection _connection;
    private readonly SqliteCommand _insert;

    internal Journal(string path)
    {
        _connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Pooling = false, DefaultTimeout = 1 }.ToString());
        try
        {
            _connection.Open();
            Execute("PRAGMA auto_vacuum=INCREMENTAL; PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;");
            Check(path);
            Execute(Schema);
        }
        catch (SqliteException e)
        {
            _connection.Dispose();
            throw new InvalidDataException(
                $"store {path}: {e.Message}. The file is damaged, not a podnet store, or in use by another server; restore it from a backup or stop the other server", e);
        }

        _insert = _connection.CreateCommand();
        _insert.CommandText = "INSERT INTO change VALUES($r,$k,$d,$c,$p,$e,$w,$v)";
        foreach (var name in (string[])["$r", "$k", "$d", "$c", "$p", "$e", "$w", "$v"])
            _insert.Parameters.Add(new SqliteParameter { ParameterName = name });
        _insert.Prepare();
    }

    /// <summary>Appends a group of changes in one transaction; durable when it returns.</summary>
    internal void Append(IReadOnlyList<JournalRow> rows)
    {
        using var transaction = _connection.BeginTransaction();
        _insert.Transaction = transaction;
        foreach (var row in rows)
        {
            _insert.Parameters[0].Value = row.Change.Entry.ModRevision;
            _insert.Parameters[1].Value = row.Change.Entry.Key;
            _insert.Parameters[2].Value = row.Change.Type == StoreEventType.Delete ? 1 : 0;
            _insert.Parameters[3].Value = row.Change.Entry.CreateRevision;
            _insert.Parameters[4].Value = row.Change.Previous?.ModRevision ?? 0;
            _insert.Parameters[5].Value = row.ExpiresAt;
            _insert.Parameters[6].Value = row.WrittenAt;
            _insert.Parameters[7].Value = row.Change.Entry.Value.ToArray();
            _insert.ExecuteNonQuery();
        }

        transaction.Commit();
    }

    internal long Compacted => Scalar("SELECT value FROM meta WHERE name='compacted'");

    internal long LastRevision => Math.Max(Scalar("SELECT COALESCE(MAX(revision),0) FROM change"), Scalar("SELECT value FROM meta WHERE name='revision'"));

    /// <summary>All rows in revision order.</summary>
    internal IEnumerable<JournalRow> ReadAll()
    {
        var latest = new Dictionary<string, StoreEntry>(StringComparer.Ordinal);
        using var command = _connection.CreateCommand();
        command.CommandText = "SELECT revision,key,deleted,create_revision,expires_at,written_at,value FROM change ORDER BY revision";
        using var reader = command.ExecuteReader();
        while (reader.Read())
        {
            var key = reader.GetString(1);
            var entry = new StoreEntry(key, (byte[])reader.GetValue(6), reader.GetInt64(3), reader.GetInt64(0));
            var type = reader.GetInt64(2) == 1 ? StoreEventType.Delete : StoreEventType.Put;
            var previous = latest.GetValueOrDefault(key);
            if (type == StoreEventType.Delete)
                latest.Remove(key);
            else
                latest[key] = entry;
            yield return new JournalRow(new StoreEvent(type, entry, previous), reader.GetInt64(4), reader.GetInt64(5));
        }
    }

    /// <summary>The newest revision written at or before a time (Unix milliseconds); 0 when there is none.</summary>
    internal long RevisionAt(long unixMs) => Scalar($"SELECT COALESCE(MAX(revision),0) FROM change WHERE written_at <= {unixMs}");

    /// <summary>Drops what was superseded or deleted at or before a revision, and gives pages back to the file system.</summary>
    internal void Compact(long revision)
    {
        using (var transaction = _connection.BeginTransaction())
        {
            Execute($"""
                UPDATE meta SET value=(SELECT MAX(value, (SELECT COALESCE(MAX(revision),0) FROM change)) FROM meta WHERE name='revision') WHERE name='revision';
                DELETE FROM change WHERE revision <= {revision} AND (deleted = 1
                    OR EXISTS(SELECT 1 FROM change newer WHERE newer.key = change.key AND newer.revision > change.revision AND newer.revision <= {revision}));
                UPDATE meta SET value={revision} WHERE name='compacted' AND value < {revision};
                """, transaction);
            transaction.Commit();
        }

        Execute("PRAGMA incremental_vacuum; PRAGMA wal_checkpoint(TRUNCATE);");
    }

    public void Dispose()
    {
        _insert.Dispose();
        _connection.Dispose();
    }

    private void Check(string path)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = "PRAGMA quick_check(1)";
        if (command.ExecuteScalar() is not "ok" and var verdict)
            throw new InvalidDataException($"store {path}: damaged ({verdict}); restore it from a backup");
    }

    private long Scalar(string sql)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = sql;
        return Convert.ToInt64(command.ExecuteScalar());
    }

    private void Execute(string sql, SqliteTransaction? transaction = null)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = sql;
        command.Transaction = transaction;
        command.ExecuteNonQuery();
    }
}

/// <summary>A change as it stands in the journal. Times are Unix milliseconds; ExpiresAt 0 means never.</summary>
internal sealed record JournalRow(StoreEvent Change, long ExpiresAt, long WrittenAt);
