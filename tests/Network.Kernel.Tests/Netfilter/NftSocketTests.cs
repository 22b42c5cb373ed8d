using System.Net;
using System.Text.Json.Nodes;
using Network.Linux;
using Network.Netlink.Netfilter;
using Network.Netlink.Netfilter.Expressions;
using Network.TestKit;
using Xunit;

namespace Network.Kernel.Tests.Netfilter;

/// <summary>We write and <c>nft</c> reads; <c>nft</c> writes and we read.</summary>
public sealed class NftSocketTests : IDisposable
{
    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(20);
    private static readonly NftTable s_table = new(NftFamily.Ip, "t") { Comment = "a table" };
    private static readonly NftChain s_chain = new(NftFamily.Ip, "t", "c") { Comment = "a chain" };
    private static readonly NftChain s_nat = new(NftFamily.Ip, "t", "nat") { Type = "nat", Hook = NftHook.Prerouting, Priority = -100 };
    private static readonly NftChain s_filter = new(NftFamily.Ip, "t", "filter") { Type = "filter", Hook = NftHook.Forward, Priority = 0 };

    private static readonly NftChain s_early = new(NftFamily.Ip, "t", "prerouting") { Type = "filter", Hook = NftHook.Prerouting, Priority = -300 };

    private static readonly NftSet s_map = new(NftFamily.Ip, "t", "endpoints")
    {
        Key = [NftTypes.Ip, NftTypes.Protocol, NftTypes.Port, NftTypes.Mark], Data = [NftTypes.Ip, NftTypes.Port], Comment = "who answers",
    };

    private static readonly NftSet s_verdicts = new(NftFamily.Ip, "t", "verdicts") { Key = [NftTypes.Mark], Data = [NftTypes.Verdict] };
    private readonly ScratchNetNs _ns = Scratch();
    private readonly NftSocket _socket;

    public NftSocketTests() => _socket = NftSocket.Open(_ns.Name);

    public void Dispose()
    {
        _socket.Dispose();
        _ns.Dispose();
    }

    [Fact]
    public void What_we_write_is_what_nft_lists_and_what_we_read_back()
    {
        NftExpression[] dnat =
        [
            NftPayload.DestinationAddress(NftFamily.Ip, 4), new NftMeta(NftMetaKey.TransportProtocol, 5), NftPayload.DestinationPort(6), new NftNumber(7, 2),
            new NftLookup("endpoints", 4, 4), new NftNat(Destination: true, NftFamily.Ip, 4, 5),
        ];
        var rule = new NftRule(NftFamily.Ip, "t", "nat", dnat) { Comment = "choose" };
        var element = new NftElement(NftValue.Concat(NftValue.Of(IPAddress.Parse("10.96.0.1")), NftValue.Of(6), NftValue.BigEndian((ushort)443), NftValue.Host(1)))
        {
            Data = NftValue.Concat(NftValue.Of(IPAddress.Parse("10.244.1.2")), NftValue.BigEndian((ushort)6443)), Comment = "default/kubernetes:https",
        };
        _socket.Execute(Base().SetAdd(s_map).ElementsAdd(s_map, [element]).RuleAdd(rule));

        var text = Nft("list", "ruleset");
        Assert.Contains("ip daddr . meta l4proto . th dport . numgen random mod 2 map @endpoints", text);
        Assert.Contains("comment \"choose\"", text);
        Assert.Contains("10.96.0.1 . tcp . 443 . 0x00000001 comment \"default/kubernetes:https\" : 10.244.1.2 . 6443", text);
        Assert.Contains("comment \"a chain\"", text);
        Assert.Contains("comment \"a table\"", text);
        Assert.Equal(s_table, Assert.Single(_socket.Tables()) with { Handle = 0 });
        Assert.Equal([s_chain, s_nat, s_filter, s_early], _socket.Chains(NftFamily.Ip, "t").Select(chain => chain with { Handle = 0 }));
        Assert.Equal([s_map], _socket.Sets(NftFamily.Ip, "t").Select(set => set with { Handle = 0 }));
        Assert.Equal([element], _socket.Elements(NftFamily.Ip, "t", "endpoints"));
        Assert.True(Assert.Single(_socket.Rules(NftFamily.Ip, "t")).SameAs(rule));
    }

