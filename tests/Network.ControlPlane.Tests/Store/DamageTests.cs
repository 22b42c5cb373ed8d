using System.Text;
using Network.Store;
using Xunit;

namespace Network.ControlPlane.Tests.Store;

/// <summary>A damaged store file is refused by name with the way out, or the damage touched nothing that is read.</summary>
public sealed class DamageTests : IDisposable
{
    private const int Writes = 300;
    private readonly string _directory = Directory.CreateTempSubdirectory("podnet-damage-").FullName;

    private string Whole => Path.Combine(_directory, "whole", "store.db");

    private string Broken => Path.Combine(_directory, "broken", "store.db");

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task A_flipped_bit_is_refused_or_harmless()
    {
        var state = await WriteAsync(compact: true);
        var bytes = await File.ReadAllBytesAsync(Whole, TestContext.Current.CancellationToken);
        var (random, refused) = (new Random(4), 0);
        for (var i = 0; i < 200; i++)
        {
            var flipped = (byte[])bytes.Clone();
            // The first pages hold the header, the schema and the root of the tree; let half of the flips fall there.
            flipped[random.Next(i % 2 == 0 ? flipped.Length : 3 * 4096)] ^= (byte)(1 << random.Next(8));
            refused += await OpenAsync(flipped, null) is { } other ? Same(state, other) : 1;
        }

        Assert.True(refused > 40, $"{refused} of 200 refused, which is too few to show anything");
    }

    [Fact]
    public async Task A_truncated_file_is_refused_at_every_length()
    {
        await WriteAsync(compact: true);
        var bytes = await File.ReadAllBytesAsync(Whole, TestContext.Current.CancellationToken);
        for (var length = 0; length < bytes.Length; length += length < 8192 ? 1024 : 4096 * 3)
            Assert.Null(await OpenAsync(bytes[..length], null));
    }

    [Fact]
    public async Task A_flipped_bit_in_the_log_never_loses_an_acknowledged_write_but_the_last()
    {
        await using var store = Create();
        var state = await FillAsync(store);
        // As a kill leaves them.
        var (bytes, wal) = (ReadShared(Whole), ReadShared(Whole + "-wal"));
        Assert.True(wal.Length > 100_000, $"{wal.Length} bytes in the log");
        var (random, refused) = (new Random(5), 0);
        for (var i = 0; i < 100; i++)
        {
            var flipped = (byte[])wal.Clone();
            flipped[random.Next(i % 4 == 0 ? 64 : wal.Length)] ^= (byte)(1 << random.Next(8));
            var other = await OpenAsync(bytes, flipped);
            refused += other is null ? 1 : 0;
            if (other is not null)
                Assert.True(other.Keys.Max() >= state.Keys.Max() - 1, $"flip {i}: revision {other.Keys.Max()} of {state.Keys.Max()}");
        }

        Assert.True(refused > 80, $"{refused} of 100 refused");
        Assert.NotNull(await OpenAsync(bytes, wal));
    }

    [Fact]
    public async Task A_missing_row_is_refused()
    {
        await WriteAsync(compact: false);
        await using (var connection = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={Whole};Pooling=false"))
        {
            connection.Open();
            await using var command = connection.CreateCommand();
            command.CommandText = "DELETE FROM change WHERE revision = 100";
            Assert.Equal(1, await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken));
        }

        Assert.Contains("revision 100 is missing", Assert.Throws<InvalidDataException>(Create).Message);
    }

    [Fact]
    public async Task A_store_that_has_vanished_is_not_taken_for_a_new_one()
    {
        await WriteAsync(compact: false);
        File.Delete(Whole);
        var refused = Assert.Throws<InvalidDataException>(Create);
        Assert.Contains(Whole, refused.Message);
        Assert.Contains("podnet store restore", refused.Message);
    }

    private static int Same(Dictionary<long, string> state, Dictionary<long, string> other)
    {
        Assert.Equal(state.OrderBy(pair => pair.Key), other.OrderBy(pair => pair.Key));
        return 0;
    }

    private SqliteStore Create()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Whole)!);
        return new SqliteStore(Whole, new StoreSettings(), TimeProvider.System);
    }

    private async Task<Dictionary<long, string>> WriteAsync(bool compact)
    {
        await using (var store = Create())
            await FillAsync(store);
        if (compact)
        {
            var settings = new StoreSettings { MaxHistoryAge = TimeSpan.FromMilliseconds(-2000), HousekeepingEvery = TimeSpan.FromMilliseconds(10) };
            await using var store = new SqliteStore(Whole, settings, TimeProvider.System);
            await Network.TestKit.Eventually.TrueAsync(() => store.OldestRevision == Writes, TimeSpan.FromSeconds(20));
            for (var i = 0; i < 20; i++)
                await store.PutAsync($"/registry/late/{i}", Encoding.UTF8.GetBytes("x"), 0);
        }

        await using var again = new SqliteStore(Whole, new StoreSettings(), TimeProvider.System);
        return State(again);
    }

    private static async Task<Dictionary<long, string>> FillAsync(SqliteStore store)
    {
        for (var i = 0; i < Writes; i++)
        {
            var key = $"/registry/pods/{i % 100}";
            await store.PutAsync(key, Encoding.UTF8.GetBytes($"{i}-{new string('v', 700)}"), store.Get(key)?.ModRevision ?? 0);
        }

        return State(store);
    }

    // Null when the file is refused, which must be in the right words.
    private async Task<Dictionary<long, string>?> OpenAsync(byte[] file, byte[]? wal)
    {
        if (Directory.Exists(Path.GetDirectoryName(Broken)))
            Directory.Delete(Path.GetDirectoryName(Broken)!, recursive: true);
        Directory.CreateDirectory(Path.GetDirectoryName(Broken)!);
        await File.WriteAllBytesAsync(Broken, file);
        await File.WriteAllTextAsync(Broken + ".lock", "a podnet store is beside this file\n");
        if (wal is not null)
            await File.WriteAllBytesAsync(Broken + "-wal", wal);
        try
        {
            await using var store = new SqliteStore(Broken, new StoreSettings(), TimeProvider.System);
            return State(store);
        }
        catch (InvalidDataException e)
        {
            Assert.StartsWith($"store {Broken}: ", e.Message);
            return null;
        }
    }

    private static Dictionary<long, string> State(SqliteStore store) =>
        store.List("/registry/").Entries.ToDictionary(entry => entry.ModRevision, entry => entry.Key + Encoding.UTF8.GetString(entry.Value.Span));

    private static byte[] ReadShared(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        var bytes = new byte[file.Length];
        file.ReadExactly(bytes);
        return bytes;
    }
}
