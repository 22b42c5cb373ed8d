using System.Net;
using Network.Dns.Clients;
using Network.Dns.Plugins.Cluster;
using Network.Dns.Plugins.Search;
using Network.Dns.Tests.Cluster;
using Network.Dns.Wire;
using Xunit;

namespace Network.Dns.Tests.Clients;

public sealed class ClientLedgerTests
{
    [Fact]
    public async Task Who_asks_and_what_is_missing_is_told_by_pod()
    {
        await using var dns = new DnsServerFixture();
        dns.Index.PutNamespace("default");
        dns.Index.Put(new DnsService("default", "web") { ClusterIps = [IPAddress.Parse("10.96.0.20")] });
        dns.Server.Pods.Put(IPAddress.Parse("127.9.9.1"), new ClientPod("shop", "cart", [], Expand: false));
        for (var i = 0; i < 3; i++)
            dns.Short("-b", "127.9.9.1", "web.default.svc.cluster.local", "A");
        dns.Short("-b", "127.9.9.1", "wbe.default.svc.cluster.local", "A");
        // By the chain instead of the hot path.
        dns.Short("+tcp", "-b", "127.9.9.1", "wbe.default.svc.cluster.local", "TXT");
        dns.Short("web.default.svc.cluster.local", "A");
        dns.Server.Pods.Put(IPAddress.Parse("127.9.9.1"), new ClientPod("shop", "cart", ["shop.svc.cluster.local"], Expand: false));
        var table = dns.Server.TopClients.Split('\n').Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)).ToList();
        Assert.Contains(["5", "2", "0", "shop/cart"], table);
        Assert.Contains(["1", "0", "0", "others"], table);
        Assert.Contains(["2", "wbe.default.svc.cluster.local"], table);
        dns.Server.Pods.Put(IPAddress.Parse("127.9.9.1"), new ClientPod("shop", "next-with-this-address", [], Expand: false));
        Assert.DoesNotContain("shop/cart", dns.Server.TopClients);
    }

    [Fact]
    public void Frequent_names_are_found_in_a_stream_of_others_and_counted_at_most_too_high()
    {
        var names = new FrequentNames();
        var random = new Random(2005);
        var truth = new Dictionary<string, long>();
        for (var i = 0; i < 200_000; i++)
        {
            // Every fourth of ten names that come again and again, the others from a million.
            var name = i % 4 == 0 ? $"hot-{random.Next(10)}.example" : $"cold-{random.Next(1_000_000)}.example";
            truth[name] = truth.GetValueOrDefault(name) + 1;
            var wire = WireName.Of(name);
            names.Add(WireName.HashOf(wire), wire);
        }

        var top = names.Top(10);
        Assert.Equal(Enumerable.Range(0, 10).Select(i => $"hot-{i}.example"), top.Select(entry => entry.Name).Order(StringComparer.Ordinal));
        // The error is at most all counts over the places (Space-Saving, theorem 2).
        Assert.All(top, entry => Assert.InRange(entry.Count, truth[entry.Name], truth[entry.Name] + (200_000 / FrequentNames.Places)));
    }

    [Fact]
    public void Counting_allocates_nothing()
    {
        var ledger = new ClientLedger(new PodDirectory());
        var wires = Enumerable.Range(0, 500).Select(i => WireName.Of($"n{i}.example")).ToArray();
        byte[] client = [10, 244, 0, 9];
        ledger.Count(client, 1, wires[0], ResponseCode.NxDomain);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < wires.Length; i++)
            ledger.Count(client, (ulong)i, wires[i], ResponseCode.NxDomain);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }
}
