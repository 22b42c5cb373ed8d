using System.Net;
using Network.Dns.Hot;
using Network.Dns.Plugins;
using Network.Dns.Plugins.Cluster;
using Network.Dns.Wire;
using Xunit;

namespace Network.Dns.Tests.Hot;

public sealed class HotPathTests : IDisposable
{
    private readonly ClusterIndex _index = new() { Complete = true };
    private readonly HotCounters _counters = new("udp", "test");
    private readonly HotPath _hot;
    private readonly Chain _chain;

    public HotPathTests()
    {
        var cluster = new ClusterPlugin(_index);
        (_hot, _chain) = (new HotPath([cluster]), new Chain([cluster]));
        _index.PutNamespace("default");
        _index.Put(new DnsService("default", "web") { ClusterIps = [IPAddress.Parse("10.96.0.20"), IPAddress.Parse("fd00::20")], Ports = [new DnsPort("http", "tcp", 80)] });
        _index.Put(new DnsService("default", "peers")
        {
            Headless = true,
            Endpoints = Enumerable.Range(1, 60).Select(i => new DnsEndpoint(new IPAddress([10, 244, 1, (byte)i]), $"db-{i}", [new DnsPort("http", "tcp", 8080)])).ToList(),
        });
    }

    public void Dispose() => _counters.Dispose();

    public static TheoryData<string, RecordType> Questions => new()
    {
        { "web.default.svc.cluster.local", RecordType.A },
        { "wEb.Default.svc.CLUSTER.local", RecordType.AAAA },
        { "web.default.svc.cluster.local", (RecordType)15 },
        { "_http._tcp.web.default.svc.cluster.local", RecordType.SRV },
        { "web.default.svc.cluster.local", RecordType.SRV },
        { "db-7.peers.default.svc.cluster.local", RecordType.A },
        { "nothing.default.svc.cluster.local", RecordType.A },
        { "10-244-1-9.default.pod.cluster.local", RecordType.A },
        { "fd00--9.default.pod.cluster.local", RecordType.AAAA },
        { "10-244-1-999.default.pod.cluster.local", RecordType.A },
        { "10-244-1-9.default.pod.cluster.local", RecordType.AAAA },
        { "20.0.96.10.in-addr.arpa", RecordType.PTR },
        { "cluster.local", RecordType.NS },
        { "dns-version.cluster.local", RecordType.TXT },
        { "default.svc.cluster.local", RecordType.A },
    };

    // The two ways to an answer share no code behind the verdict, so each checks the other.
    [Theory]
    [MemberData(nameof(Questions))]
    public async Task Hot_path_and_chain_say_the_same(string name, RecordType type)
    {
        var packet = Query(name, type, edns: true);
        var hot = Hot(packet, isStream: true);
        Assert.True(DnsQuery.TryRead(packet, out var query, out _));
        var answer = await _chain.AnswerAsync(new DnsRequest(query!, IPAddress.Loopback, OverTcp: true), CancellationToken.None);
        var buffer = new byte[ushort.MaxValue];
        var slow = buffer.AsSpan(0, AnswerWriter.Write(query!, answer, buffer, ushort.MaxValue)).ToArray();
        Assert.Equal(Records(slow), Records(hot));
        Assert.Equal(slow.AsSpan(2, 2).ToArray(), hot.AsSpan(2, 2).ToArray());
        Assert.Equal(packet.AsSpan(12, packet.Length - 12 - 11).ToArray(), hot.AsSpan(12, packet.Length - 12 - 11).ToArray());
    }

    [Theory]
    [InlineData(512)]
    [InlineData(513)]
    [InlineData(700)]
    [InlineData(1231)]
    [InlineData(1232)]
    [InlineData(4096)]
    public void Answer_keeps_to_the_size_the_asker_takes_and_says_when_it_is_cut(int size)
    {
        var packet = Query("peers.default.svc.cluster.local", RecordType.A, edns: true, size);
        var answer = Hot(packet, isStream: false);
        Assert.InRange(answer.Length, 12, Math.Min(size, 1232));
        var complete = Records(answer).Count(record => record.Contains(" A ", StringComparison.Ordinal)) == 60;
        Assert.Equal(!complete, (answer[2] & 2) != 0);
    }

    [Fact]
    public void Records_take_turns_in_being_first()
    {
        var packet = Query("peers.default.svc.cluster.local", RecordType.A, edns: false);
        var firsts = Enumerable.Range(0, 60).Select(_ =>
        {
            var (answer, records) = (Hot(packet, isStream: true), new List<RawMessage.RecordAt>());
            Assert.True(RawMessage.TryWalk(answer, records));
            return Convert.ToHexString(answer, records[0].Offset + 10, 4);
        }).ToHashSet();
        Assert.Equal(60, firsts.Count);
    }

    [Fact]
    public void Every_truncation_of_a_query_is_left_to_the_chain_or_to_silence()
    {
        var packet = Query("web.default.svc.cluster.local", RecordType.A, edns: true);
        for (var length = 0; length < packet.Length; length++)
            Assert.True(Answer(packet.AsSpan(0, length), new byte[512], isStream: false) <= 0, $"{length} bytes were answered");
    }

