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
    public void Damaged_first_line_is_refused_and_no_address_is_given_twice()
    {
        using (var pool = Open())
            Grant(pool, "a");
        var text = File.ReadAllText(JournalPath);
        File.WriteAllText(JournalPath, "q" + text[1..]);

        var error = Assert.Throws<CniException>(() => Open());
        Assert.Equal(CniError.JournalDamaged, error.Code);
        Assert.Contains($"line 1 of {JournalPath}", error.Message);
        Assert.EndsWith(text[1..], File.ReadAllText(JournalPath));
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

    [Fact]
    public void Both_families_come_in_one_record_and_one_of_each_set()
    {
        var config = Parse("""{"ranges":[[{"subnet":"10.244.1.0/24"}],[{"subnet":"fd00:1::/64"}]]}""");
        using (var pool = AddressPool.Open(config, Boot))
        {
            Assert.Equal(["10.244.1.2", "fd00:1::2"], pool.Acquire(Of("a"), out _).Select(address => address.ToString()));
            Assert.Equal(["10.244.1.3", "fd00:1::3"], pool.Acquire(Of("b"), out _).Select(address => address.ToString()));
        }

        using (var pool = AddressPool.Open(config, Boot))
        {
            Assert.Equal(["10.244.1.2", "fd00:1::2"], pool.Acquire(Of("a"), out var granted).Select(address => address.ToString()));
            Assert.False(granted);
            pool.Release(Of("a"));
            Assert.Equal(["b", "b"], pool.Leases.Select(lease => lease.ContainerId));
            Assert.Equal(["10.244.1.4", "fd00:1::4"], pool.Acquire(Of("c"), out _).Select(address => address.ToString()));
        }
    }

    [Fact]
    public void Gateway_exclusions_and_ends_of_ranges_are_never_granted()
    {
        using var pool = AddressPool.Open(Parse("""
            {"ranges":[[{"subnet":"10.1.0.0/24","rangeStart":"10.1.0.4","rangeEnd":"10.1.0.9","gateway":"10.1.0.6","exclude":["10.1.0.5","10.1.0.8/31"]},
                        {"subnet":"10.2.0.0/24","rangeStart":"10.2.0.250"}]]}
            """), Boot);

        var granted = Enumerable.Range(0, 7).Select(i => Grant(pool, $"c{i}")).ToArray();

        Assert.Equal(["10.1.0.4", "10.1.0.7", "10.2.0.250", "10.2.0.251", "10.2.0.252", "10.2.0.253", "10.2.0.254"], granted);
        Assert.Equal(CniError.TryAgainLater, Assert.Throws<CniException>(() => Grant(pool, "c7")).Code);
        pool.Release(Of("c1"));
        pool.Release(Of("c3"));
        Assert.Equal(["10.1.0.7", "10.2.0.251"], new[] { Grant(pool, "d"), Grant(pool, "e") });
    }

    [Fact]
    public void Requested_address_is_given_once_and_refused_to_others()
    {
        var asking = Parse("""{"subnet":"10.244.1.0/24"}""", ""","runtimeConfig":{"ips":["10.244.1.77/24"]}""");
        using var pool = AddressPool.Open(asking, Boot);

        Assert.Equal("10.244.1.77", Grant(pool, "a"));
        Assert.Equal("10.244.1.77", Grant(pool, "a"));
        var error = Assert.Throws<CniException>(() => Grant(pool, "b"));
        Assert.Equal(CniError.AddressTaken, error.Code);
        Assert.Contains("10.244.1.77 asked for by b is taken by a", error.Message);
    }

    [Fact]
    public void Reservations_of_host_local_are_kept_until_their_pod_goes()
    {
        var directory = Directory.CreateDirectory(Path.Combine(_folder.FullName, "podnet")).FullName;
        File.WriteAllText(Path.Combine(directory, "last_reserved_ip.0"), "10.244.1.4");
        File.WriteAllText(Path.Combine(directory, "10.244.1.2"), "old\r\neth0");
        File.WriteAllText(Path.Combine(directory, "10.244.1.3"), "older");
        File.WriteAllText(Path.Combine(directory, "10.244.1.4"), "stale\r\neth0");
        using (var pool = Open())
            Assert.Equal("10.244.1.5", Grant(pool, "a"));

        using (var pool = Open())
        {
            pool.Release(Of("old", "eth1"));
            pool.Release(Of("older"));
            pool.ReleaseOthersExcept([("old", "eth0")]);
        }

        Assert.Equal(["10.244.1.2"], Directory.GetFiles(directory, "10.*").Select(Path.GetFileName));
    }

    [Fact]
    public void Thousands_of_reservations_are_read_back_exactly()
    {
        var config = Parse("""{"subnet":"10.0.0.0/8"}""");
        using (var pool = AddressPool.Open(config, Boot))
        {
            for (var i = 0; i < 3000; i++)
                Grant(pool, $"container-{i}");
            for (var i = 0; i < 3000; i += 3)
                pool.Release(Of($"container-{i}"));
        }

        using var again = AddressPool.Open(config, Boot);
        Assert.Equal(2000, again.Leases.Count());
        Assert.Equal("10.0.0.3", Grant(again, "container-1"));
        Assert.Equal("10.0.11.186", Grant(again, "next"));
    }

    private AddressPool Open(string subnet = "10.244.1.0/24") => AddressPool.Open(Config(subnet), Boot);

    private IpamConfig Config(string subnet = "10.244.1.0/24") => Parse($$"""{"subnet":"{{subnet}}"}""");

    private IpamConfig Parse(string ipam, string more = "") => IpamConfig.Parse(NetworkConfig.Parse(System.Text.Encoding.UTF8.GetBytes(
        $$"""{"cniVersion":"1.0.0","name":"podnet","ipam":{{ipam[..^(ipam.Length - ipam.LastIndexOf('}'))]}},"dataDir":"{{_folder.FullName}}"}{{more}}}""")), new CniEnvironment());

    private static Attachment Of(string id, string ifName = "eth0") => new(id, ifName, "", "");

    private static string Grant(AddressPool pool, string id, string ifName = "eth0") => pool.Acquire(Of(id, ifName), out _)[0].ToString();
}
