using System.Net;
using Network.Dns.Hot;
using Network.Dns.Wire;

namespace Network.Dns.Plugins.Acl;

/// <summary>What a rule of access does with a query it fits.</summary>
public enum AclAction
{
    Allow,

    /// <summary>REFUSED.</summary>
    Block,

    /// <summary>An empty answer.</summary>
    Filter,

    /// <summary>No answer at all.</summary>
    Drop,
}

/// <summary>A rule: these types from these networks. Empty means any.</summary>
public sealed record AclRule(AclAction Action, IReadOnlyList<RecordType> Types, IReadOnlyList<IPNetwork> Networks)
{
    internal bool Fits(IPAddress client, RecordType type) =>
        (Types.Count == 0 || Types.Contains(type)) && (Networks.Count == 0 || Networks.Any(network => network.Contains(client)));
}

/// <summary>Who may ask what; the first rule that fits decides, and without one the query goes on.</summary>
public sealed class AclPlugin(IReadOnlyList<AclRule> rules) : IDnsPlugin, IHotPlugin
{
    public string Name => "acl";

    HotOutcome IHotPlugin.TryAnswer(ref HotQuery query) => Judge(new IPAddress(query.Client), query.Type) == AclAction.Allow ? HotOutcome.Pass : HotOutcome.Slow;

    public ValueTask<DnsAnswer?> HandleAsync(DnsRequest request, Func<DnsRequest, CancellationToken, ValueTask<DnsAnswer?>> next, CancellationToken cancel) =>
        Judge(request.Client, request.Query.Type) switch
        {
            AclAction.Block => ValueTask.FromResult<DnsAnswer?>(new DnsAnswer(ResponseCode.Refused) { Error = ExtendedError.Blocked }),
            AclAction.Filter => ValueTask.FromResult<DnsAnswer?>(new DnsAnswer(ResponseCode.NoError) { Error = ExtendedError.Prohibited }),
            AclAction.Drop => ValueTask.FromResult<DnsAnswer?>(DnsAnswer.None),
            _ => next(request, cancel),
        };

    private AclAction Judge(IPAddress client, RecordType type)
    {
        var plain = client.IsIPv4MappedToIPv6 ? client.MapToIPv4() : client;
        return rules.FirstOrDefault(rule => rule.Fits(plain, type))?.Action ?? AclAction.Allow;
    }
}
