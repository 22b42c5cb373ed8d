using System.Net;
using Network.Dns.Hot;
using Network.Dns.Plugins;
using Network.Dns.Wire;

namespace Network.Dns;

/// <summary>What every transport of an address hands its packets to: at once by the hot path, else by the chain.</summary>
internal sealed class DnsHandler(DnsBlocks blocks, TimeProvider time)
{
    private volatile DnsBlocks _blocks = blocks;

    internal TimeProvider Time => time;

    /// <summary>Other plugins from the next packet on.</summary>
    internal void Replace(DnsBlocks blocks) => _blocks = blocks;

    /// <summary>Answers at once; see <see cref="HotPath.Answer"/>.</summary>
    internal int AnswerAtOnce(ref HotQuery query, HotCounters counters, bool isStream)
    {
        var blocks = _blocks;
        if (blocks.All is [{ WireZone.Length: 1 } only])
            return only.Hot.Answer(ref query, counters, isStream);
        if (query.Packet.Length < DnsQuery.HeaderLength || (query.Packet[2] & 0x80) != 0)
            return HotPath.Silence;
        return query.TryRead() && blocks.Find(query.Name) is { } block ? block.Hot.AnswerRead(ref query, counters, isStream) : HotPath.Slow;
    }

    /// <summary>Answers by the chain.</summary>
    /// <returns>The finished message; empty when nothing is owed.</returns>
    internal async ValueTask<ReadOnlyMemory<byte>> AnswerAsync(byte[] packet, IPAddress client, bool isStream, HotCounters counters, CancellationToken cancel)
    {
        if (!DnsQuery.TryRead(packet, out var query, out var refusal))
        {
            if (refusal is not { } code)
                return default;
            counters.Count(0, code);
            var header = new byte[DnsQuery.HeaderLength];
            return header.AsMemory(0, AnswerWriter.WriteRefusal(packet, code, header));
        }

        var answer = await AskAsync(new DnsRequest(query!, client, isStream), cancel).ConfigureAwait(false);
        if (ReferenceEquals(answer, DnsAnswer.None))
            return default;
        counters.Count(query!.Type, answer.Code);
        var limit = isStream ? ushort.MaxValue : Math.Min(query.UdpSize, AnswerWriter.MaxUdpSize);
        var message = new byte[isStream ? ushort.MaxValue : AnswerWriter.MaxUdpSize];
        var context = new AnswerContext(client, (uint)time.GetUtcNow().ToUnixTimeSeconds());
        return message.AsMemory(0, AnswerWriter.Write(query, answer, message, limit, context));
    }

    private async ValueTask<DnsAnswer> AskAsync(DnsRequest request, CancellationToken cancel) =>
        Find(request.Query) is { } block ? await block.Chain.AnswerAsync(request, cancel).ConfigureAwait(false) : new DnsAnswer(ResponseCode.Refused);

    private DnsBlock? Find(DnsQuery query)
    {
        Span<byte> scratch = stackalloc byte[WireName.ScratchLength];
        WireName.Fold(query.Question.Span[..^4], scratch);
        return _blocks.Find(scratch[..(query.Question.Length - 4)]);
    }
}
