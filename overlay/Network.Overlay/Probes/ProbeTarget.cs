using System.Net;
using System.Numerics;

namespace Network.Overlay;

/// <summary>What is known of one way to one peer.</summary>
internal sealed record ProbeState(TimeSpan? RoundTrip, double Loss, int PathMtu, DateTimeOffset? LastAnswer)
{
    /// <summary>Nothing was asked yet.</summary>
    internal static ProbeState Unknown { get; } = new(null, 0, 0, null);

    /// <summary>Questions since the last answer.</summary>
    internal int Silent { get; init; }
}

/// <summary>One question that waits for its answer.</summary>
internal readonly record struct ProbeQuestion(uint Sequence, int Size, bool Unchecked, long SentAt);

/// <summary>
/// One way to one peer: when to ask, what to ask, what the answers mean. Pure but for the clock values it is given; the
/// prober's loop owns it.
/// </summary>
internal sealed class ProbeTarget(string node, IPEndPoint address, PathMtuSearch search, TimeSpan interval)
{
    private const int Window = 32;

    // A way is tried often until it first answers, then as often as set.
    private static readonly TimeSpan s_eager = TimeSpan.FromMilliseconds(100), s_searching = TimeSpan.FromMilliseconds(50);
    private const int EagerQuestions = 50, LargeEvery = 3;
    private readonly Dictionary<uint, ProbeQuestion> _waiting = [];
    private uint _sequence;
    private uint _lost;
    private int _asked;
    private int _silent;
    private bool _answered;

    internal string Node => node;

    internal IPEndPoint Address => address;

    /// <summary>The address as the kernel takes it, made once.</summary>
    internal SocketAddress Serialized { get; } = address.Serialize();

    internal ProbeState State { get; private set; } = ProbeState.Unknown;

    /// <summary>Sizes of IP packets to ask next: a small one, and a large one when it is its turn. 0 stands for small.</summary>
    internal IEnumerable<int> NextSizes()
    {
        yield return 0;
        if (!_answered || (!search.IsSearching && search.Found != 0 && _asked % LargeEvery != 0))
            yield break;
        yield return search.Next;
        search.Asked();
    }

    internal ProbeQuestion Ask(int size, bool withoutChecksum, long now)
    {
        var question = new ProbeQuestion(++_sequence, size, withoutChecksum, now);
        _waiting[question.Sequence] = question;
        if (size == 0 && !withoutChecksum)
            _asked++;
        return question;
    }

    internal TimeSpan Pause() => search.IsSearching && _silent == 0 ? s_searching : !_answered && _asked < EagerQuestions ? s_eager : interval;

    /// <summary>The answer to a question; null when it is not, or no longer, waited for.</summary>
    internal ProbeQuestion? Answered(uint sequence, TimeSpan roundTrip, DateTimeOffset when)
    {
        if (!_waiting.Remove(sequence, out var question))
            return null;
        if (question.Unchecked)
            return question;
        _answered = true;
        _silent = 0;
        if (question.Size == 0)
            _lost <<= 1;
        else
            search.Arrived(question.Size);
        State = new ProbeState(question.Size == 0 ? roundTrip : State.RoundTrip ?? roundTrip, Loss(), search.Found, when);
        return question;
    }

    /// <summary>Gives up on questions that are older than the time allowed and adds them to the list.</summary>
    internal void Expire(long before, List<ProbeQuestion> lost)
    {
        var first = lost.Count;
        foreach (var question in _waiting.Values)
        {
            if (question.SentAt <= before)
                lost.Add(question);
        }

        for (var i = first; i < lost.Count; i++)
        {
            var question = lost[i];
            _waiting.Remove(question.Sequence);
            if (question is { Size: 0, Unchecked: false })
            {
                _lost = (_lost << 1) | 1;
                _silent++;
            }
            else if (question.Size != 0 && _silent == 0)
            {
                search.Lost(question.Size);
            }
        }

        if (lost.Count > first)
            State = State with { Loss = Loss(), PathMtu = search.Found, Silent = _silent };
    }

    /// <summary>The system refused to send a packet of this size.</summary>
    internal void Refused(ProbeQuestion question)
    {
        _waiting.Remove(question.Sequence);
        search.Lost(question.Size);
    }

    private double Loss() => BitOperations.PopCount(_lost) / (double)Math.Clamp(_asked, 1, Window);
}
