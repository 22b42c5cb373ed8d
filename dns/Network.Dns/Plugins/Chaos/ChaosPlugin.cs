using Network.Dns.Wire;

namespace Network.Dns.Plugins.Chaos;

/// <summary>Says who the server is in class CHAOS: version.bind, hostname.bind, id.server (RFC 4892).</summary>
public sealed class ChaosPlugin(string version, string host) : IDnsPlugin
{
    public string Name => "chaos";

    public ValueTask<DnsAnswer?> HandleAsync(DnsRequest request, Func<DnsRequest, CancellationToken, ValueTask<DnsAnswer?>> next, CancellationToken cancel)
    {
        var text = !request.Query.IsChaosClass || request.Query.Type != RecordType.TXT ? null : request.Query.Name switch
        {
            "version.bind." or "version.server." => version,
            "hostname.bind." or "id.server." => host,
            _ => null,
        };
        return text is null ? next(request, cancel)
            : ValueTask.FromResult<DnsAnswer?>(new DnsAnswer(ResponseCode.NoError) { Answers = [ResourceRecord.Text(null, text, 0) with { Class = 3 }] });
    }
}
