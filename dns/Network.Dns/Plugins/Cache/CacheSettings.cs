namespace Network.Dns.Plugins.Cache;

/// <summary>How long answers of others are remembered. Seconds; defaults are CoreDNS's, stale ones RFC 8767's.</summary>
public sealed record CacheSettings
{
    /// <summary>Answers kept; the least useful of a neighbourhood goes when there are more.</summary>
    public int Capacity { get; init; } = 16_384;

    public uint MinTtl { get; init; } = 5;

    public uint MaxTtl { get; init; } = 3600;

    /// <summary>Of "no such name" and "not this type".</summary>
    public uint MaxNegativeTtl { get; init; } = 1800;

    public uint ServFailTtl { get; init; } = 5;

    /// <summary>How long an answer that is over may still be given while nobody can renew it; 0 never.</summary>
    public uint ServeStale { get; init; } = 3600;

    /// <summary>TTL of such an answer (RFC 8767 4).</summary>
    public uint StaleTtl { get; init; } = 30;

    /// <summary>An answer asked for so often is renewed before it ends; 0 never.</summary>
    public uint PrefetchHits { get; init; } = 3;

    /// <summary>How long a client waits for a renewal before it gets what is over (RFC 8767 5: 1.8 s).</summary>
    public TimeSpan StaleAfter { get; init; } = TimeSpan.FromMilliseconds(1800);
}
