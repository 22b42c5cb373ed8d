using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using Network.Dns.Wire;

namespace Network.Dns.Plugins.Errors;

/// <summary>Counts and times every query and turns a failure further down into SERVFAIL and one log line; the server never dies of a query.</summary>
public sealed partial class ErrorsPlugin(TimeProvider time, ILogger logger) : IDnsPlugin
{
    private static readonly Meter s_meter = new("Network.Dns");
    private static readonly Counter<long> s_requests = s_meter.CreateCounter<long>("coredns_dns_requests_total", null, "DNS queries received.");
    private static readonly Counter<long> s_responses = s_meter.CreateCounter<long>("coredns_dns_responses_total", null, "DNS answers by rcode.");
    private static readonly Histogram<double> s_duration = s_meter.CreateHistogram<double>("coredns_dns_request_duration_seconds", "s", "Time to answer.");

    public string Name => "errors";

    public async ValueTask<DnsAnswer?> HandleAsync(DnsRequest request, Func<DnsRequest, CancellationToken, ValueTask<DnsAnswer?>> next, CancellationToken cancel)
    {
        var started = time.GetTimestamp();
        var answer = await TryAsync(request, next, cancel).ConfigureAwait(false);
        s_requests.Add(1, new KeyValuePair<string, object?>("proto", request.OverTcp ? "tcp" : "udp"), new KeyValuePair<string, object?>("type", request.Query.Type));
        s_responses.Add(1, new KeyValuePair<string, object?>("rcode", answer?.Code ?? ResponseCode.Refused));
        s_duration.Record(time.GetElapsedTime(started).TotalSeconds);
        return answer;
    }

    private async ValueTask<DnsAnswer?> TryAsync(DnsRequest request, Func<DnsRequest, CancellationToken, ValueTask<DnsAnswer?>> next, CancellationToken cancel)
    {
        try
        {
            return await next(request, cancel).ConfigureAwait(false);
        }
        catch (Exception e) when (e is not OperationCanceledException || !cancel.IsCancellationRequested)
        {
            LogFailed(request.Query.Name, request.Query.Type, request.Client, e.Message);
            return new DnsAnswer(ResponseCode.ServFail);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "query name={Name} type={Type} client={Client} failed: {Reason}")]
    private partial void LogFailed(string name, RecordType type, System.Net.IPAddress client, string reason);
}
