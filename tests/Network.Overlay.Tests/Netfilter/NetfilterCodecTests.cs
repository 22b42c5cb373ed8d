using System.Net;
using Network.Linux;
using Network.Netlink.Interop;
using Network.Netlink.Netfilter;
using Network.Netlink.Netfilter.Expressions;
using Network.Netlink.Protocol;
using Network.Netlink.Transport;
using Xunit;

namespace Network.Overlay.Tests.Netfilter;

public sealed class NetfilterCodecTests
{
    internal static readonly NftExpression[] Expressions =
    [
        new NftPayload(NftPayloadBase.Network, 12, 4, 0),
        new NftPayload(NftPayloadBase.Transport, 2, 2, 5),
        new NftCompare(0, NftComparison.NotEqual, NftValue.BigEndian(0x0a000001u)),
        new NftRange(5, NftValue.BigEndian((ushort)80), NftValue.BigEndian((ushort)90), Inverted: true),
        new NftMeta(NftMetaKey.Mark, 4),
        new NftBitwise(4, 4, NftValue.Host(0x4000), NftValue.Host(0x4000)),
        new NftByteOrder(4, 4, ToHost: false, 4, 4),
        new NftMeta(NftMetaKey.Mark, 4, Sets: true),
        new NftConntrack(NftConntrackKey.State, 0),
        new NftConntrack(NftConntrackKey.DestinationPort, 9, Direction: 0),
        new NftLookup("set", 0),
        new NftLookup("map", 0, 8),
        new NftLookup("verdicts", 0, Decides: true),
        new NftLookup("set", 0, Inverted: true),
        new NftDynamicSet("clients", NftSetOperation.Update, 0, 4, TimeSpan.FromSeconds(10)),
        new NftDynamicSet("meter", NftSetOperation.Add, 0, Each: new NftLimit(5, TimeSpan.FromSeconds(1), 5)),
        new NftImmediate(8, NftValue.Of(IPAddress.Parse("10.0.0.1"))),
        new NftImmediate(NftVerdict.Jump("other")),
        new NftImmediate(NftVerdict.Drop),
        new NftNat(Destination: true, NftFamily.Ip, 8, 9, NftNatFlags.Persistent),
        new NftNat(Destination: false, NftFamily.Ip6, 8, null),
        new NftMasquerade(NftNatFlags.FullyRandom),
        new NftRedirect(9),
        new NftReject(NftRejectType.Icmp, 3),
        new NftReject(NftRejectType.TcpReset, 0),
        new NftCounter(3, 180),
        new NftNumber(4, 3),
        new NftNumber(4, 3, Random: false, Offset: 7),
        new NftHash(4, 3, 0, 4, 0xdead),
        new NftHash(4, 3, Source: null, Offset: 1),
        new NftLimit(10, TimeSpan.FromMinutes(1), 5, Inverted: true, Bytes: true),
        new NftLog("dropped ", 5, 128, 1),
        new NftLog("line "),
        new NftNoTrack(),
        new NftFib(NftFibFlags.Destination | NftFibFlags.Input, NftFibResult.AddressType, 0),
        new NftObjectReference(1, "invalid"),
    ];

    private static readonly NftSet s_set = new(NftFamily.Ip, "t", "m")
    {
        Key = [NftTypes.Ip, NftTypes.Protocol, NftTypes.Port], Data = [NftTypes.Ip, NftTypes.Port], HasTimeout = true, Timeout = TimeSpan.FromSeconds(9),
        Dynamic = true, Counter = true, Size = 100, Comment = "what it is for",
    };

    private static readonly NftElement s_element = new(NftValue.Concat(NftValue.Of(IPAddress.Loopback), NftValue.Of(6), NftValue.BigEndian((ushort)80)))
    {
        Data = NftValue.Concat(NftValue.Of(IPAddress.Broadcast), NftValue.BigEndian((ushort)81)), Timeout = TimeSpan.FromSeconds(5), Comment = "ns/name",
    };

    private static readonly ConntrackTuple s_tuple = new(IPAddress.Parse("10.1.1.1"), IPAddress.Parse("10.2.2.2"), 17, 5353, 53);

