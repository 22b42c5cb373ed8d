using Microsoft.Data.Sqlite;

namespace Network.Store.Sqlite;

/// <summary>Opens a store file and reads it with every check: a damaged file is refused as a whole, never half loaded.</summary>
internal static class JournalFile
{
    private const int Format = 2;

    /// <summary>Beside the store: keeps other servers out, and is not empty once there has been a store.</summary>
    internal const string LockSuffix = ".lock";

    private const string Schema = """
        CREATE TABLE IF NOT EXISTS change(
            revision INTEGER PRIMARY KEY,
            key TEXT NOT NULL,
            deleted INTEGER NOT NULL,
            create_revision INTEGER NOT NULL,
            previous_revision INTEGER NOT NULL,
            expires_at INTEGER NOT NULL,
            written_at INTEGER NOT NULL,
            value BLOB NOT NULL,
            checksum INTEGER NOT NULL) STRICT;
        CREATE TABLE IF NOT EXISTS meta(name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
        """;

    /// <summary>Opens for writing; makes the file when there is none.</summary>
    internal static SqliteConnection Open(string path)
    {
        WalScan.Check(path);
        if (Length(path) == 0 && Length(path + LockSuffix) > 0)
            throw Damaged(path, "a store was here and the file is gone or empty");
        var connection = Connect(path, SqliteOpenMode.ReadWriteCreate);
        return Prepared(connection, path, () =>
        {
            connection.Execute("PRAGMA auto_vacuum=INCREMENTAL; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-4096;");
            CheckPages(connection, path);
            var format = connection.Scalar("PRAGMA user_version");
            if (format > Format)
                throw new InvalidDataException($"store {path}: format {format} is newer than this podnet knows ({Format}); run the podnet that wrote it");
            if (format == Format)
                return;
            using var transaction = connection.BeginTransaction();
            if (connection.Scalar("SELECT COUNT(*) FROM sqlite_schema WHERE name='change'", transaction) > 0)
                JournalUpgrade.FromFormat1(connection, transaction, Schema);
            else
                Begin(connection, transaction);
            connection.Execute($"PRAGMA user_version={Format}", transaction);
            transaction.Commit();
        });
    }

    /// <summary>Opens an existing file beside a running server, for reading only.</summary>
    internal static SqliteConnection OpenForReading(string path)
    {
        if (!File.Exists(path))
            throw new FileNotFoundException($"store {path}: there is no such file; name the server's data directory with --data-dir");
        var connection = Connect(path, SqliteOpenMode.ReadOnly);
        return Prepared(connection, path, () =>
        {
            if (connection.Scalar("PRAGMA user_version") != Format)
                throw new InvalidDataException($"store {path}: not a store of this podnet's format; start a server on it once, which upgrades it");
        });
    }

    /// <summary>All rows in revision order, checked one by one and as a whole.</summary>
    /// <exception cref="InvalidDataException">A row is damaged or missing.</exception>
    internal static IEnumerable<JournalRow> ReadChecked(SqliteConnection connection, string path)
    {
        var meta = JournalMeta.Read(connection, path);
        var (survivors, last) = (0L, meta.Compacted);
        foreach (var row in ReadAbove(connection, path, -1))
        {
            if (row.Revision <= meta.Compacted)
                survivors++;
            else if (row.Revision != ++last)
                throw Damaged(path, $"revision {last} is missing");
            yield return row;
        }

        if (survivors != meta.Survivors)
            throw Damaged(path, $"{meta.Survivors} entries were kept up to revision {meta.Compacted}, {survivors} are there");
        if (last < meta.Revision)
            throw Damaged(path, $"it had reached revision {meta.Revision} and ends at {last}");
    }

    /// <summary>Rows above a revision, checked one by one.</summary>
    internal static IEnumerable<JournalRow> ReadAbove(SqliteConnection connection, string path, long revision)
    {
        foreach (var (row, checksum) in Read(connection, path, revision))
            yield return checksum == RowChecksum.Of(row) ? row : throw Damaged(path, $"revision {row.Revision} ({row.Key}) does not match its checksum");
    }

    /// <summary>Bytes on disk with the write-ahead log.</summary>
    internal static long Bytes(string path) => Length(path) + Length(path + "-wal");

    internal static InvalidDataException Damaged(string path, string what, Exception? cause = null) => new(
        $"store {path}: damaged: {what}. Nothing was loaded. Stop the server and restore a backup: podnet store restore BACKUP --data-dir {Path.GetDirectoryName(Path.GetFullPath(path))}; or remove {path}* to begin with nothing", cause);

    /// <summary>Reads what SQLite can check by itself: the shape of every page.</summary>
    internal static void CheckPages(SqliteConnection connection, string path)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "PRAGMA quick_check(1)";
        if (command.ExecuteScalar() is not "ok" and var verdict)
            throw Damaged(path, $"{verdict}");
    }

    private static IEnumerable<(JournalRow Row, long Checksum)> Read(SqliteConnection connection, string path, long above)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT revision,key,deleted,create_revision,previous_revision,expires_at,written_at,value,checksum FROM change WHERE revision > $above ORDER BY revision";
        command.Parameters.AddWithValue("$above", above);
        using var reader = Guarded(path, command.ExecuteReader);
        while (Guarded(path, () => Next(reader)) is { } next)
            yield return next;
    }

    private static (JournalRow Row, long Checksum)? Next(SqliteDataReader reader) => reader.Read()
        ? (new JournalRow(reader.GetInt64(0), reader.GetString(1), reader.GetInt64(2) == 1, reader.GetInt64(3), reader.GetInt64(4),
            reader.GetInt64(5), reader.GetInt64(6), (byte[])reader.GetValue(7)), reader.GetInt64(8))
        : null;

    /// <summary>Reads from a file whose schema and types may be damaged too.</summary>
    internal static T Guarded<T>(string path, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is SqliteException or InvalidCastException or ArgumentException or FormatException or OverflowException)
        {
            throw Damaged(path, $"{e.Message} (or the file is no podnet store)", e);
        }
    }

    private static long Length(string path) => new FileInfo(path) is { Exists: true } file ? file.Length : 0;

    private static void Begin(SqliteConnection connection, SqliteTransaction transaction)
    {
        connection.Execute(Schema, transaction);
        default(JournalMeta).Write(connection, transaction);
    }

    private static SqliteConnection Connect(string path, SqliteOpenMode mode) =>
        new(new SqliteConnectionStringBuilder { DataSource = path, Mode = mode, Pooling = false, DefaultTimeout = 5 }.ToString());

    private static SqliteConnection Prepared(SqliteConnection connection, string path, Action prepare)
    {
        try
        {
            return Guarded(path, () =>
            {
                connection.Open();
                prepare();
                return connection;
            });
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }
}
