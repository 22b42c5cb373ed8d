using Microsoft.Extensions.Logging;
using Network.Dns.Hot;
using Network.Dns.Plugins.Search;
using Network.Dns.Wire;

namespace Network.Dns.Plugins.Log;

/// <summary>One line for every so-manieth query, with the pod that asked and what it was told.</summary>
public sealed partial class LogPlugin(PodDirectory pods, uint every, ILogger logger) : IDnsPlugin, IHotPlugin, IHotObserver
{
    private uint _number;

    public string Name => "log";

    HotOutcome IHotPlugin.TryAnswer(ref HotQuery query) => HotOutcome.Pass;

    void IHotObserver.Answered(in HotQuery query)
    {
        if (Interlocked.Increment(ref _number) % every == 0)
            Write(new System.Net.IPAddress(query.Client), WireName.ToText(query.Name), query.Type, query.Code);
    }

    public async ValueTask<DnsAnswer?> HandleAsync(DnsRequest request, Func<DnsRequest, CancellationToken, ValueTask<DnsAnswer?>> next, CancellationToken cancel)
    {
        var answer = await next(request, cancel).ConfigureAwait(false);
        if (Interlocked.Increment(ref _number) % every == 0)
            Write(request.Client, request.Query.Name, request.Query.Type, answer?.Code ?? ResponseCode.Refused);
        return answer;
    }

    private void Write(System.Net.IPAddress client, string name, RecordType type, ResponseCode code)
    {
        var pod = pods.Find(client);
        LogQuery(name, type, code, client, pod?.Namespace ?? "-", pod?.Name ?? "-");
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "query name={Name} type={Type} rcode={Code} client={Client} namespace={Namespace} pod={Pod}")]
    private partial void LogQuery(string name, RecordType type, ResponseCode code, System.Net.IPAddress client, string @namespace, string pod);
}
