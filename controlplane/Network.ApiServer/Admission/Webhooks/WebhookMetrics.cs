using System.Diagnostics.Metrics;
using System.Globalization;

namespace Network.ApiServer.Admission.Webhooks;

/// <summary>Counts and latencies of webhooks under upstream's names and labels (apiserver admission/metrics).</summary>
internal static class WebhookMetrics
{
    public const string CallFailed = "calling_webhook_error";
    public const string ServerFailed = "apiserver_internal_error";
    public const string Denied = "no_error";

    // Whatever a webhook answers, it does not make a time series of its own.
    private const int HighestCode = 600;

    private static readonly Meter s_meter = new("Network.ApiServer");
    private static readonly Histogram<double> s_duration = s_meter.CreateHistogram<double>("apiserver_admission_webhook_admission_duration_seconds", "s", "Admission webhook latency");
    private static readonly Counter<long> s_requests = s_meter.CreateCounter<long>("apiserver_admission_webhook_request_total", description: "Calls of admission webhooks");
    private static readonly Counter<long> s_rejections = s_meter.CreateCounter<long>("apiserver_admission_webhook_rejection_count", description: "Requests that admission webhooks or their failure refused");
    private static readonly Counter<long> s_open = s_meter.CreateCounter<long>("apiserver_admission_webhook_fail_open_count", description: "Failed calls of admission webhooks that were ignored");

    public static void Called(Asked asked, TimeSpan elapsed, bool rejected, int code)
    {
        s_duration.Record(elapsed.TotalSeconds, [.. asked.Labels, new("rejected", Word(rejected))]);
        s_requests.Add(1, [.. asked.Labels, new("code", Code(code)), new("rejected", Word(rejected))]);
    }

    public static void Rejected(Asked asked, string error, int code) => s_rejections.Add(1, [.. asked.Labels, new("error_type", error), new("rejection_code", Code(code))]);

    public static void FailedOpen(Asked asked) => s_open.Add(1, new("name", asked.Webhook), new KeyValuePair<string, object?>("type", asked.Type));

    private static string Word(bool value) => value ? "true" : "false";

    private static string Code(int code) => Math.Min(code, HighestCode).ToString(CultureInfo.InvariantCulture);

    /// <summary>Which call is measured.</summary>
    /// <param name="Type">admit (mutating) or validating.</param>
    public readonly record struct Asked(string Webhook, string Type, string Operation)
    {
        public KeyValuePair<string, object?>[] Labels => [new("name", Webhook), new("type", Type), new("operation", Operation)];
    }
}
