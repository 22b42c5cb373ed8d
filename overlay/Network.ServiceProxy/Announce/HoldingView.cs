namespace Network.ServiceProxy.Announce;

/// <summary>What one node knows of who holds what, and what follows from it. Clocks are this node's own. Pure.</summary>
public sealed class HoldingView(TimeProvider time)
{
    private readonly Dictionary<string, (string Version, long At)> _seen = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();
    private long _validUntil = long.MinValue;
    private long _since = long.MaxValue;

    /// <summary>We may answer for what we hold.</summary>
    public bool MayAnswer => time.GetTimestamp() < Interlocked.Read(ref _validUntil);

    /// <summary>Whether changes are heard as they happen. While they are not, silence proves nothing: the server may be down for all.</summary>
    public void Hearing(bool connected) => Interlocked.Exchange(ref _since, connected ? time.GetTimestamp() : long.MaxValue);

    /// <summary>A session as it is; another version is another renewal.</summary>
    public void Saw(string session, string version)
    {
        lock (_lock)
        {
            if (_seen.GetValueOrDefault(session).Version != version)
                _seen[session] = (version, time.GetTimestamp());
        }
    }

    /// <summary>The version last seen of a session; empty when none was.</summary>
    public string VersionOf(string session)
    {
        lock (_lock)
            return _seen.GetValueOrDefault(session).Version ?? "";
    }

    /// <summary>
    /// Our own renewal was taken. One whose answer comes after the former has run out does not count: by then others may have taken over.
    /// </summary>
    public bool Prolong(long sent, bool first)
    {
        if (!first && !MayAnswer)
            return false;
        Interlocked.Exchange(ref _validUntil, sent + Ticks(Holding.Valid));
        return MayAnswer;
    }

    public void End() => Interlocked.Exchange(ref _validUntil, long.MinValue);

    /// <summary>How long until a holder that stays silent is dead; zero when it is.</summary>
    public TimeSpan UntilDead(string session)
    {
        var since = Interlocked.Read(ref _since);
        if (since == long.MaxValue)
            return Holding.Dead;
        lock (_lock)
        {
            _seen.TryAdd(session, ("", time.GetTimestamp()));
            var silent = time.GetElapsedTime(Math.Max(since, _seen[session].At));
            return silent > Holding.Dead ? TimeSpan.Zero : Holding.Dead - silent + TimeSpan.FromMilliseconds(1);
        }
    }

    private long Ticks(TimeSpan span) => (long)(span.TotalSeconds * time.TimestampFrequency);
}
