using System.Collections.Concurrent;
using k8s.Models;
using Microsoft.Extensions.Logging;
using Network.Client;
using Network.Host.Announce;
using Network.Host.Dns;
using Network.Host.Parts;
using Network.Host.Roles;
using Network.ServiceProxy;
using Network.ServiceProxy.Model;

namespace Network.Host.Proxy;

/// <summary>
/// Feeds the service proxy from the watches: each change recomputes one service and hands on what is different about it.
/// Nothing is programmed before services and endpoints are both known, else every service would be refused for a moment.
/// </summary>
internal sealed class ProxyPart : IPart
{
    private const string ZoneLabel = "topology.kubernetes.io/zone";
    private const string ExcludeLabel = "node.kubernetes.io/exclude-from-external-load-balancers";
    private readonly ILogger _logger;
    private readonly Informer<V1Service> _services;
    private readonly Informer<V1EndpointSlice> _slices;
    private readonly Informer<V1Node> _node;
    private readonly ConcurrentDictionary<string, ConcurrentDictionary<string, V1EndpointSlice>> _slicesOf = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, IReadOnlyList<ServicePort>> _ports = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();
    private readonly ServiceProxyDaemon _daemon;
    private readonly ProxyHealth _health;
    private readonly AddressElection _election;
    private readonly EventRecorder _events;
    private ProxyPlace _place;
    private bool _following;

    internal ProxyPart(AgentOptions options, ApiClient client, TimeProvider time, ILoggerFactory loggers)
    {
        _place = new ProxyPlace(options.Node, null);
        _logger = loggers.CreateLogger("proxy");
        _services = new Informer<V1Service>(client, Resources.Services, ListQuery.All, _logger);
        _slices = new Informer<V1EndpointSlice>(client, Resources.EndpointSlices, ListQuery.All, _logger);
        _node = new Informer<V1Node>(client, Resources.Nodes, new ListQuery { FieldSelector = $"metadata.name={options.Node}" }, _logger);
        _services.Changed += change => Recompute(DnsAdapter.KeyOf(change.Object), null);
        _slices.Changed += OnSlice;
        _node.Changed += OnNode;
        _daemon = new ServiceProxyDaemon(
            new ProxySettings(options.Node)
            {
                ClusterCidr = options.ClusterCidr,
                Mode = options.ProxyMode,
                NodeAddresses = options.NodeAddress is { } address ? [address] : [],
                NodePortAddresses = options.NodePortAddresses,
                LocalhostNodePorts = options.LocalhostNodePorts,
                ServiceCidrs = options.ServiceCidrs,
            },
            time, _logger);
        _health = new ProxyHealth(_daemon, options.ProxyHealthPort, loggers);
        _events = new EventRecorder(client, "podnet-proxy", options.Node, time, _logger);
        _daemon.Refusing += OnRefusing;
        _election = new AddressElection(options, client, time, loggers.CreateLogger("announcer"));
    }

    public string Name => "proxy";

    public bool IsReady => _daemon.IsReady;

    /// <summary>/proxyMode, as kube-proxy answers it.</summary>
    public string? Page(string path) => path == "/proxyMode" ? _daemon.Mode?.ToString().ToLowerInvariant() : null;

    public async Task RunAsync(CancellationToken cancel)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var background = Task.WhenAll(_services.RunAsync(stop.Token), _slices.RunAsync(stop.Token), _node.RunAsync(stop.Token), _health.RunAsync(stop.Token), _election.RunAsync(stop.Token), _events.RunAsync(stop.Token));
        try
        {
            await Task.WhenAny(_daemon.RunAsync(stop.Token), FollowAsync(stop.Token)).Unwrap().ConfigureAwait(false);
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);
            await background.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task FollowAsync(CancellationToken cancel)
    {
        await Task.WhenAll(_services.Synced, _slices.Synced, _node.Synced).WaitAsync(cancel).ConfigureAwait(false);
        lock (_lock)
        {
            _daemon.Apply(_ports.Values.SelectMany(ports => ports).ToList());
            _following = true;
        }

        await Task.Delay(Timeout.Infinite, cancel).ConfigureAwait(false);
    }

    private void OnSlice(Change<V1EndpointSlice> change)
    {
        if (DnsAdapter.ServiceKey(change.Object) is not { } key || change.Object.AddressType is not ("IPv4" or "IPv6"))
            return;
        var slices = _slicesOf.GetOrAdd(key, _ => new(StringComparer.Ordinal));
        if (change.IsDelete)
            slices.TryRemove(change.Object.Metadata.Name, out _);
        else
            slices[change.Object.Metadata.Name] = change.New!;
        Recompute(key, change.IsDelete ? null : TriggerTime.Of(change.Object));
    }

    private void OnNode(Change<V1Node> change)
    {
        var zone = change.New?.Metadata.Labels?.TryGetValue(ZoneLabel, out var label) == true ? label : null;
        _health.NodeIsLeaving = change.IsDelete || change.New!.Spec?.Taints?.Any(taint => taint.Key == "ToBeDeletedByClusterAutoscaler") == true;
        _election.IsOut = _health.NodeIsLeaving || change.New!.Metadata.Labels?.ContainsKey(ExcludeLabel) == true
            || change.New.Status?.Conditions?.Any(condition => condition is { Type: "NetworkUnavailable", Status: "True" }) == true;
        _election.Wake();
        if (zone == _place.Zone)
            return;
        _place = _place with { Zone = zone };
        foreach (var key in _ports.Keys)
            Recompute(key, null);
    }

    // Whoever looks at the service, or at the node, is told there.
    private void OnRefusing(string? port, string why)
    {
        if (port is null && _node.Items.Values.FirstOrDefault() is { } node)
            _events.Record(References.To(Resources.Nodes, node), "Warning", "ServiceRulesRefused", $"the kernel of node {_place.Node} did not take the service rules, those before stand, it is tried again: {why}");
        else if (port is not null && _services.Find(_ports.FirstOrDefault(pair => pair.Value.Any(known => known.Key == port)).Key ?? "") is { } service)
            _events.Record(References.To(Resources.Services, service), "Warning", "ServiceRefused", $"{port} is not programmed on node {_place.Node}: {why}");
    }

    private void Recompute(string key, DateTimeOffset? trigger)
    {
        lock (_lock)
        {
            var service = _services.Find(key);
            var slices = _slicesOf.TryGetValue(key, out var known) ? [.. known.Values.OrderBy(slice => slice.Metadata.Name, StringComparer.Ordinal)] : Array.Empty<V1EndpointSlice>();
            IReadOnlyList<ServicePort> ports = service is null ? [] : ProxyAdapter.ToPorts(service, slices, _place).ToList();
            _election.Put(key, BalancedService.Addresses(service, ports));
            _health.Put(key, service?.Spec.HealthCheckNodePort ?? 0, ports);
            var former = _ports.GetValueOrDefault(key) ?? [];
            if (former.SequenceEqual(ports))
                return;
            if (service is null)
                _ports.TryRemove(key, out _);
            else
                _ports[key] = ports;
            if (_following)
                _daemon.Change(ports.Except(former).ToList(), former.Select(port => port.Key).Except(ports.Select(port => port.Key)).ToList(), trigger);
        }
    }
}
