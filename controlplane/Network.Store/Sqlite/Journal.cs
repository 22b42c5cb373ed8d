using Microsoft.Data.Sqlite;

namespace Network.Store.Sqlite;

/// <summary>
/// The durable half: an append-only table of changes in SQLite (WAL, synchronous=FULL: a commit returns after fsync).
/// The latest row of each key is the state, the others are history until compaction removes them. Used by one thread.
/// </summary>
internal sealed class Journal : IDisposable
{
    private readonly string _path;
    private readonly FileStream _lock;
    private readonly SqliteConnection _connection;
    private readonly JournalInsert _insert;
    private JournalMeta _meta;

    internal Journal(string path)
    {
        _path = path;
        _lock = Lock(path);
        try
        {
            _connection = JournalFile.Open(path);
            _meta = JournalMeta.Read(_connection, path);
            _insert = new JournalInsert(_connection);
        }
        catch
        {
            _connection?.Dispose();
            _lock.Dispose();
            throw;
        }
    }

    internal long Compacted => _meta.Compacted;

    /// <summary>The highest revision that compaction has seen; rows may reach further.</summary>
    internal long Revision => _meta.Revision;

    /// <summary>Bytes on disk.</summary>
    internal long FileBytes => Length(_path) + Length(_path + "-wal");

    /// <summary>
    /// Keeps other servers out. SQLite's own exclusive mode would also keep readers out, and people want to look into the
    /// store of a running server.
    /// </summary>
    internal static FileStream Lock(string path)
    {
        try
        {
            return new FileStream(path + ".lock", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e) when (e is not (DirectoryNotFoundException or FileNotFoundException))
        {
            throw new InvalidDataException($"store {path}: in use by another server; stop it, or give this one a --data-dir of its own", e);
        }
    }

    /// <summary>All rows in revision order. A damaged or missing one is refused with <see cref="InvalidDataException"/>.</summary>
    internal IEnumerable<JournalRow> ReadAll() => JournalFile.ReadChecked(_connection, _path);

    /// <summary>Appends a group of changes in one transaction; durable when it returns.</summary>
    internal void Append(IReadOnlyList<PlannedChange> changes)
    {
        using var transaction = _connection.BeginTransaction();
        foreach (var change in changes)
            _insert.Run(JournalRow.Of(change), transaction);
        transaction.Commit();
    }

    /// <summary>
    /// Drops what was superseded or deleted at or before a revision, and gives pages back to the file system. Every row
    /// names the one it superseded, so only rows since the last compaction are read.
    /// </summary>
    internal void Compact(long revision, long lastRevision)
    {
        var (from, to) = (_meta.Compacted, revision);
        using (var transaction = _connection.BeginTransaction())
        {
            var added = _connection.Scalar($"SELECT COUNT(*) FROM change WHERE revision > {from} AND revision <= {to}", transaction);
            var dropped = _connection.Execute($"""
                DELETE FROM change WHERE revision IN (SELECT previous_revision FROM change WHERE revision > {from} AND revision <= {to} AND previous_revision > 0);
                """, transaction);
            dropped += _connection.Execute($"DELETE FROM change WHERE revision > {from} AND revision <= {to} AND deleted = 1", transaction);
            var meta = new JournalMeta(to, _meta.Survivors + added - dropped, lastRevision);
            meta.Write(_connection, transaction);
            transaction.Commit();
            _meta = meta;
        }

        _connection.Execute("PRAGMA incremental_vacuum; PRAGMA wal_checkpoint(TRUNCATE);");
    }

    /// <summary>Only for a file no server works on: moves on to a later revision without history, so that no client takes its old revisions for current.</summary>
    internal void Jump(long lastRevision, long toRevision)
    {
        Compact(lastRevision, lastRevision);
        using var transaction = _connection.BeginTransaction();
        var meta = _meta with { Compacted = toRevision, Revision = toRevision };
        meta.Write(_connection, transaction);
        transaction.Commit();
        _meta = meta;
    }

    public void Dispose()
    {
        _insert.Dispose();
        _connection.Dispose();
        _lock.Dispose();
    }

    private static long Length(string path) => new FileInfo(path) is { Exists: true } file ? file.Length : 0;
}