    [Theory]
    [InlineData("ip saddr 10.0.0.0/8 tcp dport @ports counter accept")]
    [InlineData("ip daddr != 10.1.2.3 meta mark set meta mark ^ 0x4000 log prefix \"x\" group 5")]
    [InlineData("ct state invalid,untracked limit rate 10/second burst 5 packets reject with icmp port-unreachable")]
    [InlineData("tcp dport 1000-2000 meta l4proto tcp reject with tcp reset")]
    [InlineData("fib daddr type local tcp sport != 5-9 drop")]
    [InlineData("iifname \"eth0\" oif 1 ct direction original ct status dnat meta nftrace set 1")]
    [InlineData("socket wildcard 0 socket transparent 1 drop", "prerouting")]
    [InlineData("meta mark set jhash ip saddr . ip daddr mod 16 seed 0x1 offset 2")]
    public void Rule_that_nft_wrote_is_read_and_written_back_as_the_same_rule(string text, string chain = "filter")
    {
        _socket.Execute(Base().SetAdd(s_verdicts).SetAdd(new NftSet(NftFamily.Ip, "t", "ports") { Key = [NftTypes.Port] }));
        Nft("add", "rule", "ip", "t", chain, text);
        var before = Rules();
        var read = Assert.Single(_socket.Rules(NftFamily.Ip, "t", chain));

        _socket.Execute(new NftBatch().RuleReplace(read));

        Assert.DoesNotContain(read.Expressions, expression => expression is NftUnknown);
        Assert.Equal(before, Rules());
    }

    [Fact]
    public void Sets_that_nft_wrote_are_read_with_ranges_timeouts_and_comments()
    {
        _socket.Execute(Base());
        Nft("add", "set", "ip", "t", "s", "{ typeof ip saddr; flags interval, timeout; elements = { 10.0.0.0/8 timeout 1h comment \"ten\" }; }");
        Nft("add", "set", "ip", "t", "p", "{ type ipv4_addr . inet_service; flags interval; elements = { 10.0.0.0/8 . 80-90 }; }");

        var ends = _socket.Elements(NftFamily.Ip, "t", "s");
        var pair = Assert.Single(_socket.Elements(NftFamily.Ip, "t", "p"));

        Assert.Contains(ends, end => end is { Comment: "ten", EndsInterval: false } && end.Key == NftValue.Of(IPAddress.Parse("10.0.0.0")) && end.Timeout == TimeSpan.FromHours(1));
        Assert.Contains(ends, end => end.EndsInterval && end.Key == NftValue.Of(IPAddress.Parse("11.0.0.0")));
        Assert.Equal(NftValue.Concat(NftValue.Of(IPAddress.Parse("10.255.255.255")), NftValue.BigEndian((ushort)90)), pair.KeyEnd);
        Assert.Equal([NftTypes.Ip, NftTypes.Port], _socket.Sets(NftFamily.Ip, "t").Single(set => set.Name == "p").Key);
    }

    [Fact]
    public void Ranges_verdict_maps_timeouts_and_dynamic_sets_of_ours_are_listed_by_nft()
    {
        var sources = new NftSet(NftFamily.Ip, "t", "sources") { Key = [NftTypes.Ip, NftTypes.Port], Interval = true };
        var clients = new NftSet(NftFamily.Ip, "t", "clients") { Key = [NftTypes.Ip], HasTimeout = true, Dynamic = true, Size = 1000, Counter = true };
        NftValue from = NftValue.Concat(NftValue.Of(IPAddress.Parse("10.0.0.0")), NftValue.BigEndian((ushort)80)), to = NftValue.Concat(NftValue.Of(IPAddress.Parse("10.0.255.255")), NftValue.BigEndian((ushort)80));
        _socket.Execute(Base().SetAdd(sources).SetAdd(clients).SetAdd(s_verdicts)
            .ElementsAdd(sources, [new NftElement(from) { KeyEnd = to }])
            .ElementsAdd(clients, [new NftElement(NftValue.Of(IPAddress.Loopback)) { Timeout = TimeSpan.FromHours(2) }])
            .ElementsAdd(s_verdicts, [new NftElement(NftValue.Host(1)) { Verdict = NftVerdict.Goto("c") }, new NftElement(NftValue.Host(2)) { Verdict = NftVerdict.Drop }])
            .RuleAdd(new NftRule(NftFamily.Ip, "t", "filter", [NftPayload.SourceAddress(NftFamily.Ip, 0), new NftDynamicSet("clients", NftSetOperation.Update, 0, Timeout: TimeSpan.FromMinutes(1))]))
            .RuleAdd(new NftRule(NftFamily.Ip, "t", "filter", [new NftMeta(NftMetaKey.Mark, 0), new NftLookup("verdicts", 0, Decides: true)])));

        var text = Nft("list", "ruleset");
        Assert.Contains("10.0.0.0/16 . 80", text);
        Assert.Contains("127.0.0.1 counter packets 0 bytes 0 timeout 2h", text);
        Assert.True(text.Contains("0x00000001 : goto c"), text);
        Assert.Contains("0x00000002 : drop", text);
        Assert.Contains("update @clients { ip saddr timeout 1m", text);
        Assert.Contains("meta mark vmap @verdicts", text);
    }

