using System.Net;
using Network.Netlink.Netfilter;
using Network.ServiceProxy.Choice;
using Network.ServiceProxy.Model;

namespace Network.ServiceProxy.Backends.Nftables;

/// <summary>An element that a service port wants in a set.</summary>
internal readonly record struct Wanted(NftMap Map, NftValue Key, NftValue Data, string? Comment, NftValue KeyEnd = default);

/// <summary>What rules of one family need to know beside the services.</summary>
/// <param name="NodeAddresses">Where node ports are answered.</param>
internal sealed record NftView(NftFamily Family, ProxySettings Settings, IReadOnlyList<IPAddress> NodeAddresses);

/// <summary>Everything one service port puts into the sets. Pure; kube-proxy's semantics.</summary>
internal sealed class ServiceElements
{
    // The API allows a day.
    private const int MostAffinity = 86_400;
    private const int MostComment = 127;
    private readonly ServicePort _service;
    private readonly string _name;
    private readonly NftView _view;
    private readonly EndpointChoice _choice;
    private readonly List<Wanted> _wanted = [];
    private readonly HashSet<ServiceClass> _classes = [];
    private readonly HashSet<NftValue> _fronts = [];
    private readonly NftValue _protocol;

    private ServiceElements(ServicePort service, NftView view)
    {
        (_service, _view) = (service, view);
        _name = Cut(service.Id);
        _choice = EndpointChoice.For(service);
        _protocol = NftValue.Of(ProtocolNumber(service.Protocol));
    }

    internal IReadOnlyList<Wanted> Elements => _wanted;

    /// <summary>Classes that need a chain.</summary>
    internal IReadOnlyCollection<ServiceClass> Classes => _classes;

    internal static ServiceElements For(ServicePort service, NftView view)
    {
        var elements = new ServiceElements(service, view);
        foreach (var address in service.ClusterIps)
            elements.AddClusterIp(address);
        foreach (var address in service.ExternalIps)
            elements.AddExternal(address, service.Port, firewalled: false);
        foreach (var address in service.LoadBalancerIps)
            elements.AddExternal(address, service.Port, firewalled: service.SourceRanges is not null);
        if (service.NodePort > 0)
        {
            foreach (var address in view.NodeAddresses)
                elements.AddExternal(address, service.NodePort, firewalled: false);
        }

        elements.AddHairpins();
        return elements;
    }

    internal static byte ProtocolNumber(TransportProtocol protocol) => protocol switch
    {
        TransportProtocol.Tcp => 6,
        TransportProtocol.Udp => 17,
        _ => 132,
    };

    private void AddClusterIp(IPAddress address)
    {
        _wanted.Add(new Wanted(NftMap.ClusterIps, NftValue.Of(address), default, Cut($"{_service.Namespace}/{_service.Name}")));
        if (!TryFront(address, _service.Port, out var front))
            return;
        var local = _service.InternalPolicy == TrafficPolicy.Local;
        var endpoints = local ? _choice.Local : _choice.Cluster;
        var kind = _view.Settings.ClusterCidr is null && !_view.Settings.MasqueradeAll ? ClassKind.Plain : ClassKind.ClusterIp;
        AddClass(NftMap.Services, front, !_choice.HasAny ? new(ClassKind.Reject) : endpoints.Count == 0 ? new(ClassKind.Drop) : ClassOf(kind, endpoints));
        AddEndpoints(NftMap.Endpoints, front, endpoints);
    }

    private void AddExternal(IPAddress address, int port, bool firewalled)
    {
        if (!TryFront(address, port, out var front))
            return;
        if (!_choice.HasAny)
        {
            AddClass(NftMap.Services, front, new(ClassKind.Reject));
            return;
        }

        if (firewalled)
            AddFirewall(front, address);
        var map = firewalled ? NftMap.Firewalled : NftMap.Services;
        AddEndpoints(NftMap.Endpoints, front, _choice.Cluster);
        if (_service.ExternalPolicy == TrafficPolicy.Cluster)
        {
            AddClass(map, front, ClassOf(ClassKind.External, _choice.Cluster));
            return;
        }

        AddClass(map, front, new(ClassKind.ExternalLocal));
        AddClass(NftMap.ShortCircuits, front, ClassOf(ClassKind.Plain, _choice.Cluster));
        AddClass(NftMap.LocalServices, front, _choice.Local.Count == 0 ? new(ClassKind.Drop) : ClassOf(ClassKind.Local, _choice.Local));
        AddEndpoints(NftMap.LocalEndpoints, front, _choice.Local);
    }

