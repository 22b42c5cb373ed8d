namespace Network.Kubelet.Pods;

/// <summary>
/// How long a container that keeps ending must wait: nothing the first time, then doubling up to a limit, forgotten after a good while
/// (twice the limit, as the reference does).
/// </summary>
internal sealed class RestartBackoff(TimeSpan first, TimeSpan limit)
{
    private TimeSpan _current;
    private DateTimeOffset _last;

    /// <summary>The wait that holds now; zero before the first restart.</summary>
    internal TimeSpan Current => _current;

    /// <summary>When a container that ended at this time may start again.</summary>
    internal DateTimeOffset ReadyAt(DateTimeOffset ended) => Expired(ended) ? ended : ended + _current;

    /// <summary>Notes a restart: the next one waits longer.</summary>
    internal void Restarted(DateTimeOffset now)
    {
        _current = _current == TimeSpan.Zero || Expired(now) ? Min(first, limit) : Min(_current * 2, limit);
        _last = now;
    }

    private bool Expired(DateTimeOffset now) => now - _last > limit * 2;

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;
}
