using Network.Dns.Plugins.Chaos;
using Network.Dns.Plugins.Transfer;
using Network.Dns.Wire;

namespace Network.Dns.Plugins;

/// <summary>The plugins in the order they are asked. A new plugin is one folder and one line where the chain is composed.</summary>
public sealed class Chain
{
    private readonly Func<DnsRequest, CancellationToken, ValueTask<DnsAnswer?>> _first;

    private readonly bool _answersChaos;

    private readonly bool _transfers;

    public Chain(IReadOnlyList<IDnsPlugin> plugins)
    {
        _answersChaos = plugins.Any(plugin => plugin is ChaosPlugin);
        _transfers = plugins.Any(plugin => plugin is TransferPlugin);
        Func<DnsRequest, CancellationToken, ValueTask<DnsAnswer?>> next = static (_, _) => ValueTask.FromResult<DnsAnswer?>(null);
        foreach (var plugin in plugins.Reverse())
        {
            var after = next;
            next = (request, cancel) => plugin.HandleAsync(request, after, cancel);
        }

        _first = next;
    }

    public async ValueTask<DnsAnswer> AnswerAsync(DnsRequest request, CancellationToken cancel)
    {
        if (request.Query.EdnsVersion > 0)
            return new DnsAnswer(ResponseCode.BadVers);
        if (!request.Query.IsInternetClass && !(request.Query.IsChaosClass && _answersChaos))
            return new DnsAnswer(ResponseCode.Refused);
        if (request.Query.Type is RecordType.AXFR or RecordType.IXFR && !_transfers)
            return new DnsAnswer(ResponseCode.Refused);
        return await _first(request, cancel).ConfigureAwait(false) ?? new DnsAnswer(ResponseCode.Refused);
    }
}
