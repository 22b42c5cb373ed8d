using System.Collections.Concurrent;
using System.Threading.Channels;
using k8s.Models;
using Microsoft.Extensions.Logging;
using Network.Client;
using Network.Host.Dns;
using Network.Host.Parts;
using Network.Host.Roles;
using Network.ServiceProxy;
using Network.ServiceProxy.Model;

namespace Network.Host.Proxy;

/// <summary>
/// Feeds the service proxy from the watches. Each change recomputes one service; a burst of changes becomes one pass.
/// Nothing is programmed before services and endpoints are both known, else every service would be refused for a moment.
/// </summary>
internal sealed class ProxyPart : IPart
{
    private readonly string _node;
    private readonly ILogger _logger;
    private readonly Informer<V1Service> _services;
    private readonly Informer<V1EndpointSlice> _slices;
    private readonly ConcurrentDictionary<string, ConcurrentDictionary<string, V1EndpointSlice>> _slicesOf = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, IReadOnlyList<ServicePort>> _ports = new(StringComparer.Ordinal);
    private readonly Channel<bool> _changes = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly ServiceProxyDaemon _daemon;

    internal ProxyPart(AgentOptions options, ApiClient client, TimeProvider time, ILoggerFactory loggers)
    {
        _node = options.Node;
        _logger = loggers.CreateLogger("proxy");
        _services = new Informer<V1Service>(client, Resources.Services, ListQuery.All, _logger);
        _slices = new Informer<V1EndpointSlice>(client, Resources.EndpointSlices, ListQuery.All, _logger);
        _services.Changed += change => Recompute(DnsAdapter.KeyOf(change.Object));
        _slices.Changed += OnSlice;
        _daemon = new ServiceProxyDaemon(new ProxySettings(options.Node) { ClusterCidr = options.ClusterCidr }, time, _logger);
    }

    public string Name => "proxy";

    public bool IsReady => _daemon.IsReady;

    public async Task RunAsync(CancellationToken cancel)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var background = Task.WhenAll(_services.RunAsync(stop.Token), _slices.RunAsync(stop.Token));
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
        await Task.WhenAll(_services.Synced, _slices.Synced).WaitAsync(cancel).ConfigureAwait(false);
        while (true)
        {
            _daemon.Apply(_ports.Values.SelectMany(ports => ports).ToList());
            await _changes.Reader.ReadAsync(cancel).ConfigureAwait(false);
        }
    }

    private void OnSlice(Change<V1EndpointSlice> change)
    {
        if (DnsAdapter.ServiceKey(change.Object) is not { } key || change.Object.AddressType != "IPv4")
            return;
        var slices = _slicesOf.GetOrAdd(key, _ => new(StringComparer.Ordinal));
        if (change.IsDelete)
            slices.TryRemove(change.Object.Metadata.Name, out _);
        else
            slices[change.Object.Metadata.Name] = change.New!;
        Recompute(key);
    }

    private void Recompute(string key)
    {
        if (_services.Find(key) is not { } service)
        {
            _ports.TryRemove(key, out _);
            _changes.Writer.TryWrite(true);
            return;
        }

        var slices = _slicesOf.TryGetValue(key, out var known) ? [.. known.Values.OrderBy(slice => slice.Metadata.Name, StringComparer.Ordinal)] : Array.Empty<V1EndpointSlice>();
        var ports = ProxyAdapter.ToPorts(service, slices, _node).ToList();
        if (_ports.TryGetValue(key, out var former) && former.SequenceEqual(ports))
            return;
        _ports[key] = ports;
        _changes.Writer.TryWrite(true);
    }
}
