using System.Net.Sockets;
using Network.Dns.Hot;
using Network.Dns.Plugins.Search;
using Network.Dns.Wire;
using Network.Dns.Zones;

namespace Network.Dns.Plugins.Cluster;

/// <summary>
/// Answers the cluster's own names per the Kubernetes DNS specification 1.1.0, and reverse names of its addresses. A name
/// that exists without the type asked for is NODATA, never NXDOMAIN: resolvers give up on the whole name at an NXDOMAIN.
/// </summary>
public sealed class ClusterPlugin(ClusterIndex index, SearchExpansion? search = null, ClusterOptions? options = null) : IDnsPlugin, IHotPlugin, IZoneSource
{
    private const int MostAliases = 10;
    private readonly ZoneRecords _records = new(index.Zone, index.Ttl);
    private readonly byte[] _pods = WireName.Of($"pod.{index.Zone}");
    private readonly ClusterOptions _options = options ?? ClusterOptions.Default;
    private readonly byte[][] _reverse = ((options ?? ClusterOptions.Default).ReverseZones)
        .Where(zone => !Falls(options ?? ClusterOptions.Default, zone)).Select(WireName.Of).ToArray();
    private readonly PodAddresses? _verified = Verified(index, options ?? ClusterOptions.Default);
    private readonly bool _falls = Falls(options ?? ClusterOptions.Default, index.Zone);
    private uint _rotation;

    public string Name => "cluster";

    ReadOnlyMemory<byte> IZoneSource.Origin => index.WireZone;

    event Action? IZoneSource.Changed
    {
        add => index.Changed += value;
        remove => index.Changed -= value;
    }

    ZoneState? IZoneSource.State() => index.Records();

    HotOutcome IHotPlugin.TryAnswer(ref HotQuery query)
    {
        var verdict = Judge(query.Name, query.Hash, query.Type, out var set, out var address);
        query.Error = index.Stale ? ExtendedError.StaleAnswer : null;
        switch (verdict)
        {
            case Verdict.NotOurs:
                query.Error = null;
                return HotOutcome.Pass;
            case Verdict.Unknown:
                HotAnswer.WriteCode(ref query, ResponseCode.ServFail);
                return HotOutcome.Answered;
            case Verdict.Found:
                HotAnswer.Write(ref query, set!, _rotation++);
                return HotOutcome.Answered;
            case Verdict.Pod:
                HotAnswer.WriteAddress(ref query, address, index.Ttl);
                return HotOutcome.Answered;
            case Verdict.NoName when search?.Applies(query.Client, query.Name, query.Type) == true:
                return HotOutcome.Slow;
            case Verdict.NoData or Verdict.NoName:
                var code = verdict == Verdict.NoName ? ResponseCode.NxDomain : ResponseCode.NoError;
                HotAnswer.WriteNegative(ref query, code, index.WireZone.Length, index.Serial, index.Ttl);
                return HotOutcome.Answered;
            default:
                return HotOutcome.Slow;
        }
    }

    public async ValueTask<DnsAnswer?> HandleAsync(DnsRequest request, Func<DnsRequest, CancellationToken, ValueTask<DnsAnswer?>> next, CancellationToken cancel)
    {
        var (found, ours) = Answer(request.Query);
        if (!ours)
            return await next(request, cancel).ConfigureAwait(false);
        if (request.Query.WantsSource)
            found = found! with { Source = $"kubernetes: {ObjectNames.Of(request.Query.Name, found, index.Zone)}, index of change {index.Serial}{(index.Stale ? ", stale" : "")}" };
        if (found!.Code == ResponseCode.NxDomain && request.Depth == 0
            && await ExpandAsync(request, next, cancel).ConfigureAwait(false) is { } expanded)
            return expanded;
        return found is { Answers: [{ Type: RecordType.CNAME }] } && request.Query.Type is RecordType.A or RecordType.AAAA
            ? await FollowAsync(request, found!, next, cancel).ConfigureAwait(false)
            : index.Stale ? found! with { Error = ExtendedError.StaleAnswer } : found;
    }

    private (DnsAnswer? Answer, bool Ours) Answer(DnsQuery query)
    {
        Span<byte> name = stackalloc byte[WireName.ScratchLength];
        var hash = WireName.Fold(query.Question.Span[..^4], name);
        var verdict = Judge(name[..(query.Question.Length - 4)], hash, query.Type, out var set, out var address);
        return verdict switch
        {
            Verdict.NotOurs => (null, false),
            Verdict.Unknown => (new DnsAnswer(ResponseCode.ServFail), true),
            Verdict.Found => (Found(set!, query.Name), true),
            Verdict.Alias => (Found(set!, query.Name), true),
            Verdict.Pod => (new DnsAnswer(ResponseCode.NoError) { Authoritative = true, Answers = [_records.PodAddress(address.ToAddress())] }, true),
            Verdict.Authority => (new DnsAnswer(ResponseCode.NoError) { Authoritative = true, Answers = [_records.Authority(index.Serial)] }, true),
            Verdict.Foreign => (new DnsAnswer(ResponseCode.NxDomain) { Authoritative = true }, true),
            _ => (Negative(verdict), true),
        };
    }

    private Verdict Judge(ReadOnlySpan<byte> name, ulong hash, RecordType type, out RecordSet? set, out DashedAddress address)
    {
        (set, address) = (null, default);
        var entry = index.Table.Find(hash, name);
        if (entry is { InZone: false })
            return (set = entry.Find(type)) is null ? Verdict.NotOurs : Verdict.Found;
        if (entry is null && !IsWithin(name, index.WireZone))
            return JudgeReverse(name);
        if (!index.Complete)
            return Verdict.Unknown;
        if (entry is null)
            return JudgePod(name, type, out address) is var verdict && verdict == Verdict.NoName && _falls ? Verdict.NotOurs : verdict;
        if ((set = entry.Find(type)) is not null)
            return Verdict.Found;
        if (type is RecordType.A or RecordType.AAAA && (set = entry.Find(RecordType.CNAME)) is not null)
            return Verdict.Alias;
        return type == RecordType.SOA && name.Length == index.WireZone.Length ? Verdict.Authority : Verdict.NoData;
    }