    public static TheoryData<string> ExpressionNames => [.. Expressions.Select(expression => expression.ToString())];

    [Theory]
    [MemberData(nameof(ExpressionNames))]
    public void Expression_survives_a_round_trip(string name)
    {
        var expression = Expressions.First(candidate => candidate.ToString() == name);
        var rule = Rule(expression);

        var parsed = Assert.Single(Read<NftRule>(new NftBatch().RuleAdd(rule), NftParser.TryParse));

        Assert.Equal([expression], parsed.Expressions);
        Assert.True(parsed.SameAs(rule));
        Assert.False(parsed.SameAs(rule with { Comment = "other" }));
    }

    [Fact]
    public void Objects_survive_a_round_trip()
    {
        var table = new NftTable(NftFamily.Ip6, "t") { Dormant = true, Comment = "words" };
        var chain = new NftChain(NftFamily.Ip, "t", "c") { Type = "nat", Hook = NftHook.Output, Priority = -100, DropsByDefault = true, Comment = "words" };
        NftElement[] elements = [s_element, s_element with { Data = default, Verdict = NftVerdict.Goto("c") }, s_element with { KeyEnd = s_element.Key }, s_element with { EndsInterval = true }];
        var batch = new NftBatch().TableAdd(table).ChainAdd(chain).SetAdd(s_set).ElementsAdd(s_set, elements);

        Assert.Equal([table], Read<NftTable>(batch, NftParser.TryParse));
        Assert.Equal([chain], Read<NftChain>(batch, NftParser.TryParse));
        Assert.Equal([s_set], Read<NftSet>(batch, NftParser.TryParse));
        Assert.Equal(elements, Assert.Single(Read<NftElementList>(batch, NftParser.TryParse)).Elements);
    }

    [Fact]
    public void Elements_beyond_one_attribute_go_into_several_messages()
    {
        var set = new NftSet(NftFamily.Ip, "t", "s") { Key = [NftTypes.Ip] };
        var elements = Enumerable.Range(0, 10_000).Select(i => new NftElement(NftValue.BigEndian((uint)i)) { Comment = $"number {i}" }).ToList();

        var lists = Read<NftElementList>(new NftBatch().ElementsAdd(set, elements), NftParser.TryParse);

        Assert.InRange(lists.Count, 3, 20);
        Assert.Equal(elements, lists.SelectMany(list => list.Elements));
    }

    [Fact]
    public void Comment_longer_than_nft_reads_is_cut_at_a_character()
    {
        var table = new NftTable(NftFamily.Ip, "t") { Comment = new string('a', 126) + "é" };

        Assert.Equal(new string('a', 126), Assert.Single(Read<NftTable>(new NftBatch().TableAdd(table), NftParser.TryParse)).Comment);
    }

    [Fact]
    public void Connection_survives_a_round_trip()
    {
        var batch = new NetlinkBatch();
        var v6 = new ConntrackTuple(IPAddress.Parse("fd00::1"), IPAddress.Parse("fd00::2"), 58, 0, 0) { Icmp = (7, 128, 0) };
        foreach (var tuple in new[] { s_tuple, v6 })
            WriteConnection(batch, tuple);

        Assert.Equal([new ConntrackEntry(s_tuple, s_tuple) { Id = 77 }, new ConntrackEntry(v6, v6) { Id = 77 }], Read<ConntrackEntry>(batch, ConntrackParser.TryParse));
    }

    [Fact]
    public void Every_truncation_is_refused_or_read_in_part_but_never_throws()
    {
        var batch = new NftBatch().TableAdd(new NftTable(NftFamily.Ip, "t") { Comment = "c" }).ChainAdd(new NftChain(NftFamily.Ip, "t", "c") { Hook = NftHook.Input })
            .SetAdd(s_set).ElementsAdd(s_set, [s_element]).RuleAdd(Rule(Expressions));
        var connection = new NetlinkBatch();
        WriteConnection(connection, s_tuple);
        var whole = 0;
        foreach (var bytes in new[] { batch.Written.ToArray(), connection.Written.ToArray() })
        {
            var messages = new NetlinkMessageReader(bytes);
            while (messages.TryNext(out var message))
            {
                for (var length = 0; length <= message.Payload.Length; length++)
                    whole += ParseAny(new NetlinkMessage(message.Type, 0, 0, message.Payload[..length])) ? 1 : 0;
            }
        }

        Assert.True(whole > 6);
    }

