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
            if (_lock.Length == 0)
                _lock.Write("a podnet store is beside this file\n"u8);
            _lock.Flush(flushToDisk: true);
        }
        catch
        {
            _connection?.Dispose();
            _lock.Dispose();
            throw;
        }
    }

    internal long Compacted => _meta.Compacted;

    /// <summary>Bytes on disk.</summary>
    internal long FileBytes => JournalFile.Bytes(_path);

    /// <summary>
    /// Keeps other servers out. SQLite's own exclusive mode would also keep readers out, and people want to look into the
    /// store of a running server.
    /// </summary>
    internal static FileStream Lock(string path)
    {
        try
        {
            return new FileStream(path + JournalFile.LockSuffix, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
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

    /// <summary>
    /// For a restored file: moves on by so many revisions and forgets all history, so that no client takes the revisions it
    /// has for current ones. Returns the revision moved to.
    /// </summary>
    internal long Jump(long by)
    {
        var last = Math.Max(_meta.Revision, _connection.Scalar("SELECT COALESCE(MAX(revision),0) FROM change"));
        Compact(last, last);
        using var transaction = _connection.BeginTransaction();
        var meta = _meta with { Compacted = last + by, Revision = last + by };
        meta.Write(_connection, transaction);
        transaction.Commit();
        _meta = meta;
        return meta.Revision;
    }

    public void Dispose()
    {
        _insert.Dispose();
        _connection.Dispose();
        _lock.Dispose();
    }
}