    [Fact]
    public void A_response_is_never_answered()
    {
        var packet = Query("web.default.svc.cluster.local", RecordType.A, edns: false);
        packet[2] |= 0x80;
        Assert.Equal(HotPath.Silence, Answer(packet, new byte[512], isStream: false));
    }

    [Fact]
    public void Random_packets_give_whole_answers_or_none()
    {
        var rounds = int.Parse(Environment.GetEnvironmentVariable("PODNET_FUZZ_ROUNDS") ?? "200000");
        var random = new Random(53);
        var seeds = Questions.Select(row => Query(row.Data.Item1, row.Data.Item2, edns: true)).ToList();
        var output = new byte[1232];
        for (var i = 0; i < rounds; i++)
        {
            var packet = (byte[])seeds[random.Next(seeds.Count)].Clone();
            for (var flips = random.Next(1, 8); flips > 0; flips--)
                packet[random.Next(packet.Length)] = (byte)random.Next(256);
            var length = random.Next(4) == 0 ? random.Next(packet.Length + 1) : packet.Length;
            var written = Answer(packet.AsSpan(0, length), output, isStream: false);
            if (written > 0)
                Assert.True(RawMessage.TryWalk(output.AsSpan(0, written), []), Convert.ToHexString(packet, 0, length));
        }
    }

    [Fact]
    public void Answering_allocates_nothing()
    {
        byte[][] packets = [.. Questions.Select(row => Query(row.Data.Item1, row.Data.Item2, edns: true))];
        var output = new byte[1232];
        foreach (var packet in packets)
            Answer(packet, output, isStream: false);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
        {
            foreach (var packet in packets)
                Answer(packet, output, isStream: false);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void Verified_names_of_pods_take_the_hot_path_and_allocate_nothing()
    {
        var verified = new HotPath([new ClusterPlugin(_index, options: new ClusterOptions { Pods = PodNames.Verified })]);
        _index.Pods.Put("default", "web", [IPAddress.Parse("10.244.1.9")]);
        _index.Pods.Complete = true;
        var output = new byte[1232];
        byte[][] packets = [.. ((string[])["10-244-1-9.default", "10-244-1-8.default"]).Select(name => Query($"{name}.pod.cluster.local", RecordType.A, edns: true))];
        ResponseCode[] codes = [ResponseCode.NoError, ResponseCode.NxDomain];
        for (var i = 0; i < packets.Length; i++)
        {
            Assert.True(Answer(packets[i], output, isStream: false, verified) > 0);
            Assert.Equal(codes[i], (ResponseCode)(output[3] & 15));
        }

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
            Answer(packets[i & 1], output, isStream: false, verified);

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    // Reference values of the SipHash paper's vectors: key 00..0f, input 00..0e.
    [Fact]
    public void SipHash_gives_the_reference_value()
    {
        var input = Enumerable.Range(0, 15).Select(i => (byte)i).ToArray();
        Assert.Equal(0xa129ca6149be45e5, ServerCookie.SipHash((0x0706050403020100, 0x0f0e0d0c0b0a0908), input));
    }

    private byte[] Hot(byte[] packet, bool isStream)
    {
        var output = new byte[isStream ? ushort.MaxValue : 1232];
        var written = Answer(packet, output, isStream);
        Assert.True(written > 0, $"{written}");
        return output[..written];
    }

    private int Answer(ReadOnlySpan<byte> packet, Span<byte> output, bool isStream, HotPath? other = null)
    {
        var query = new HotQuery { Packet = packet, Scratch = stackalloc byte[WireName.ScratchLength], Output = output, Client = [127, 0, 0, 1], Now = 1 };
        return (other ?? _hot).Answer(ref query, _counters, isStream);
    }

    private static byte[] Query(string name, RecordType type, bool edns, int size = 1232)
    {
        var wire = DnsName.Encode(name);
        byte[] opt = edns ? [0, 0, 41, (byte)(size >> 8), (byte)size, 0, 0, 0, 0, 0, 0] : [];
        return [0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, (byte)(edns ? 1 : 0), .. wire, 0, (byte)type, 0, 1, .. opt];
    }

    // Owner, type, TTL and data of every record, names in full, sorted: order and compression are free.
    private static List<string> Records(byte[] message)
    {
        var records = new List<RawMessage.RecordAt>();
        Assert.True(RawMessage.TryWalk(message, records));
        return records.Where(record => record.Type != RecordType.OPT).Select(record =>
        {
            var names = NameIn(message, record.Start);
            var data = message[(record.Offset + 10)..record.End];
            return $"{record.Section} {names} {record.Type} {Convert.ToHexString(message, record.Offset + 4, 4)} "
                + (record.Type == RecordType.SOA ? NameIn(message, record.Offset + 10) + Convert.ToHexString(data[^20..]) : Convert.ToHexString(data));
        }).Order(StringComparer.Ordinal).ToList();
    }

    private static string NameIn(byte[] message, int offset)
    {
        var labels = new List<string>();
        while (message[offset] != 0)
        {
            if ((message[offset] & 0xC0) == 0xC0)
            {
                offset = ((message[offset] & 0x3F) << 8) | message[offset + 1];
                continue;
            }

            labels.Add(System.Text.Encoding.ASCII.GetString(message, offset + 1, message[offset]).ToLowerInvariant());
            offset += message[offset] + 1;
        }

        return string.Join('.', labels);
    }
}
