namespace Network.Store.Memory;

/// <summary>When keys with a time to live are due. Times are Unix milliseconds.</summary>
internal sealed class Expiries
{
    private readonly Dictionary<string, long> _due = new(StringComparer.Ordinal);

    /// <summary>Takes note of a written key; <paramref name="expiresAt"/> 0 means it stays.</summary>
    internal void Note(string key, long expiresAt)
    {
        if (expiresAt > 0)
            _due[key] = expiresAt;
        else
            _due.Remove(key);
    }

    internal List<string> DueBy(long unixMs) => [.. _due.Where(pair => pair.Value <= unixMs).Select(pair => pair.Key)];
}
