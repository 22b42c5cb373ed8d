using Network.Store.Sqlite;

namespace Network.Store;

/// <summary>Copies of a store file: taken while the server runs, put back while it does not.</summary>
public static class StoreBackup
{
    // etcd's own advice for its restore: more than any cluster writes between a backup and the accident.
    private const long RevisionJump = 1_000_000_000;

    /// <summary>Writes one consistent state of the store to a file; it is whole on disk, or not there. Returns its revision.</summary>
    public static long Take(string path, string backup)
    {
        if (File.Exists(backup))
            throw new IOException($"backup {backup}: exists already; name a new file");
        var unfinished = backup + ".unfinished";
        File.Delete(unfinished);
        using (var connection = JournalFile.OpenForReading(path))
        {
            using var command = connection.CreateCommand();
            command.CommandText = "VACUUM INTO $file";
            command.Parameters.AddWithValue("$file", unfinished);
            command.ExecuteNonQuery();
        }

        var revision = Check(unfinished);
        using (var file = new FileStream(unfinished, FileMode.Open, FileAccess.ReadWrite))
            file.Flush(flushToDisk: true);
        File.Move(unfinished, backup);
        return revision;
    }

    /// <summary>
    /// Puts a backup in the store's place; what was there is kept beside it. Revisions go on far above all that were given
    /// before and without history, so clients that saw later revisions list again instead of waiting for them.
    /// </summary>
    public static long Restore(string backup, string path)
    {
        Check(backup);
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        using (Journal.Lock(path))
        {
            var fresh = path + ".restoring";
            File.Copy(backup, fresh, overwrite: true);
            long revision;
            using (var journal = new Journal(fresh))
                revision = journal.Jump(RevisionJump);
            foreach (var end in (string[])["", "-wal", "-shm"])
            {
                if (File.Exists(path + end))
                    File.Move(path + end, path + ".before-restore" + end, overwrite: true);
            }

            File.Move(fresh, path);
            File.Delete(fresh + ".lock");
            return revision;
        }
    }

    private static long Check(string path)
    {
        using var connection = JournalFile.OpenForReading(path);
        JournalFile.CheckPages(connection, path);
        var last = JournalMeta.Read(connection, path).Revision;
        foreach (var row in JournalFile.ReadChecked(connection, path))
            last = Math.Max(last, row.Revision);
        return last;
    }
}
