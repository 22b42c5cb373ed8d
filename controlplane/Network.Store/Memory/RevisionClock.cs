namespace Network.Store.Memory;

/// <summary>Which revision was the latest at a time, to a second: what turns "older than ten minutes" into a revision.</summary>
internal sealed class RevisionClock
{
    private const long Resolution = 1000;
    private readonly List<(long UnixMs, long Revision)> _samples = [];

    internal void Note(long unixMs, long revision)
    {
        // The first sample of a second stays as its time; its revision moves on, so a change never counts as older than it is.
        if (_samples.Count > 0 && unixMs - _samples[^1].UnixMs < Resolution)
            _samples[^1] = (_samples[^1].UnixMs, revision);
        else
            _samples.Add((unixMs, revision));
    }

    /// <summary>The newest revision of a second that had ended by a time; 0 when none is known.</summary>
    internal long At(long unixMs)
    {
        var found = 0L;
        var old = 0;
        while (old < _samples.Count && _samples[old].UnixMs + Resolution <= unixMs)
            found = _samples[old++].Revision;
        // The last of the old ones stays as the answer for the next who asks.
        if (old > 1)
            _samples.RemoveRange(0, old - 1);
        return found;
    }
}
