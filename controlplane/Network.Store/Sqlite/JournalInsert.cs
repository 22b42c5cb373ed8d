using Microsoft.Data.Sqlite;

namespace Network.Store.Sqlite;

/// <summary>The one prepared statement of the write path.</summary>
internal sealed class JournalInsert : IDisposable
{
    private readonly SqliteCommand _command;

    internal JournalInsert(SqliteConnection connection)
    {
        _command = connection.CreateCommand();
        _command.CommandText = "INSERT INTO change VALUES($r,$k,$d,$c,$p,$e,$w,$v,$s)";
        foreach (var name in (string[])["$r", "$k", "$d", "$c", "$p", "$e", "$w", "$v", "$s"])
            _command.Parameters.Add(new SqliteParameter { ParameterName = name });
    }

    internal void Run(in JournalRow row, SqliteTransaction transaction)
    {
        _command.Transaction = transaction;
        var parameters = _command.Parameters;
        parameters[0].Value = row.Revision;
        parameters[1].Value = row.Key;
        parameters[2].Value = row.Deleted ? 1L : 0L;
        parameters[3].Value = row.CreateRevision;
        parameters[4].Value = row.PreviousRevision;
        parameters[5].Value = row.ExpiresAt;
        parameters[6].Value = row.WrittenAt;
        parameters[7].Value = row.Value;
        parameters[8].Value = RowChecksum.Of(row);
        _command.ExecuteNonQuery();
    }

    public void Dispose() => _command.Dispose();
}