    private static bool Falls(ClusterOptions options, string zone) =>
        options.Fallthrough.Any(other => other.Length == 0 || zone == other || zone.EndsWith("." + other, StringComparison.Ordinal));

    // Names of addresses nobody has are the next plugin's, unless the file says otherwise.
    private Verdict JudgeReverse(ReadOnlySpan<byte> name)
    {
        foreach (var zone in _reverse)
        {
            if (IsWithin(name, zone))
                return Verdict.Foreign;
        }

        return Verdict.NotOurs;
    }

    private static PodAddresses? Verified(ClusterIndex index, ClusterOptions options)
    {
        if (options.Pods != PodNames.Verified)
            return null;
        index.Pods.Want();
        return index.Pods;
    }

    // "insecure" mode: any address of an existing namespace is answered (CoreDNS's kubeadm default); "verified": one that a pod of it has.
    private Verdict JudgePod(ReadOnlySpan<byte> name, RecordType type, out DashedAddress address)
    {
        address = default;
        if (_options.Pods == PodNames.Disabled || !IsWithin(name, _pods))
            return Verdict.NoName;
        var label = name.Slice(1, name[0]);
        var ns = name[(1 + label.Length)..];
        if (ns.Length <= _pods.Length || ns[0] + 1 + _pods.Length != ns.Length || !DashedAddress.TryParse(label, out address)
            || index.Table.Find(WireName.HashOf(ns), ns) is null)
            return Verdict.NoName;
        if (_verified?.Has(address, ns.Slice(1, ns[0])) == false)
            return _verified.Complete ? Verdict.NoName : Verdict.Unknown;
        return type == (address.Family == AddressFamily.InterNetwork ? RecordType.A : RecordType.AAAA) ? Verdict.Pod : Verdict.NoData;
    }

    // Label by label: bytes inside a label may look like the zone.
    private static bool IsWithin(ReadOnlySpan<byte> name, ReadOnlySpan<byte> zone)
    {
        var start = name.Length - zone.Length;
        var at = 0;
        while (at < start)
            at += name[at] + 1;
        return at == start && name[start..].SequenceEqual(zone);
    }

    // The asker wants addresses, not our alias: the target's records come along when somebody knows them.
    private async ValueTask<DnsAnswer> FollowAsync(DnsRequest request, DnsAnswer found, Func<DnsRequest, CancellationToken, ValueTask<DnsAnswer?>> next,
        CancellationToken cancel)
    {
        if (request.Depth >= MostAliases)
            return found;
        var target = AliasTarget.Of(found.Answers[0]);
        var asked = request with { Query = request.Query with { Labels = target.Split('.'), Question = AliasTarget.Question(target, request.Query.Type) }, Depth = request.Depth + 1 };
        var answer = await HandleAsync(asked, next, cancel).ConfigureAwait(false);
        return answer is { Code: ResponseCode.NoError }
            ? found with { Answers = [.. found.Answers, .. AliasTarget.Owned(answer, target)] }
            : found;
    }

    // The first name of the list that exists decides, also when it has no records of this type: its other type is asked for too.
    private async ValueTask<DnsAnswer?> ExpandAsync(DnsRequest request, Func<DnsRequest, CancellationToken, ValueTask<DnsAnswer?>> next, CancellationToken cancel)
    {
        foreach (var name in search?.Candidates(request.Client, WireName.Of(request.Query.Name), request.Query.Type) ?? [])
        {
            var asked = request with { Query = request.Query with { Labels = name.Split('.'), Question = AliasTarget.Question(name, request.Query.Type) }, Depth = 1 };
            var answer = await HandleAsync(asked, next, cancel).ConfigureAwait(false);
            if (answer is { Code: ResponseCode.NoError })
                return Flatten(answer, name, request.Query.Type) with { Source = $"search list: {name}; {answer.Source}" };
            // Nobody could say: the pod goes on by itself and hears it at the name as it is.
            if (answer is not { Code: ResponseCode.NxDomain })
                return null;
        }

        return null;
    }

    private static DnsAnswer Flatten(DnsAnswer answer, string name, RecordType type) => new(ResponseCode.NoError)
    {
        Answers = AliasTarget.Owned(answer, name).Where(record => record.Type == type).Select(record => record with { Owner = null }).ToList(),
        Error = answer.Error,
    };

    private static DnsAnswer Found(RecordSet set, string owner)
    {
        var (answers, additionals) = set.Decode(owner);
        return new DnsAnswer(ResponseCode.NoError) { Authoritative = true, Answers = answers, Additionals = additionals };
    }

    private DnsAnswer Negative(Verdict verdict) => new(verdict == Verdict.NoName ? ResponseCode.NxDomain : ResponseCode.NoError)
    {
        Authoritative = true,
        Authorities = [_records.Authority(index.Serial)],
    };

    private enum Verdict
    {
        NotOurs,

        /// <summary>The cluster is not known yet.</summary>
        Unknown,
        Found,

        /// <summary>An ExternalName, whose target has to be asked for.</summary>
        Alias,

        /// <summary>An address written in the name.</summary>
        Pod,
        Authority,
        NoData,
        NoName,

        /// <summary>A name of a reverse zone that is ours, without the zone's SOA at hand.</summary>
        Foreign,
    }
}
