using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Network.Dns.Hot;
using Network.Dns.Wire;

namespace Network.Dns.Plugins.Cache;

/// <summary>
/// Remembers what those behind it in the chain answered. What many ask is renewed before it ends; what nobody can renew is
/// given on, marked stale (RFC 8767); of many who ask for the same at once, one asks on.
/// </summary>
public sealed class CachePlugin : IDnsPlugin, IHotPlugin, IDisposable
{
    private readonly CacheSettings _settings;
    private readonly TimeProvider _time;
    private readonly CacheTable _table;
    private readonly ConcurrentDictionary<(string Name, RecordType Type, bool DnssecOk), Task<DnsAnswer?>> _asking = new();
    private readonly Meter _meter = new("Network.Dns");
    private readonly Counter<long> _prefetches;
    private readonly Counter<long> _stale;
    private long _hits;
    private long _denials;
    private long _misses;
    private Func<DnsRequest, CancellationToken, ValueTask<DnsAnswer?>>? _next;

    public CachePlugin(CacheSettings settings, TimeProvider time)
    {
        (_settings, _time, _table) = (settings, time, new CacheTable(settings.Capacity));
        _prefetches = _meter.CreateCounter<long>("coredns_cache_prefetch_total", null, "Answers renewed before they ended.");
        _stale = _meter.CreateCounter<long>("coredns_cache_served_stale_total", null, "Answers given after their end because nobody could renew them.");
        _meter.CreateObservableCounter("coredns_cache_hits_total", () => (Measurement<long>[])
            [new(Volatile.Read(ref _hits), new KeyValuePair<string, object?>("type", "success")), new(Volatile.Read(ref _denials), new KeyValuePair<string, object?>("type", "denial"))],
            null, "Answers out of memory.");
        _meter.CreateObservableCounter("coredns_cache_misses_total", () => Volatile.Read(ref _misses), null, "Queries that had to be asked on.");
        _meter.CreateObservableGauge("coredns_cache_entries", () => _table.Count, null, "Answers in memory.");
    }

    public string Name => "cache";

    HotOutcome IHotPlugin.TryAnswer(ref HotQuery query)
    {
        if (_table.Find(query.Hash, query.Name, query.Type, query.DnssecOk) is not { } entry || !entry.IsFresh(query.Steady))
            return HotOutcome.Slow;
        if (entry.TryRenew(query.Steady, _settings))
            Renew(query.Packet, query.Type);
        Count(entry);
        if (HotAnswer.WriteMessage(ref query, entry.Message, entry.Code))
            entry.Age(query.Output, query.Steady, _settings.StaleTtl);
        return HotOutcome.Answered;
    }

    public async ValueTask<DnsAnswer?> HandleAsync(DnsRequest request, Func<DnsRequest, CancellationToken, ValueTask<DnsAnswer?>> next, CancellationToken cancel)
    {
        _next ??= next;
        var now = Now();
        var known = Find(request.Query);
        if (known?.IsFresh(now) == true)
        {
            Count(known);
            return AnswerOf(known, now);
        }

        Interlocked.Increment(ref _misses);
        var asking = AskOnceAsync(request, next);
        if (known is null || !known.IsUsable(now, _settings))
            return await asking.WaitAsync(cancel).ConfigureAwait(false);
        var answer = await WithinAsync(asking, cancel).ConfigureAwait(false);
        if (answer is not null && answer.Code != ResponseCode.ServFail)
            return answer;
        _stale.Add(1);
        return AnswerOf(known, now) with { Error = known.Code == ResponseCode.NxDomain ? ExtendedError.StaleNxDomain : ExtendedError.StaleAnswer };
    }

    public void Dispose() => _meter.Dispose();

    private uint Now() => _time.Seconds();

    private CacheEntry? Find(DnsQuery query)
    {
        Span<byte> scratch = stackalloc byte[WireName.ScratchLength];
        var name = query.Question.Span[..^4];
        var hash = WireName.Fold(name, scratch);
        return _table.Find(hash, scratch[..name.Length], query.Type, query.DnssecOk);
    }

    // The one who asks must not end with the first client that hangs up: the others wait for the same answer.
    private Task<DnsAnswer?> AskOnceAsync(DnsRequest request, Func<DnsRequest, CancellationToken, ValueTask<DnsAnswer?>> next)
    {
        var key = (request.Query.Name, request.Query.Type, request.Query.DnssecOk);
        var mine = new TaskCompletionSource<DnsAnswer?>(TaskCreationOptions.RunContinuationsAsynchronously);
        var asking = _asking.GetOrAdd(key, mine.Task);
        if (asking == mine.Task)
            _ = AskAsync(key, mine, request, next);
        return asking;
    }

    private async Task AskAsync((string Name, RecordType Type, bool DnssecOk) key, TaskCompletionSource<DnsAnswer?> done, DnsRequest request,
        Func<DnsRequest, CancellationToken, ValueTask<DnsAnswer?>> next)
    {
        try
        {
            var answer = await next(request, CancellationToken.None).ConfigureAwait(false);
            if (answer?.Raw is { } raw && CacheEntry.Of(request.Query, raw, _settings, Now()) is { } entry && Keeps(entry))
                _table.Put(entry, Now(), _settings);
            _asking.TryRemove(key, out _);
            done.SetResult(answer);
        }
        catch (Exception e)
        {
            _asking.TryRemove(key, out _);
            done.SetException(e);
        }
    }

    // A failure never takes the place of an answer that may still be given.
    private bool Keeps(CacheEntry entry) => entry.Code != ResponseCode.ServFail
        || _table.Find(entry.Hash, entry.Name, entry.Type, entry.DnssecOk) is not { } known || known.Code == ResponseCode.ServFail || !known.IsUsable(Now(), _settings);

    private async ValueTask<DnsAnswer?> WithinAsync(Task<DnsAnswer?> asking, CancellationToken cancel)
    {
        try
        {
            return await asking.WaitAsync(_settings.StaleAfter, _time, cancel).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            return null;
        }
    }

    private void Renew(ReadOnlySpan<byte> packet, RecordType type)
    {
        if (_next is not { } next || !DnsQuery.TryRead(packet.ToArray(), out var query, out _))
            return;
        _prefetches.Add(1, new KeyValuePair<string, object?>("type", type));
        _ = AskOnceAsync(new DnsRequest(query!, System.Net.IPAddress.None, OverTcp: false), next);
    }

    private void Count(CacheEntry entry)
    {
        entry.Hit();
        Interlocked.Increment(ref entry.Code == ResponseCode.NxDomain ? ref _denials : ref _hits);
    }

    private DnsAnswer AnswerOf(CacheEntry entry, uint now)
    {
        var copy = entry.Message[..];
        entry.Age(copy, now, _settings.StaleTtl);
        return new DnsAnswer(entry.Code) { Raw = copy, Source = entry.IsFresh(now) ? $"cache: good for {entry.Ttl - (now - entry.Stored)} s more" : $"cache: over since {now - entry.Stored - entry.Ttl} s, nobody could renew it" };
    }
}
