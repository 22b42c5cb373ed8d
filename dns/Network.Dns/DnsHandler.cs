using System.Net;
using Network.Dns.Clients;
using Network.Dns.Hot;
using Network.Dns.Plugins;
using Network.Dns.Views;
using Network.Dns.Wire;

namespace Network.Dns;

/// <summary>What every transport of an address hands its packets to: at once by the hot path, else by the chain.</summary>
internal sealed class DnsHandler(DnsBlocks blocks, ClientLedger clients, TimeProvider time)
{
    private volatile DnsBlocks _blocks = blocks;

    internal TimeProvider Time => time;

    /// <summary>Other plugins from the next packet on.</summary>
    internal void Replace(DnsBlocks blocks) => _blocks = blocks;

    /// <summary>Answers at once; see <see cref="HotPath.Answer"/>.</summary>
    internal int AnswerAtOnce(ref HotQuery query, HotCounters counters, bool isStream)
    {
        var written = TryAnswer(ref query, counters, isStream);
        if (written > 0)
            clients.Count(query.Client, query.Hash, query.Name, query.Code);
        return written;
    }

    private int TryAnswer(ref HotQuery query, HotCounters counters, bool isStream)
    {
        var blocks = _blocks;
        if (blocks.All is [{ WireZone.Length: 1, View: null } only])
            return only.Hot.Answer(ref query, counters, isStream);
        if (query.Packet.Length < DnsQuery.HeaderLength || (query.Packet[2] & 0x80) != 0)
            return HotPath.Silence;
        if (!query.TryRead())
            return HotPath.Slow;
        var question = new ViewQuestion { Client = query.Client, Name = query.Name, Type = query.Type, IsStream = isStream };
        return blocks.Find(question) is { } block ? block.Hot.AnswerRead(ref query, counters, isStream) : HotPath.Slow;
    }

    /// <summary>The same for a message of a connection.</summary>
    internal int AnswerStreamAtOnce(ReadOnlySpan<byte> packet, IPAddress client, Span<byte> output, HotCounters counters)
    {
        Span<byte> address = stackalloc byte[16];
        (client.IsIPv4MappedToIPv6 ? client.MapToIPv4() : client).TryWriteBytes(address, out var length);
        var query = new HotQuery
        {
            Packet = packet,
            Scratch = stackalloc byte[WireName.ScratchLength],
            Client = address[..length],
            Now = (uint)time.GetUtcNow().ToUnixTimeSeconds(),
            Steady = time.Seconds(),
            Output = output,
        };
        return AnswerAtOnce(ref query, counters, isStream: true);
    }

    /// <summary>Answers by the chain.</summary>
    /// <returns>The finished message; empty when nothing is owed.</returns>
    internal async ValueTask<ReadOnlyMemory<byte>> AnswerAsync(byte[] packet, IPAddress client, bool isStream, HotCounters counters, CancellationToken cancel)
    {
        var (query, answer) = await JudgeAsync(packet, client, isStream, counters, cancel).ConfigureAwait(false);
        return answer?.Messages is { } messages ? messages.First() : Write(packet, client, isStream, query, answer);
    }

    /// <summary>The same for a connection, where an answer may have many messages.</summary>
    internal async ValueTask<IEnumerable<ReadOnlyMemory<byte>>> AnswerAllAsync(byte[] packet, IPAddress client, HotCounters counters, CancellationToken cancel)
    {
        var (query, answer) = await JudgeAsync(packet, client, isStream: true, counters, cancel).ConfigureAwait(false);
        if (answer?.Messages is { } messages)
            return messages.Select(message => (ReadOnlyMemory<byte>)message);
        return Write(packet, client, isStream: true, query, answer) is { IsEmpty: false } written ? [written] : [];
    }

    private async ValueTask<(DnsQuery? Query, DnsAnswer? Answer)> JudgeAsync(byte[] packet, IPAddress client, bool isStream, HotCounters counters, CancellationToken cancel)
    {
        if (!DnsQuery.TryRead(packet, out var query, out var refusal))
        {
            if (refusal is { } code)
                counters.Count(0, code);
            return (null, refusal is { } reason ? new DnsAnswer(reason) : null);
        }

        var answer = await AskAsync(new DnsRequest(query!, client, isStream) { Packet = packet }, cancel).ConfigureAwait(false);
        if (ReferenceEquals(answer, DnsAnswer.None))
            return (query, null);
        counters.Count(query!.Type, answer.Code);
        clients.Count(client, query, answer.Code);
        return (query, answer);
    }

    private ReadOnlyMemory<byte> Write(byte[] packet, IPAddress client, bool isStream, DnsQuery? query, DnsAnswer? answer)
    {
        if (answer is null)
            return default;
        if (query is null)
        {
            var header = new byte[DnsQuery.HeaderLength];
            return header.AsMemory(0, AnswerWriter.WriteRefusal(packet, answer.Code, header));
        }

        var limit = isStream ? ushort.MaxValue : Math.Min(query.UdpSize, AnswerWriter.MaxUdpSize);
        var message = new byte[isStream ? ushort.MaxValue : AnswerWriter.MaxUdpSize];
        var context = new AnswerContext(client, (uint)time.GetUtcNow().ToUnixTimeSeconds());
        var length = AnswerWriter.Write(query, answer, message, limit - (answer.Signer?.Length ?? 0), context);
        return message.AsMemory(0, answer.Signer?.Sign(message, length) ?? length);
    }

    private async ValueTask<DnsAnswer> AskAsync(DnsRequest request, CancellationToken cancel) =>
        Find(request) is { } block ? await block.Chain.AnswerAsync(request, cancel).ConfigureAwait(false) : new DnsAnswer(ResponseCode.Refused);

    private DnsBlock? Find(DnsRequest request)
    {
        Span<byte> name = stackalloc byte[WireName.ScratchLength];
        Span<byte> client = stackalloc byte[16];
        var length = request.Query.Question.Length - 4;
        WireName.Fold(request.Query.Question.Span[..length], name);
        (request.Client.IsIPv4MappedToIPv6 ? request.Client.MapToIPv4() : request.Client).TryWriteBytes(client, out var bytes);
        return _blocks.Find(new ViewQuestion { Client = client[..bytes], Name = name[..length], Type = request.Query.Type, IsStream = request.OverTcp });
    }
}