    // Whoever may use the address from the node may also use it as its own source: the node that holds the address sends so.
    private void AddFirewall(NftValue front, IPAddress address)
    {
        AddClass(NftMap.Services, front, new(ClassKind.Firewalled));
        var ranges = Merge(_service.SourceRanges!);
        foreach (var (first, last) in ranges)
            Allow(first, last);
        if (_view.NodeAddresses.Any(node => _service.SourceRanges!.Any(range => range.Contains(node))) && !_service.SourceRanges!.Any(range => range.Contains(address)))
            Allow(address, address);

        void Allow(IPAddress first, IPAddress last) => _wanted.Add(new Wanted(NftMap.FirewallAllow, NftValue.Concat(front, NftValue.Of(first)), default, _name,
            NftValue.Concat(front, NftValue.Of(last))));
    }

    // Overlapping ranges are refused by the kernel.
    private static IEnumerable<(IPAddress First, IPAddress Last)> Merge(IReadOnlyList<IPNetwork> ranges) => ranges
        .Where(range => !ranges.Any(other => other.PrefixLength < range.PrefixLength && other.Contains(range.BaseAddress)))
        .Distinct()
        .Select(range => (range.BaseAddress, Last(range)));

    private static IPAddress Last(IPNetwork range)
    {
        var bytes = range.BaseAddress.GetAddressBytes();
        for (var bit = range.PrefixLength; bit < bytes.Length * 8; bit++)
            bytes[bit / 8] |= (byte)(0x80 >> (bit % 8));
        return new IPAddress(bytes);
    }

    private void AddClass(NftMap map, NftValue front, ServiceClass service)
    {
        _wanted.Add(new Wanted(map, front, NftValue.Host(service.Id), _name));
        if (NftLayout.HasOwnChain(service))
            _classes.Add(service);
    }

    private ServiceClass ClassOf(ClassKind kind, IReadOnlyList<ServiceEndpoint> endpoints) => new(kind, Math.Min(endpoints.Count, ServiceClass.MostEndpoints), _service.Affinity is not null);

    private void AddEndpoints(NftMap map, NftValue front, IReadOnlyList<ServiceEndpoint> endpoints)
    {
        for (var i = 0; i < endpoints.Count; i++)
            _wanted.Add(new Wanted(map, NftValue.Concat(front, NftValue.Host((uint)i)), Value(endpoints[i]), CommentOf(endpoints[i])));
        if (_service.Affinity is not { } affinity || endpoints.Count == 0 || map != NftMap.Endpoints)
            return;
        var remember = new ServiceClass(ClassKind.Remember, Math.Clamp((int)affinity.TotalSeconds, 1, MostAffinity));
        _classes.Add(remember);
        _wanted.Add(new Wanted(NftMap.AffinityTimeouts, front, NftValue.Host(remember.Id), _name));
    }

    // A pod of another node comes back to itself by way of this node only where its own address was kept.
    private void AddHairpins()
    {
        var kept = _service.HasExternal && _service.ExternalPolicy == TrafficPolicy.Local;
        foreach (var address in _choice.Cluster.Concat(_choice.Local).Where(endpoint => endpoint.IsLocal || kept).Select(endpoint => endpoint.Address).Distinct())
            _wanted.Add(new Wanted(NftMap.Hairpins, NftValue.Concat(NftValue.Of(address), NftValue.Of(address)), default, null));
    }

    private bool TryFront(IPAddress address, int port, out NftValue front)
    {
        front = NftValue.Concat(NftValue.Of(address), _protocol, NftValue.BigEndian((ushort)port));
        return _fronts.Add(front);
    }

    private string CommentOf(ServiceEndpoint endpoint) => Cut(endpoint.Target.Length == 0 ? _service.Id : $"{_service.Id} -> {endpoint.Target}");

    // What is longer the kernel's copy would not equal.
    private static string Cut(string comment) => comment.Length > MostComment ? comment[..MostComment] : comment;

    private static NftValue Value(ServiceEndpoint endpoint) => NftValue.Concat(NftValue.Of(endpoint.Address), NftValue.BigEndian((ushort)endpoint.Port));
}
