using Network.Netlink;
using Network.Netlink.Interop;
using Network.Netlink.Netfilter;
using Network.Netlink.Netfilter.Expressions;
using Network.Netlink.Protocol;
using Xunit;

namespace Network.Overlay.Tests.Netlink;

/// <summary>Events as the kernel sends them: the same messages by which tables, chains and rules are made.</summary>
public sealed class RulesetMonitorTests
{
    private static readonly NftTable s_table = new(NftFamily.Ip, "nat");
    private static readonly NftChain s_chain = new(NftFamily.Ip, "nat", "POSTROUTING") { Type = "nat", Hook = NftHook.Postrouting, Priority = 100 };
    private static readonly NftRule s_rule = new(NftFamily.Ip, "nat", "POSTROUTING", [new NftCounter(0, 0)]);

    [Fact]
    public void Tables_chains_and_rules_are_told_by_name_and_nothing_else_is()
    {
        var set = new NftSet(NftFamily.Ip, "nat", "s") { Key = [NftTypes.Ip] };
        var batch = new NftBatch().TableAdd(s_table).ChainAdd(s_chain).RuleAdd(s_rule).SetAdd(set).ElementsAdd(set, [new NftElement(NftValue.BigEndian(1u))]);

        Assert.Equal([new("nat", ""), new("nat", "POSTROUTING"), new("nat", "POSTROUTING")], Read(batch.Written));
    }

    [Theory]
    [InlineData("", "", true)]
    [InlineData("nat", "", true)]
    [InlineData("nat", "POSTROUTING", true)]
    [InlineData("nat", "OTHER", false)]
    [InlineData("filter", "", false)]
    [InlineData("filter", "POSTROUTING", false)]
    public void Change_concerns_its_chain_or_all_of_its_table(string table, string chain, bool concerns) =>
        Assert.Equal(concerns, new RulesetChange(table, chain).MayConcern("nat", "POSTROUTING"));

    [Fact]
    public void Every_truncation_is_refused_or_says_less()
    {
        var whole = Payload(new NftBatch().RuleAdd(s_rule), out var type);
        for (var length = 0; length < whole.Length; length++)
        {
            if (RulesetMonitor.TryParse(new NetlinkMessage(type, 0, 0, whole.AsSpan(0, length)), out var change))
                Assert.True(change.Table == "nat" && change.Chain is "" or "POSTROUTING", $"{length} bytes: {change}");
        }
    }

    [Fact]
    public void Random_bytes_never_throw()
    {
        var random = new Random(20260801);
        var whole = Payload(new NftBatch().RuleAdd(s_rule), out var type);
        var parsed = 0;
        for (var round = 0; round < 20_000; round++)
        {
            var bytes = whole.ToArray();
            if (round % 2 == 0)
                random.NextBytes(bytes);
            for (var change = random.Next(1, 6); change > 0; change--)
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            if (RulesetMonitor.TryParse(new NetlinkMessage(round % 3 == 0 ? (ushort)random.Next(ushort.MaxValue) : type, 0, 0, bytes.AsSpan(0, random.Next(bytes.Length + 1))), out _))
                parsed++;
        }

        Assert.True(parsed > 100, $"only {parsed} inputs got past the first checks");
    }

    private static List<RulesetChange> Read(ReadOnlySpan<byte> datagram)
    {
        var changes = new List<RulesetChange>();
        var reader = new NetlinkMessageReader(datagram);
        while (reader.TryNext(out var message))
        {
            if (RulesetMonitor.TryParse(message, out var change))
                changes.Add(change);
        }

        return changes;
    }

    private static byte[] Payload(NftBatch batch, out ushort type)
    {
        var reader = new NetlinkMessageReader(batch.Written);
        while (reader.TryNext(out var message))
        {
            if (message.Type >> 8 != NfnetlinkH.NFNL_SUBSYS_NFTABLES)
                continue;
            type = message.Type;
            return message.Payload.ToArray();
        }

        throw new InvalidOperationException("the batch holds no nf_tables message");
    }
}
