using System.Diagnostics.Metrics;
using Network.Dns.Wire;

namespace Network.Dns.Hot;

/// <summary>
/// Numbers of one transport under CoreDNS's names. Counting is an addition in memory of its own; the exporter reads when it is
/// asked, so a query pays for no observer.
/// </summary>
internal sealed class HotCounters : IDisposable
{
    private static readonly RecordType[] s_types = [RecordType.A, RecordType.AAAA, RecordType.SRV, RecordType.PTR, RecordType.TXT, RecordType.SOA, RecordType.NS, RecordType.CNAME, RecordType.ANY];
    private static readonly double[] s_bounds = [0.00025, 0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128, 0.256, 0.512, 1.024, 2.048, 4.096, 8.192];
    private readonly Meter _meter = new("Network.Dns");
    private readonly string _protocol;
    private readonly long[] _requests = new long[s_types.Length + 1];
    private readonly long[] _responses = new long[24];
    private readonly long[] _durations = new long[s_bounds.Length + 1];
    private long _ticks;

    internal HotCounters(string protocol, string server)
    {
        _protocol = protocol;
        KeyValuePair<string, object?>[] labels = [new("server", server), new("proto", protocol)];
        _meter.CreateObservableCounter("coredns_dns_requests_total", () => Series(_requests, i => [.. labels, new("type", i < s_types.Length ? s_types[i] : "other")]), null, "DNS queries received.");
        _meter.CreateObservableCounter("coredns_dns_responses_total", () => Series(_responses, i => [.. labels, new("rcode", ((ResponseCode)i).ToString().ToUpperInvariant())]), null, "DNS answers by rcode.");
        _meter.CreateObservableCounter("coredns_dns_request_duration_seconds_bucket", () => Buckets(labels), "s", "Time to answer.");
        _meter.CreateObservableCounter("coredns_dns_request_duration_seconds_sum", () => new Measurement<double>(TimeSpan.FromTicks(Volatile.Read(ref _ticks)).TotalSeconds, labels));
        _meter.CreateObservableCounter("coredns_dns_request_duration_seconds_count", () => new Measurement<long>(_durations.Sum(), labels));
    }

    internal long Answered => _responses.Sum();

    internal void Count(RecordType type, ResponseCode code)
    {
        var slot = Array.IndexOf(s_types, type);
        Interlocked.Increment(ref _requests[slot < 0 ? s_types.Length : slot]);
        Interlocked.Increment(ref _responses[(int)code % _responses.Length]);
    }

    /// <summary>So many queries took so long each.</summary>
    internal void Took(TimeSpan each, int queries)
    {
        var slot = Array.FindIndex(s_bounds, bound => each.TotalSeconds <= bound);
        Interlocked.Add(ref _durations[slot < 0 ? s_bounds.Length : slot], queries);
        Interlocked.Add(ref _ticks, each.Ticks * queries);
    }

    public void Dispose() => _meter.Dispose();

    public override string ToString() => $"{_protocol}: {Answered}";

    private static List<Measurement<long>> Series(long[] values, Func<int, KeyValuePair<string, object?>[]> labels)
    {
        var list = new List<Measurement<long>>();
        for (var i = 0; i < values.Length; i++)
        {
            if (Volatile.Read(ref values[i]) is > 0 and var value)
                list.Add(new Measurement<long>(value, labels(i)));
        }

        return list;
    }

    private IEnumerable<Measurement<long>> Buckets(KeyValuePair<string, object?>[] labels)
    {
        var sum = 0L;
        for (var i = 0; i <= s_bounds.Length; i++)
        {
            sum += Volatile.Read(ref _durations[i]);
            yield return new Measurement<long>(sum, [.. labels, new("le", i < s_bounds.Length ? s_bounds[i].ToString(System.Globalization.CultureInfo.InvariantCulture) : "+Inf")]);
        }
    }
}
