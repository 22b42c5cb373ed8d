using System.Globalization;
using Network.Cni.Ipam;
using Network.Cni.Protocol;
using Network.TestKit;
using Xunit;

namespace Network.Overlay.Tests.Cni;

/// <summary>The index beside the journal: it makes calls fast, and whatever happens to it, the answers are the journal's.</summary>
public sealed class LeaseIndexTests : IDisposable
{
    private const string Boot = "11111111-1111-1111-1111-111111111111";
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("index");

    private string JournalPath => Path.Combine(_folder.FullName, "podnet", "leases");

    private string IndexPath => JournalPath + ".index";

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void Journal_of_a_version_without_index_is_read_and_gets_one()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(JournalPath)!);
        // Written by version 0.1.0, released address and all.
        File.WriteAllLines(JournalPath, Sealed($"podnet-leases 1 {Boot}", "+ 10.244.0.2 a eth0", "+ 10.244.0.3 b eth0", "- 10.244.0.2 a eth0", "+ fd00:1::2 b eth0"));

        using (var pool = Open())
        {
            Assert.Equal("10.244.0.3", Grant(pool, "b"));
            Assert.Equal("10.244.0.4", Grant(pool, "c"));
        }

        Assert.True(File.Exists(IndexPath));
        using var again = Open();
        Assert.Equal(["10.244.0.3", "fd00:1::2"], again.Find(Of("b")).Select(lease => lease.Address.ToString()));
        Assert.Equal(3, again.Leases.Count);
    }

    [Fact]
    public void Calls_read_the_same_few_pages_among_five_leases_and_among_thousands()
    {
        using (var pool = Open())
        {
            for (var i = 0; i < 5; i++)
                Grant(pool, $"c{i}");
        }

        var few = ReadBy(() => AddAndRelease("few"));
        Directory.CreateDirectory(Path.GetDirectoryName(JournalPath)!);
        File.WriteAllLines(JournalPath, Sealed([$"podnet-leases 1 {Boot}", .. Enumerable.Range(2, 5000).Select(i => $"+ 10.244.{i >> 8}.{i & 255} filled-{i} eth0")]));
        AddAndRelease("index");

        var many = ReadBy(() => AddAndRelease("many"));

        Assert.InRange(few, 1, 64 * 1024);
        Assert.InRange(many, 1, 64 * 1024);
    }

    [Fact]
    public void Lost_index_changes_no_answer()
    {
        var model = new Dictionary<string, string>();
        Work(new Random(1), 120, model, () => File.Delete(IndexPath));
    }

    [Fact]
    public void Damaged_index_changes_no_answer()
    {
        var model = new Dictionary<string, string>();
        var random = new Random(2);
        Work(random, 200, model, () =>
        {
            var bytes = File.ReadAllBytes(IndexPath);
            if (random.Next(4) == 0)
                Array.Resize(ref bytes, random.Next(bytes.Length));
            for (var flips = random.Next(1, 20); flips > 0 && bytes.Length > 0; flips--)
                bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
            File.WriteAllBytes(IndexPath, bytes);
        });
    }

    [Fact]
    public void Index_of_an_earlier_state_changes_no_answer()
    {
        // A process that was killed between its line in the journal and the index.
        var model = new Dictionary<string, string>();
        var random = new Random(3);
        var earlier = new List<byte[]>();
        Work(random, 120, model, () =>
        {
            earlier.Add(File.ReadAllBytes(IndexPath));
            File.WriteAllBytes(IndexPath, earlier[random.Next(earlier.Count)]);
        });
    }

    [Fact]
    public void Index_half_written_at_any_page_changes_no_answer()
    {
        using (var pool = Open())
            Grant(pool, "a");
        var before = File.ReadAllBytes(IndexPath);
        using (var pool = Open())
            Grant(pool, "b");
        var after = File.ReadAllBytes(IndexPath);
        for (var pages = 0; pages <= after.Length / 4096; pages++)
        {
            // Tables are written before the header, which comes first in the file.
            File.WriteAllBytes(IndexPath, [.. before.AsSpan(0, 4096), .. after.AsSpan(4096, Math.Max(0, (pages * 4096) - 4096)), .. before.AsSpan(Math.Max(4096, pages * 4096))]);
            using var pool = Open();
            Assert.Equal(["10.244.0.2"], pool.Find(Of("a")).Select(lease => lease.Address.ToString()));
            Assert.Equal(["10.244.0.3"], pool.Find(Of("b")).Select(lease => lease.Address.ToString()));
            Assert.Equal("10.244.0.3", Grant(pool, "b"));
        }
    }

    [Fact]
    public void Damaged_record_that_a_call_needs_is_refused_by_line()
    {
        using (var pool = Open())
        {
            for (var i = 0; i < 20; i++)
                Grant(pool, $"c{i}");
        }

        Shell.Run("cp", "-p", JournalPath, JournalPath + ".before");
        var bytes = File.ReadAllBytes(JournalPath);
        var line = System.Text.Encoding.UTF8.GetString(bytes).IndexOf("c7 eth0", StringComparison.Ordinal);
        bytes[line] ^= 1;
        File.WriteAllBytes(JournalPath, bytes);
        // As if the disk had changed it: nothing tells that anybody wrote.
        Shell.Run("touch", "-r", JournalPath + ".before", JournalPath);

        using (var pool = Open())
            Assert.Equal(CniError.JournalDamaged, Assert.Throws<CniException>(() => pool.Find(Of("c7"))).Code);
        using (var pool = Open())
            Assert.Contains("line 9", Assert.Throws<CniException>(() => Grant(pool, "c7")).Message);
    }

    [Fact]
    public void Round_goes_on_behind_the_last_address_of_each_set_also_after_its_release_and_without_index()
    {
        using (var pool = Open())
        {
            Grant(pool, "a");
            pool.Release(Of("a"));
        }

        using (var pool = Open())
            Assert.Equal("10.244.0.3", Grant(pool, "b"));
        File.Delete(IndexPath);
        using (var pool = Open())
            Assert.Equal("10.244.0.4", Grant(pool, "c"));
    }

    private void Work(Random random, int rounds, Dictionary<string, string> model, Action damage)
    {
        var hits = 0;
        for (var round = 0; round < rounds; round++)
        {
            if (random.Next(3) == 0 && File.Exists(IndexPath))
            {
                damage();
                hits++;
            }

            using var pool = Open();
            var id = $"c{random.Next(60).ToString(CultureInfo.InvariantCulture)}";
            if (random.Next(2) == 0)
            {
                var address = Grant(pool, id);
                Assert.Equal(model.GetValueOrDefault(id, address), address);
                Assert.DoesNotContain(model, pair => pair.Key != id && pair.Value == address);
                model[id] = address;
            }
            else
            {
                pool.Release(Of(id));
                model.Remove(id);
            }

            Assert.Equal(model.GetValueOrDefault(id) is { } held ? [held] : [], pool.Find(Of(id)).Select(lease => lease.Address.ToString()));
        }

        Assert.True(hits > rounds / 6);
        using var last = Open();
        Assert.Equal(model.Select(pair => $"{pair.Key} {pair.Value}").Order(StringComparer.Ordinal), last.Leases.Select(lease => $"{lease.ContainerId} {lease.Address}").Order(StringComparer.Ordinal));
    }

    private void AddAndRelease(string id)
    {
        using (var pool = Open())
            Grant(pool, id);
        using (var pool = Open())
            pool.Release(Of(id));
    }

    // Bytes that this thread alone has read, as the kernel counts them.
    private static long ReadBy(Action action)
    {
        static long Count() => long.Parse(File.ReadLines("/proc/thread-self/io").First().Split(' ')[1], CultureInfo.InvariantCulture);
        var before = Count();
        action();
        return Count() - before;
    }

    private static IEnumerable<string> Sealed(params string[] lines) => lines.Select(line => $"{line} {Checksum(line):x8}");

    // CRC-32C bit by bit, as RFC 3720 defines it.
    private static uint Checksum(string line)
    {
        var crc = uint.MaxValue;
        foreach (var b in System.Text.Encoding.UTF8.GetBytes(line))
        {
            crc ^= b;
            for (var bit = 0; bit < 8; bit++)
                crc = (crc >> 1) ^ ((crc & 1) * 0x82F63B78);
        }

        return ~crc;
    }

    private static Attachment Of(string id) => new(id, "eth0", "", "");

    private static string Grant(AddressPool pool, string id) => pool.Acquire(Of(id), out _)[0].ToString();

    private AddressPool Open()
    {
        Assert.True(Subnet.TryParse("10.244.0.0/16", out var subnet) & Ip.TryParse("10.244.0.1", out var gateway) & Ip.TryParse("10.244.255.254", out var last));
        return AddressPool.Open(new IpamConfig
        {
            Network = "podnet",
            DataDirectory = _folder.FullName,
            Sets = [new RangeSet([new AddressRange(subnet, gateway, last, gateway)])],
        }, Boot);
    }
}
