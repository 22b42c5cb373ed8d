using Microsoft.Extensions.Logging;
using Network.Dns.Hot;
using Network.Dns.Wire;

namespace Network.Dns.Plugins.Errors;

/// <summary>Turns a failure further down into SERVFAIL and one log line; the server never dies of a query.</summary>
public sealed partial class ErrorsPlugin(ILogger logger) : IDnsPlugin, IHotPlugin
{
    public string Name => "errors";

    HotOutcome IHotPlugin.TryAnswer(ref HotQuery query) => HotOutcome.Pass;

    public async ValueTask<DnsAnswer?> HandleAsync(DnsRequest request, Func<DnsRequest, CancellationToken, ValueTask<DnsAnswer?>> next, CancellationToken cancel)
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
