using System.Diagnostics.Metrics;
using System.Net;
using Microsoft.Extensions.Logging;
using Network.Dns.Hot;
using Network.Dns.Wire;

namespace Network.Dns.Plugins.Loop;

/// <summary>
/// Finds out whether questions for foreign names come back to this server: a random name is asked through the chain, and seen
/// again it means a circle. The circle is reported and its questions are cut short; the server goes on with all other names.
/// </summary>
public sealed partial class LoopPlugin : IDnsPlugin, IHotPlugin, IDisposable
{
    private readonly string _name = $"{Random.Shared.NextInt64()}.{Random.Shared.NextInt64()}.";
    private readonly ILogger _logger;
    private readonly Meter _meter = new("Network.Dns");
    private int _seen;

    public LoopPlugin(ILogger logger)
    {
        _logger = logger;
        _meter.CreateObservableGauge("podnet_dns_forward_loop", () => IsLoop ? 1 : 0, null, "1 when foreign names come back to this server.");
    }

    public string Name => "loop";

    public bool IsLoop => Volatile.Read(ref _seen) > 1;

    HotOutcome IHotPlugin.TryAnswer(ref HotQuery query) => query.Type == RecordType.HINFO ? HotOutcome.Slow : HotOutcome.Pass;

    public async ValueTask<DnsAnswer?> HandleAsync(DnsRequest request, Func<DnsRequest, CancellationToken, ValueTask<DnsAnswer?>> next, CancellationToken cancel)
    {
        if (request.Query.Type != RecordType.HINFO || request.Query.Name != _name)
            return await next(request, cancel).ConfigureAwait(false);
        if (Interlocked.Increment(ref _seen) == 2)
            LogLoop(request.Client);
        return Volatile.Read(ref _seen) > 1 ? new DnsAnswer(ResponseCode.ServFail) { Error = ExtendedError.NoReachableAuthority } : await next(request, cancel).ConfigureAwait(false);
    }

    /// <summary>Sends the random name on its way once.</summary>
    internal async Task ProbeAsync(Chain chain, CancellationToken cancel)
    {
        var name = DnsName.Encode(_name);
        var packet = new byte[DnsQuery.HeaderLength + name.Length + 4];
        (packet[2], packet[5]) = (1, 1);
        name.CopyTo(packet, DnsQuery.HeaderLength);
        (packet[^3], packet[^1]) = ((byte)RecordType.HINFO, 1);
        if (DnsQuery.TryRead(packet, out var query, out _))
            await chain.AnswerAsync(new DnsRequest(query!, IPAddress.Loopback, OverTcp: true), cancel).ConfigureAwait(false);
    }

    public void Dispose() => _meter.Dispose();

    [LoggerMessage(Level = LogLevel.Error, Message = "foreign names go in a circle: a question of this server came back from client={Client}; "
        + "an upstream in resolv.conf or in the forward line leads back here, name another one")]
    private partial void LogLoop(IPAddress client);
}
