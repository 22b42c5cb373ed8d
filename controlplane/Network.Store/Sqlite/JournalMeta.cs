using Microsoft.Data.Sqlite;

namespace Network.Store.Sqlite;

/// <summary>
/// What the file says about itself. Compacted: history up to here is gone. Survivors: how many rows up to there are left,
/// each the latest of its key. Revision: the highest that was ever given, also when its row is compacted.
/// </summary>
internal readonly record struct JournalMeta(long Compacted, long Survivors, long Revision)
{
    internal static JournalMeta Read(SqliteConnection connection, string path) => JournalFile.Guarded(path, () => ReadChecked(connection, path));

    private static JournalMeta ReadChecked(SqliteConnection connection, string path)
    {
        var values = new Dictionary<string, long>(StringComparer.Ordinal);
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT name, value FROM meta";
        using var reader = command.ExecuteReader();
        while (reader.Read())
            values[reader.GetString(0)] = reader.GetInt64(1);
        var meta = new JournalMeta(values.GetValueOrDefault("compacted"), values.GetValueOrDefault("survivors"), values.GetValueOrDefault("revision"));
        return values.GetValueOrDefault("checksum", -1) == meta.Checksum ? meta : throw JournalFile.Damaged(path, "its table meta does not match its checksum");
    }

    internal void Write(SqliteConnection connection, SqliteTransaction transaction)
    {
        using var command = connection.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = $"""
            INSERT OR REPLACE INTO meta(name, value) VALUES('compacted', {Compacted}), ('survivors', {Survivors}), ('revision', {Revision}), ('checksum', {Checksum});
            """;
        command.ExecuteNonQuery();
    }

    private long Checksum => RowChecksum.Of([Compacted, Survivors, Revision]);
}
