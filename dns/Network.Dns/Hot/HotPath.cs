using Network.Dns.Wire;

namespace Network.Dns.Hot;

/// <summary>The plugins of the chain, as far as they can answer at once. One that cannot ends the path: what lies behind it is slow.</summary>
internal sealed class HotPath
{
    /// <summary>Nothing is owed to this packet.</summary>
    internal const int Silence = 0;

    /// <summary>The chain has to answer.</summary>
    internal const int Slow = -1;

    private readonly IHotPlugin[] _plugins;

    private readonly IHotObserver[] _observers;

    internal HotPath(IReadOnlyCollection<object> plugins)
    {
        _plugins = plugins.TakeWhile(plugin => plugin is IHotPlugin).Cast<IHotPlugin>().ToArray();
        _observers = plugins.OfType<IHotObserver>().ToArray();
    }

    /// <summary>Answers a packet.</summary>
    /// <returns>Length of the answer in <c>Output</c>, or <see cref="Slow"/>, or <see cref="Silence"/> for responses and for what is too short.</returns>
    internal int Answer(ref HotQuery query, HotCounters counters, bool isStream)
    {
        if (query.Packet.Length < DnsQuery.HeaderLength || (query.Packet[2] & 0x80) != 0)
            return Silence;
        if (!query.TryRead())
            return Slow;
        return AnswerRead(ref query, counters, isStream);
    }

    /// <summary>The same for a query that is read already.</summary>
    internal int AnswerRead(ref HotQuery query, HotCounters counters, bool isStream)
    {
        if (!isStream)
            query.Output = query.Output[..Math.Min(query.UdpSize, query.Output.Length)];
        foreach (var plugin in _plugins)
        {
            switch (plugin.TryAnswer(ref query))
            {
                case HotOutcome.Answered:
                    counters.Count(query.Type, query.Code);
                    foreach (var observer in _observers)
                        observer.Answered(query);
                    return query.Written;
                case HotOutcome.Slow:
                    return Slow;
            }
        }

        return Slow;
    }
}
