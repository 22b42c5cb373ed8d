using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using Network.Dns.Wire;

namespace Network.Dns.Plugins.Forward;

/// <summary>
/// Asks upstream servers for everything that is not ours, healthy ones first, the next one when one fails, by TCP when the
/// answer does not fit. Without upstreams foreign names are SERVFAIL at once.
/// </summary>
public sealed class ForwardPlugin : IDnsPlugin, IDisposable
{
    private readonly ForwardSettings _settings;
    private readonly UpstreamServer[] _servers;
    private readonly Meter _meter = new("Network.Dns");
    private readonly Counter<long> _refusals;
    private readonly Counter<long> _requests;
    private int _concurrent;
    private uint _turn;

    public ForwardPlugin(ForwardSettings settings, TimeProvider time, ILogger logger)
    {
        _settings = settings;
        _servers = settings.Upstreams.Select(upstream => new UpstreamServer(upstream, settings, time, logger)).ToArray();
        _requests = _meter.CreateCounter<long>("coredns_forward_requests_total", null, "Questions asked on.");
        _refusals = _meter.CreateCounter<long>("coredns_forward_max_concurrent_rejects_total", null, "Questions refused because too many were under way.");
        _meter.CreateObservableGauge("coredns_forward_healthcheck_broken", () => _servers.Select(server =>
            new Measurement<int>(server.IsDown ? 1 : 0, new KeyValuePair<string, object?>("to", server.Upstream.ToString()))), null, "1 while a server does not answer.");
    }

    public string Name => "forward";

    public async ValueTask<DnsAnswer?> HandleAsync(DnsRequest request, Func<DnsRequest, CancellationToken, ValueTask<DnsAnswer?>> next, CancellationToken cancel)
    {
        if (Interlocked.Increment(ref _concurrent) > _settings.MaxConcurrent)
        {
            Interlocked.Decrement(ref _concurrent);
            _refusals.Add(1);
            return new DnsAnswer(ResponseCode.Refused);
        }

        try
        {
            return await AskAsync(request.Query, cancel).ConfigureAwait(false);
        }
        finally
        {
            Interlocked.Decrement(ref _concurrent);
        }
    }

    public void Dispose()
    {
        foreach (var server in _servers)
            server.Dispose();
        _meter.Dispose();
    }

    private async Task<DnsAnswer> AskAsync(DnsQuery query, CancellationToken cancel)
    {
        foreach (var server in Order())
        {
            _requests.Add(1, new KeyValuePair<string, object?>("to", server.Upstream.ToString()));
            var answer = await server.AskAsync(new UpstreamQuestion(query.Question.Span, query.DnssecOk), cancel).ConfigureAwait(false);
            var records = new List<RawMessage.RecordAt>();
            if (answer is not null && RawMessage.TryWalk(answer, records))
                return new DnsAnswer((ResponseCode)(answer[3] & 0x0F)) { Raw = RawMessage.WithoutEdns(answer, records), Source = $"forward: asked {server.Upstream}" };
        }

        return new DnsAnswer(ResponseCode.ServFail) { Error = ExtendedError.NoReachableAuthority, Source = _servers.Length == 0 ? "forward: there is no upstream" : $"forward: none of {string.Join(", ", _servers.Select(server => server.Upstream))} answers" };
    }

    // Those that are well, in the policy's order; when none is, one of them may have come back a moment ago.
    private IEnumerable<UpstreamServer> Order()
    {
        if (_servers.Length == 0)
            return [];
        var first = _settings.Policy switch
        {
            ForwardPolicy.Sequential => 0,
            ForwardPolicy.RoundRobin => (int)(Interlocked.Increment(ref _turn) % (uint)_servers.Length),
            _ => Random.Shared.Next(_servers.Length),
        };
        var well = Enumerable.Range(0, _servers.Length).Select(i => _servers[(first + i) % _servers.Length]).Where(server => !server.IsDown).ToList();
        return well.Count > 0 ? well : _settings.FailFast ? [] : [_servers[Random.Shared.Next(_servers.Length)]];
    }
}
