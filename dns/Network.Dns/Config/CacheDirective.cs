using Network.Dns.Plugins.Cache;

namespace Network.Dns.Config;

/// <summary>The cache line of a block. Zones need no mention: names of the cluster never come so far.</summary>
internal static class CacheDirective
{
    internal static CacheSettings Read(Directive line)
    {
        var settings = new CacheSettings();
        if (line.Arguments.Count > 0 && uint.TryParse(line.Arguments[0], out var ttl))
            settings = settings with { MaxTtl = ttl, MaxNegativeTtl = Math.Min(ttl, settings.MaxNegativeTtl), MinTtl = Math.Min(ttl, settings.MinTtl) };
        foreach (var option in line.Block)
        {
            settings = option.Name switch
            {
                "success" => Success(settings, option),
                "denial" => Denial(settings, option),
                "prefetch" => settings with { PrefetchHits = option.Number() },
                "serve_stale" => settings with { ServeStale = option.Arguments.Count == 0 ? 3600 : (uint)option.Duration().TotalSeconds },
                "servfail" => settings with { ServFailTtl = (uint)Math.Min(300, option.Duration().TotalSeconds) },
                // kubeadm keeps the cluster's names out of its cache; here they never come into it.
                "disable" or "keepttl" => settings,
                _ => throw option.Refuse("cache knows success, denial, prefetch, serve_stale, servfail and disable"),
            };
        }

        return settings;
    }

    private static CacheSettings Success(CacheSettings settings, Directive option) => settings with
    {
        Capacity = (int)option.Number(),
        MaxTtl = option.Arguments.Count > 1 ? option.Number(1) : settings.MaxTtl,
        MinTtl = option.Arguments.Count > 2 ? option.Number(2) : settings.MinTtl,
    };

    private static CacheSettings Denial(CacheSettings settings, Directive option) => settings with
    {
        MaxNegativeTtl = option.Arguments.Count > 1 ? option.Number(1) : settings.MaxNegativeTtl,
    };
}
