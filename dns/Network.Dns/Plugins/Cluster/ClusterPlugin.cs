using System.Net;
using System.Net.Sockets;
using Network.Dns.Wire;

namespace Network.Dns.Plugins.Cluster;

/// <summary>
/// Answers the cluster's own names per the Kubernetes DNS specification 1.1.0, and reverse names of its addresses. A name
/// that exists without the type asked for is NODATA, never NXDOMAIN: resolvers give up on the whole name at an NXDOMAIN.
/// </summary>
public sealed class ClusterPlugin(ClusterIndex index, string zone, uint ttl) : IDnsPlugin
{
    private readonly string[] _zone = zone.TrimEnd('.').ToLowerInvariant().Split('.');
    private readonly ZoneRecords _records = new(zone.TrimEnd('.').ToLowerInvariant(), ttl);

    public string Name => "cluster";

    public async ValueTask<DnsAnswer?> HandleAsync(DnsRequest request, Func<DnsRequest, CancellationToken, ValueTask<DnsAnswer?>> next, CancellationToken cancel)
    {
        var labels = request.Query.Labels;
        if (IsWithin(labels, _zone))
        {
            if (!index.Complete)
                return new DnsAnswer(ResponseCode.ServFail);
            var found = Find(labels.AsSpan(0, labels.Length - _zone.Length), request.Query.Type);
            return await FollowAsync(request, found, next, cancel).ConfigureAwait(false);
        }

        if (request.Query.Type == RecordType.PTR && ReverseName.TryParse(labels, out var address) && Reverse(address) is { } pointers)
            return pointers;
        return await next(request, cancel).ConfigureAwait(false);
    }

    private static bool IsWithin(string[] labels, string[] zone) =>
        labels.Length >= zone.Length && labels.AsSpan(labels.Length - zone.Length).SequenceEqual(zone);

    private DnsAnswer Find(ReadOnlySpan<string> name, RecordType type) => name switch
    {
        [] => Apex(type),
        ["dns-version"] => type is RecordType.TXT or RecordType.ANY ? Found([_records.Version()]) : NoData(),
        ["svc"] or ["pod"] => NoData(),
        [var ns, "svc" or "pod"] => index.HasNamespace(ns) ? NoData() : NxDomain(),
        [var address, var ns, "pod"] => PodRecord(address, ns, type),
        [var service, var ns, "svc"] => index.Find(ns, service) is { } found ? ServiceAnswer(found, type) : NxDomain(),
        [var host, var service, var ns, "svc"] => EndpointAnswer(host, service, ns, type),
        [['_', .. var port], ['_', .. var protocol], var service, var ns, "svc"] => ServiceRecords(port, protocol, service, ns, type),
        _ => NxDomain(),
    };

    private DnsAnswer Apex(RecordType type) => type switch
    {
        RecordType.SOA => Found([_records.Authority(index.Serial)]),
        RecordType.NS => Found([_records.NameServer()]),
        _ => NoData(),
    };

    private DnsAnswer ServiceAnswer(DnsService service, RecordType type)
    {
        if (service.ExternalName is { } target)
            return type is RecordType.A or RecordType.AAAA or RecordType.CNAME ? Found([_records.Alias(target)]) : NoData();
        // A headless service nobody is ready behind does not exist for its clients (CoreDNS; peers wait for NXDOMAIN to end).
        if (service.Headless && service.Endpoints.Count == 0)
            return NxDomain();
        return type switch
        {
            RecordType.A or RecordType.AAAA => Records(_records.Addresses(service, type)),
            RecordType.SRV => WithGlue(service, _records.AllServiceRecords(service)),
            _ => NoData(),
        };
    }

    private DnsAnswer EndpointAnswer(string host, string service, string ns, RecordType type)
    {
        // _tcp.web.default.svc exists as an empty node above the SRV names.
        if (index.Find(ns, service) is not { } found)
            return NxDomain();
        if (host is "_tcp" or "_udp" or "_sctp")
            return found.Ports.Any(port => $"_{port.Protocol}" == host) ? NoData() : NxDomain();
        var endpoints = found.Headless ? found.Endpoints.Where(endpoint => endpoint.Id.Equals(host, StringComparison.OrdinalIgnoreCase)).ToList() : [];
        return endpoints.Count == 0 ? NxDomain() : Records(_records.Addresses(endpoints, type));
    }

    private DnsAnswer ServiceRecords(ReadOnlySpan<char> port, ReadOnlySpan<char> protocol, string service, string ns, RecordType type)
    {
        if (index.Find(ns, service) is not { } found)
            return NxDomain();
        var records = _records.ServiceRecords(found, port.ToString(), protocol.ToString());
        if (records.Count == 0)
            return NxDomain();
        return type == RecordType.SRV ? WithGlue(found, records) : NoData();
    }

    // "insecure" mode: any address of an existing namespace is answered (CoreDNS's kubeadm default).
    private DnsAnswer PodRecord(string dashed, string ns, RecordType type)
    {
        if (!index.HasNamespace(ns) || !ReverseName.TryParseDashed(dashed, out var address))
            return NxDomain();
        var wanted = address.AddressFamily == AddressFamily.InterNetwork ? RecordType.A : RecordType.AAAA;
        return type == wanted ? Found([_records.PodAddress(address)]) : NoData();
    }

    private DnsAnswer? Reverse(IPAddress address)
    {
        if (index.FindByClusterIp(address) is { } service)
            return Found([_records.PointerTo(service)]);
        var pointers = index.FindByEndpoint(address).Select(entry => _records.PointerTo(entry.Service.Namespace, entry.Service.Name, entry.Endpoint)).ToList();
        return pointers.Count == 0 ? null : Found(pointers);
    }

    // The asker wants addresses, not our alias: the target's records come along when somebody knows them (chain limit 10).
    private async ValueTask<DnsAnswer> FollowAsync(DnsRequest request, DnsAnswer found, Func<DnsRequest, CancellationToken, ValueTask<DnsAnswer?>> next,
        CancellationToken cancel)
    {
        if (request.Query.Type is not (RecordType.A or RecordType.AAAA) || found.Answers is not [{ Type: RecordType.CNAME }] || request.Depth >= 10)
            return found;
        var target = AliasTarget.Of(found.Answers[0]);
        var asked = request with { Query = request.Query with { Labels = target.Split('.'), Question = AliasTarget.Question(target, request.Query.Type) }, Depth = request.Depth + 1 };
        var answer = await HandleAsync(asked, next, cancel).ConfigureAwait(false);
        return answer is { Code: ResponseCode.NoError }
            ? found with { Answers = [.. found.Answers, .. AliasTarget.Owned(answer, target)] }
            : found;
    }

    private DnsAnswer WithGlue(DnsService service, IReadOnlyList<ResourceRecord> records) =>
        records.Count == 0 ? NoData() : Found(records) with { Additionals = _records.Glue(service) };

    private DnsAnswer Records(IReadOnlyList<ResourceRecord> records) => records.Count == 0 ? NoData() : Found(records);

    private static DnsAnswer Found(IReadOnlyList<ResourceRecord> records) => new(ResponseCode.NoError) { Authoritative = true, Answers = records };

    private DnsAnswer NoData() => new(ResponseCode.NoError) { Authoritative = true, Authorities = [_records.Authority(index.Serial)] };

    private DnsAnswer NxDomain() => new(ResponseCode.NxDomain) { Authoritative = true, Authorities = [_records.Authority(index.Serial)] };
}
