using System.Diagnostics.Metrics;

namespace Network.ApiServer.Http;

/// <summary>Request count and latency under upstream's names, so that existing dashboards work.</summary>
internal static class RequestMetrics
{
    private static readonly Meter s_meter = new("Network.ApiServer");
    private static readonly Counter<long> s_total = s_meter.CreateCounter<long>("apiserver_request_total", description: "API requests by verb, resource and code");
    private static readonly Histogram<double> s_duration = s_meter.CreateHistogram<double>("apiserver_request_duration_seconds", "s", "API request latency");

    public static void Record(string verb, string resource, int code, TimeSpan elapsed)
    {
        s_total.Add(1, new("verb", verb.ToUpperInvariant()), new("resource", resource), new("code", code));
        // A watch lasts as long as its client wants; that is not latency.
        if (verb is not ("watch" or "connect"))
            s_duration.Record(elapsed.TotalSeconds, new("verb", verb.ToUpperInvariant()), new KeyValuePair<string, object?>("resource", resource));
    }
}
