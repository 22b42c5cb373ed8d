using Network.Cni.Ipam;
using Network.Cni.Protocol;
using Xunit;

namespace Network.Overlay.Tests.Cni;

public sealed class AddressPoolTests : IDisposable
{
    private const string Boot = "11111111-1111-1111-1111-111111111111";
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("pool");

    private string JournalPath => Path.Combine(_folder.FullName, "podnet", "leases");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void Addresses_are_distinct_and_leave_network_gateway_and_broadcast_alone()
    {
        using var pool = Open("10.244.1.0/29");

        var granted = Enumerable.Range(0, 5).Select(i => Grant(pool, $"c{i}")).ToArray();

        Assert.Equal(["10.244.1.2", "10.244.1.3", "10.244.1.4", "10.244.1.5", "10.244.1.6"], granted);
        var error = Assert.Throws<CniException>(() => Grant(pool, "c5"));
        Assert.Equal(CniError.TryAgainLater, error.Code);
        Assert.Contains("10.244.1.0/29", error.Message);
        Assert.Equal(CniError.NotAvailable, Assert.Throws<CniException>(pool.RequireFree).Code);
    }

    [Fact]
    public void Same_attachment_gets_the_same_address_also_from_another_process()
    {
        string first;
        using (var pool = Open())
            first = Grant(pool, "a");
        using (var pool = Open())
        {
            Assert.Equal(first, Grant(pool, "a"));
            Assert.NotEqual(first, Grant(pool, "a", "eth1"));
            Assert.NotEqual(first, Grant(pool, "b"));
        }
    }

    [Fact]
    public void Released_address_rests_until_the_others_had_their_turn()
    {
        using var pool = Open("10.244.1.0/29");
        Grant(pool, "a");
        Grant(pool, "b");
        pool.Release(Of("a"));

        Assert.Equal(["10.244.1.4", "10.244.1.5", "10.244.1.6", "10.244.1.2"], Enumerable.Range(0, 4).Select(i => Grant(pool, $"n{i}")));
    }

    [Fact]
    public void Releasing_twice_is_content()
    {
        using var pool = Open();
        Grant(pool, "a");
        pool.Release(Of("a"));
        pool.Release(Of("a"));

        Assert.Empty(pool.Leases);
    }

    [Fact]
    public void Another_boot_finds_every_address_free()
    {
        using (var pool = Open())
            Grant(pool, "a");
        using var after = AddressPool.Open(Config(), "22222222-2222-2222-2222-222222222222");

        Assert.Empty(after.Leases);
        Assert.Equal("10.244.1.2", Grant(after, "b"));
    }

    [Fact]
    public void Half_written_last_line_is_dropped_whatever_its_length()
    {
        using (var pool = Open())
            Grant(pool, "a");
        var before = File.ReadAllBytes(JournalPath);
        using (var pool = Open())
            Grant(pool, "b");
        var after = File.ReadAllBytes(JournalPath);

        for (var length = before.Length; length < after.Length; length++)
        {
            File.WriteAllBytes(JournalPath, after[..length]);
            using (var pool = Open())
            {
                Assert.Equal(["a"], pool.Leases.Select(lease => lease.ContainerId));
                Assert.Equal("10.244.1.3", Grant(pool, "next"));
            }

            using (var pool = Open())
                Assert.Equal(2, pool.Leases.Count());
        }
    }

    [Fact]
    public void Damage_in_the_middle_is_refused_by_file_and_line()
    {
        using (var pool = Open())
        {
            Grant(pool, "a");
            Grant(pool, "b");
        }

        File.WriteAllText(JournalPath, File.ReadAllText(JournalPath).Replace("10.244.1.2", "10.244.1.9"));

        var error = Assert.Throws<CniException>(() => Open());
        Assert.Equal(CniError.JournalDamaged, error.Code);
        Assert.Contains($"line 2 of {JournalPath}", error.Message);
    }

    [Fact]
    public void Long_history_is_folded_without_losing_leases_or_the_turn()
    {
        using (var pool = Open())
        {
            Grant(pool, "stays");
            for (var i = 0; i < 400; i++)
            {
                Grant(pool, "passing");
                pool.Release(Of("passing"));
            }
        }

        var long_ = new FileInfo(JournalPath).Length;
        string next;
        using (var pool = Open())
        {
            Assert.Equal(["stays"], pool.Leases.Select(lease => lease.ContainerId));
            next = Grant(pool, "next");
        }

        Assert.InRange(new FileInfo(JournalPath).Length, 1, long_ / 50);
        // 400 passing grants after .2 walk the 252 others once and stop at the 148th of the second walk.
        Assert.Equal("10.244.1.151", next);
    }

    [Fact]
    public void Parallel_openers_never_share_an_address()
    {
        var addresses = new System.Collections.Concurrent.ConcurrentBag<string>();
        Parallel.For(0, 64, i =>
        {
            using var pool = Open();
            addresses.Add(Grant(pool, $"c{i}"));
        });

        Assert.Equal(64, addresses.Distinct().Count());
    }

    private AddressPool Open(string subnet = "10.244.1.0/24") => AddressPool.Open(Config(subnet), Boot);

    private NetworkConfig Config(string subnet = "10.244.1.0/24") => new()
    {
        CniVersion = "1.0.0",
        Name = "podnet",
        Bridge = "br0",
        DataDirectory = _folder.FullName,
        Subnet = Subnet.TryParse(subnet, out var parsed) ? parsed : throw new FormatException(subnet),
    };

    private static Attachment Of(string id, string ifName = "eth0") => new(id, ifName, "", "");

    private static string Grant(AddressPool pool, string id, string ifName = "eth0") =>
        Subnet.ToAddress(pool.Acquire(Of(id, ifName), out _)).ToString();
}