    [Fact]
    public void Random_bytes_never_throw()
    {
        var random = new Random(20261103);
        var seed = new NftBatch().SetAdd(s_set).ElementsAdd(s_set, [s_element]).RuleAdd(Rule(Expressions));
        WriteConnection(seed, s_tuple);
        var parsed = 0;
        for (var round = 0; round < 20_000; round++)
        {
            var bytes = seed.Written.ToArray();
            for (var flips = random.Next(1, 20); flips > 0; flips--)
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            var messages = new NetlinkMessageReader(bytes);
            while (messages.TryNext(out var message))
                parsed += ParseAny(message) ? 1 : 0;
        }

        Assert.True(parsed > 1000, $"only {parsed} inputs got past the first checks");
    }

    [Fact]
    public void Transaction_reports_each_refusal_by_its_change_and_a_commit_refused_as_the_whole()
    {
        var transport = new ScriptedTransport(sent => ScriptedTransport.SequencesOf(sent) is var numbers
            ? [ScriptedTransport.Acknowledge(numbers[2], Errno.ENOENT), ScriptedTransport.Acknowledge(numbers[0], Errno.ERESTART)]
            : []);
        using var socket = new NftSocket(transport);

        var refused = socket.TryExecute(new NftBatch().TableDelete(NftFamily.Ip, "a").TableDelete(NftFamily.Ip, "b"), generation: 7);

        Assert.Equal([(2, Errno.ENOENT, "delete table Ip b"), (0, Errno.ERESTART, "commit nf_tables transaction")],
            refused.Select(refusal => (refusal.Index, refusal.Error.Errno, refusal.Error.Operation)));
        Assert.Equal(4, ScriptedTransport.SequencesOf(Assert.Single(transport.Sent)).Count);
    }

    [Fact]
    public void Transaction_that_is_not_acknowledged_did_not_happen()
    {
        using var socket = new NftSocket(new ScriptedTransport(_ => []));

        Assert.Equal(Errno.EIO, Assert.Single(socket.TryExecute(new NftBatch().TableDelete(NftFamily.Ip, "a"))).Error.Errno);
    }

    internal static NftRule Rule(params NftExpression[] expressions) => new(NftFamily.Ip, "t", "c", expressions) { Comment = "why" };

    private static void WriteConnection(NetlinkBatch batch, ConntrackTuple tuple)
    {
        using var message = batch.Begin(NftBatch.TypeOf(ConntrackH.IPCTNL_MSG_CT_NEW, NfnetlinkH.NFNL_SUBSYS_CTNETLINK), 0, "a connection");
        message.Header(default(nfgenmsg));
        ConntrackParser.Write(message, ConntrackH.CTA_TUPLE_ORIG, tuple);
        ConntrackParser.Write(message, ConntrackH.CTA_TUPLE_REPLY, tuple);
        message.PutBigEndian(ConntrackH.CTA_ID, 77u);
    }

    private static bool ParseAny(NetlinkMessage message) =>
        NftParser.TryParse(message, out NftTable _) || NftParser.TryParse(message, out NftChain _) || NftParser.TryParse(message, out NftSet _)
        || NftParser.TryParse(message, out NftElementList _) || NftParser.TryParse(message, out NftRule _) || ConntrackMonitor.TryParse(message, out _)
        || NftMonitor.TryParse(message, out _);

    private static List<T> Read<T>(NetlinkBatch batch, MessageParser<T> parser)
    {
        var values = new List<T>();
        var reader = new NetlinkMessageReader(batch.Written);
        while (reader.TryNext(out var message))
        {
            if (parser(message, out var value))
                values.Add(value);
        }

        Assert.False(reader.Malformed);
        return values;
    }
}
