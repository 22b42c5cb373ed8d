using Microsoft.Data.Sqlite;

namespace Network.Store.Sqlite;

/// <summary>Format 1 had no checksums and found superseded rows by an index, which format 2 does without.</summary>
internal static class JournalUpgrade
{
    internal static void FromFormat1(SqliteConnection connection, SqliteTransaction transaction, string schema)
    {
        var (compacted, revision) = (Meta(connection, transaction, "compacted"), Meta(connection, transaction, "revision"));
        connection.Execute("DROP INDEX IF EXISTS change_key; ALTER TABLE change RENAME TO change_1;", transaction);
        connection.Execute(schema, transaction);
        var survivors = 0L;
        using (var insert = new JournalInsert(connection))
        using (var command = connection.CreateCommand())
        {
            command.Transaction = transaction;
            command.CommandText = "SELECT revision,key,deleted,create_revision,previous_revision,expires_at,written_at,value FROM change_1 ORDER BY revision";
            using var reader = command.ExecuteReader();
            while (reader.Read())
            {
                var row = new JournalRow(reader.GetInt64(0), reader.GetString(1), reader.GetInt64(2) == 1, reader.GetInt64(3), reader.GetInt64(4),
                    reader.GetInt64(5), reader.GetInt64(6), (byte[])reader.GetValue(7));
                survivors += row.Revision <= compacted ? 1 : 0;
                insert.Run(row, transaction);
            }
        }

        connection.Execute("DROP TABLE change_1", transaction);
        new JournalMeta(compacted, survivors, revision).Write(connection, transaction);
    }

    private static long Meta(SqliteConnection connection, SqliteTransaction transaction, string name) =>
        connection.Scalar($"SELECT COALESCE((SELECT value FROM meta WHERE name='{name}'), 0)", transaction);
}