    [Fact]
    public void Refused_change_leaves_nothing_of_its_batch_and_is_named()
    {
        _socket.Execute(Base());

        var refused = _socket.TryExecute(new NftBatch().ChainAdd(new NftChain(NftFamily.Ip, "t", "new")).ChainDelete(NftFamily.Ip, "t", "absent"));

        Assert.Equal((2, Errno.ENOENT, "delete chain t absent"), (refused.Single().Index, refused.Single().Error.Errno, refused.Single().Error.Operation));
        Assert.DoesNotContain(_socket.Chains(NftFamily.Ip, "t"), chain => chain.Name == "new");
    }

    [Fact]
    public void Batch_of_an_old_generation_is_refused_and_of_the_current_one_taken()
    {
        var before = _socket.Generation().Id;
        _socket.Execute(Base(), before);

        Assert.Equal(before + 1, _socket.Generation().Id);
        Assert.Equal(Errno.ERESTART, Assert.Single(_socket.TryExecute(new NftBatch().ChainAdd(s_chain with { Name = "late" }), before)).Error.Errno);
        _socket.Execute(new NftBatch().ChainAdd(s_chain with { Name = "right" }), before + 1);
        Assert.Contains("right", Nft("list", "ruleset"));
    }

    [Fact]
    public void Hundred_thousand_elements_go_in_one_transaction_and_come_back()
    {
        var set = new NftSet(NftFamily.Ip, "t", "many") { Key = [NftTypes.Ip] };
        var elements = Enumerable.Range(0, 100_000).Select(i => new NftElement(NftValue.BigEndian((uint)i)) { Comment = $"number {i}" });
        var batch = Base().SetAdd(set).ElementsAdd(set, elements);
        Assert.True(batch.Size > 3_000_000);

        _socket.Execute(batch);

        Assert.Equal(100_000, _socket.Elements(NftFamily.Ip, "t", "many").Count);
        _socket.Execute(new NftBatch().SetFlush(set));
        Assert.Empty(_socket.Elements(NftFamily.Ip, "t", "many"));
    }

    [Fact]
    public async Task Monitor_tells_the_table_and_the_process_of_a_change()
    {
        _socket.Execute(Base());
        using var monitor = NftMonitor.Open(_ns.Name);
        Assert.Equal(NftEventKind.Resync, (await monitor.Events.ReadAsync(TestContext.Current.CancellationToken)).Kind);

        Nft("add", "chain", "ip", "t", "foreign");

        var changed = await monitor.Events.ReadAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(s_deadline, TestContext.Current.CancellationToken);
        var commit = await monitor.Events.ReadAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(s_deadline, TestContext.Current.CancellationToken);
        Assert.Equal((NftEventKind.Change, NftFamily.Ip, "t"), (changed.Kind, changed.Family, changed.Table));
        Assert.Equal((NftEventKind.Commit, "nft", _socket.Generation().Id), (commit.Kind, commit.Generation.ProcessName, commit.Generation.Id));
    }

    private static NftBatch Base() => new NftBatch().TableAdd(s_table).ChainAdd(s_chain).ChainAdd(s_nat).ChainAdd(s_filter).ChainAdd(s_early);

    private string Nft(params string[] arguments) => _ns.Exec("nft", arguments);

    private List<JsonNode> Objects(string kind) =>
        JsonNode.Parse(Nft("-j", "list", "ruleset"))!["nftables"]!.AsArray().Where(item => item![kind] is not null).Select(item => item![kind]!).ToList();

    private string Rules() => string.Join('\n', Objects("rule").Select(rule => rule["expr"]!.ToJsonString()));

    private static ScratchNetNs Scratch()
    {
        Requires.Root();
        Requires.Tool("nft");
        return new ScratchNetNs("nft");
    }
}
