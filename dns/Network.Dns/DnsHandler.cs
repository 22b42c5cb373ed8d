using System.Net;
using Network.Dns.Hot;
using Network.Dns.Plugins;
using Network.Dns.Wire;

namespace Network.Dns;

/// <summary>What every transport hands its packets to: at once through <see cref="Hot"/>, else through the chain.</summary>
internal sealed class DnsHandler(HotPath hot, Chain chain, TimeProvider time)
{
    internal HotPath Hot => hot;

    internal TimeProvider Time => time;

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

        var answer = await chain.AnswerAsync(new DnsRequest(query!, client, isStream), cancel).ConfigureAwait(false);
        counters.Count(query!.Type, answer.Code);
        var limit = isStream ? ushort.MaxValue : Math.Min(query.UdpSize, AnswerWriter.MaxUdpSize);
        var message = new byte[isStream ? ushort.MaxValue : AnswerWriter.MaxUdpSize];
        var context = new AnswerContext(client, (uint)time.GetUtcNow().ToUnixTimeSeconds());
        return message.AsMemory(0, AnswerWriter.Write(query, answer, message, limit, context));
    }
}
