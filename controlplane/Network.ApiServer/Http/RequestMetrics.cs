using System.Diagnostics.Metrics;
using Network.ApiServer.Authorization;

namespace Network.ApiServer.Http;

/// <summary>Request counts and latencies under upstream's names and labels, so that existing dashboards work.</summary>
internal static class RequestMetrics
{
    private static readonly Meter s_meter = new("Network.ApiServer");
    private static readonly Counter<long> s_total = s_meter.CreateCounter<long>("apiserver_request_total", description: "API requests by verb, resource and code");
    private static readonly Histogram<double> s_duration = s_meter.CreateHistogram<double>("apiserver_request_duration_seconds", "s", "API request latency");
    private static readonly UpDownCounter<long> s_inFlight = s_meter.CreateUpDownCounter<long>("apiserver_current_inflight_requests", description: "Requests being worked on");
    private static readonly Counter<long> s_dropped = s_meter.CreateCounter<long>("apiserver_dropped_requests_total", description: "Requests turned away with 429");
    private static readonly UpDownCounter<long> s_longRunning = s_meter.CreateUpDownCounter<long>("apiserver_longrunning_requests", description: "Watches and streams that are open");
    private static readonly UpDownCounter<long> s_watchers = s_meter.CreateUpDownCounter<long>("apiserver_registered_watchers", description: "Open watches by resource");

    public static void InFlight(bool writing, int change) => s_inFlight.Add(change, Kind(writing));

    public static void Dropped(bool writing) => s_dropped.Add(1, Kind(writing));

    public static void LongRunning(AccessRequest request, int change)
    {
        s_longRunning.Add(change, Labels(request));
        if (request.Verb == "watch")
            s_watchers.Add(change, new("group", request.Group), new("version", request.Version), new KeyValuePair<string, object?>("resource", request.Resource));
    }

    public static void Record(AccessRequest request, int code, TimeSpan elapsed)
    {
        var labels = Labels(request);
        s_total.Add(1, [.. labels, new("code", code)]);
        // A watch lasts as long as its client wants; that is not latency.
        if (!request.IsLongRunning)
            s_duration.Record(elapsed.TotalSeconds, labels);
    }

    private static KeyValuePair<string, object?> Kind(bool writing) => new("request_kind", writing ? "mutating" : "readOnly");

    private static KeyValuePair<string, object?>[] Labels(AccessRequest request) =>
    [
        new("verb", Verb(request)), new("group", request.Group), new("version", request.Version), new("resource", request.Resource),
        new("subresource", request.Path.Length > 0 ? KnownPath(request.Path) : request.Subresource), new("scope", Scope(request)), new("component", "apiserver"),
    ];

    // POST, PUT and so on for writes, GET, LIST and WATCH for reads, as upstream counts them.
    private static string Verb(AccessRequest request) => request.Verb switch
    {
        "create" => "POST",
        "update" => "PUT",
        "patch" => "PATCH",
        "delete" => "DELETE",
        _ => request.Verb.ToUpperInvariant(),
    };

    private static string Scope(AccessRequest request) => request.Path.Length > 0 ? ""
        : request.Name.Length > 0 || request.Verb is "create" or "update" or "patch" or "delete" or "get" ? "resource"
        : request.Namespace.Length > 0 ? "namespace" : "cluster";

    // A scanner must not make a time series of every path it tries.
    private static string KnownPath(string path)
    {
        var first = path.Split('/', 3)[^(path.IndexOf('/', 1) < 0 ? 1 : 2)];
        return first is "healthz" or "livez" or "readyz" or "metrics" or "version" or "api" or "apis" or "openapi" ? "/" + first : "";
    }
}
