using System.Diagnostics.Metrics;
using Network.Dns.Plugins.Cluster;

namespace Network.Host.Dns;

/// <summary>
/// How old answers may be, as metrics: the age of the index, which no answer exceeds, and the time from a change of endpoints
/// to the changed answer (CoreDNS's name, service_kind as there).
/// </summary>
internal sealed class DnsFreshness : IDisposable
{
    private readonly Meter _meter = new("Network.Dns");
    private readonly Histogram<double> _programming;
    private readonly TimeProvider _time;

    /// <param name="sources">Since when each of the watches said nothing; null before its first list.</param>
    /// <param name="snapshot">When what is answered until then was written; null when there is nothing.</param>
    internal DnsFreshness(ClusterIndex index, IReadOnlyList<Func<TimeSpan?>> sources, DateTimeOffset? snapshot, TimeProvider time)
    {
        _time = time;
        _meter.CreateObservableGauge("podnet_dns_index_age_seconds", () => Age(sources, snapshot, time.GetUtcNow()) is { } age ? [new Measurement<double>(age.TotalSeconds)] : Array.Empty<Measurement<double>>(),
            "s", "Since when the API server said nothing: no answer is older than this. Absent while nothing is known.");
        _meter.CreateObservableGauge("podnet_dns_index_serial", () => (long)index.Serial, null, "Serial of the cluster zone, one more with every change.");
        _programming = _meter.CreateHistogram<double>("coredns_kubernetes_dns_programming_duration_seconds", "s", "From the change of an endpoint to its answer.");
    }

    /// <summary>The answer of a headless service, which is made of endpoints, is the new one from now on.</summary>
    internal void Answered(DateTimeOffset trigger)
    {
        var took = _time.GetUtcNow() - trigger;
        _programming.Record(Math.Max(0, took.TotalSeconds), new KeyValuePair<string, object?>("service_kind", "headless_with_selector"));
    }

    /// <summary>Pure. The oldest source decides; the snapshot counts for those that were never read.</summary>
    internal static TimeSpan? Age(IReadOnlyList<Func<TimeSpan?>> sources, DateTimeOffset? snapshot, DateTimeOffset now)
    {
        var ages = sources.Select(source => source()).ToList();
        if (ages.TrueForAll(age => age is not null))
            return ages.Max();
        return snapshot is { } written ? TimeSpan.FromTicks(Math.Max(0, (now - written).Ticks)) : null;
    }

    public void Dispose() => _meter.Dispose();
}
