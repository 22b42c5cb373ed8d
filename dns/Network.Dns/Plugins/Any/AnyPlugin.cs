using Network.Dns.Hot;
using Network.Dns.Wire;

namespace Network.Dns.Plugins.Any;

/// <summary>Answers ANY with one HINFO record that says so (RFC 8482): nobody gets a large answer for a small forged question.</summary>
public sealed class AnyPlugin : IDnsPlugin, IHotPlugin
{
    private static readonly ResourceRecord s_record = new(null, RecordType.HINFO, 3600, [7, .. "RFC8482"u8, 0]);

    public string Name => "any";

    HotOutcome IHotPlugin.TryAnswer(ref HotQuery query) => query.Type == RecordType.ANY ? HotOutcome.Slow : HotOutcome.Pass;

    public ValueTask<DnsAnswer?> HandleAsync(DnsRequest request, Func<DnsRequest, CancellationToken, ValueTask<DnsAnswer?>> next, CancellationToken cancel) =>
        request.Query.Type == RecordType.ANY ? ValueTask.FromResult<DnsAnswer?>(new DnsAnswer(ResponseCode.NoError) { Answers = [s_record] }) : next(request, cancel);
}
