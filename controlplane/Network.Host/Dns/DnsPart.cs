using System.Collections.Concurrent;
using System.Net;
using k8s.Models;
using Microsoft.Extensions.Logging;
using Network.Client;
using Network.Dns;
using Network.Dns.Config;
using Network.Dns.Plugins.Cluster;
using Network.Dns.Plugins.Cluster.Snapshot;
using Network.Dns.Plugins.Forward;
using Network.Host.Dns.FallBack;
using Network.Host.Parts;
using Network.Host.Roles;
using Network.Netlink;

namespace Network.Host.Dns;

/// <summary>
/// The node's own DNS server. The cluster DNS address is local to every node (on lo), so a pod's query never leaves its
/// node and never meets NAT; the index follows the watches change by change.
/// </summary>
internal sealed partial class DnsPart : IPart
{
    private readonly AgentOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly ClusterIndex _index;
    private readonly Informer<V1Service> _services;
    private readonly Informer<V1EndpointSlice> _slices;
    private readonly Informer<V1Namespace> _namespaces;
    private readonly ConcurrentDictionary<string, ConcurrentDictionary<string, V1EndpointSlice>> _slicesOf = new(StringComparer.Ordinal);
    private readonly DnsServer _server;
    private readonly ClientPods _clients;
    private readonly Informer<V1Pod> _pods;
    private readonly Informer<V1Node> _nodes;
    private readonly VerifiedPods _verified;
    private DnsFreshness? _freshness;

    internal DnsPart(AgentOptions options, ApiClient client, TimeProvider time, ILoggerFactory loggers)
    {
        _options = options;
        _time = time;
        var kubernetes = Kubernetes(options.Corefile);
        _index = new ClusterIndex(kubernetes?.Zone ?? options.ClusterDomain, kubernetes?.Ttl ?? 5);
        _logger = loggers.CreateLogger("dns");
        _services = new Informer<V1Service>(client, Resources.Services, ListQuery.All, _logger);
        _slices = new Informer<V1EndpointSlice>(client, Resources.EndpointSlices, ListQuery.All, _logger);
        _namespaces = new Informer<V1Namespace>(client, Resources.Namespaces, ListQuery.All, _logger);
        _services.Changed += OnService;
        _slices.Changed += OnSlice;
        _namespaces.Changed += OnNamespace;
        var resolver = ReadResolver();
        if (resolver.LeftOut.Count > 0)
            LogLoopback(string.Join(',', resolver.LeftOut));
        _server = new DnsServer(SettingsFor(options, resolver), _index, _time, _logger);
        _clients = new ClientPods(_server.Pods, options.ClusterDomain, resolver.Searches);
        _pods = new Informer<V1Pod>(client, Resources.Pods, new ListQuery { FieldSelector = $"spec.nodeName={options.Node}" }, _logger);
        _pods.Changed += _clients.Follow;
        _verified = new VerifiedPods(_index.Pods, client, time, _logger);
        _nodes = new Informer<V1Node>(client, Resources.Nodes, ListQuery.All, _logger);
    }

    public string Name => "dns";

    public bool IsReady => _server.IsReady;

    public string? Page(string path) => path == "/top" ? _server.TopClients : null;

    public async Task RunAsync(CancellationToken cancel)
    {
        if (_options.ClusterDns is { } address)
            OwnAddress(address);
        using var snapshot = new SnapshotKeeper(Path.Combine(_options.DataDirectory, "dns", "snapshot"), _index, _time, _logger);
        snapshot.Load();
        using var freshness = _freshness = new DnsFreshness(_index, [() => _services.Age, () => _slices.Age, () => _namespaces.Age], snapshot.Written, _time);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var informers = Task.WhenAll(_services.RunAsync(stop.Token), _slices.RunAsync(stop.Token), _namespaces.RunAsync(stop.Token), _pods.RunAsync(stop.Token), _verified.RunAsync(stop.Token));
        var completing = Task.WhenAll(CompleteAsync(stop.Token), snapshot.RunAsync(stop.Token));
        Task[] working = [_server.RunAsync(stop.Token), FallBackAsync(stop.Token)];
        var first = await Task.WhenAny(working).ConfigureAwait(false);
        await stop.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll([informers, completing, .. working]).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!cancel.IsCancellationRequested)
            await first.ConfigureAwait(false);
    }

    // Without an address that all nodes have in common there is nobody to fall back to.
    private async Task FallBackAsync(CancellationToken cancel)
    {
        if (_options is not { ClusterDns: { } server, NodeAddress: { } own } || server.AddressFamily != own.AddressFamily)
        {
            await Task.Delay(Timeout.Infinite, cancel).ConfigureAwait(false);
            return;
        }

        using var loop = new FallBackLoop(server, own, _nodes, () => _index.Complete || _index.Stale, _time, _logger);
        var following = _nodes.RunAsync(cancel);
        await loop.RunAsync(cancel).ConfigureAwait(false);
        await following.ConfigureAwait(false);
    }

    private static void OwnAddress(IPAddress address)
    {
        using var socket = RouteSocket.Open();
        var loopback = socket.Link("lo")!;
        socket.Execute(batch => batch
            .AddressReplace(new InterfaceAddress(loopback.Index, address, 32))
            .LinkSet(loopback.Index, new LinkChange { Up = true }));
    }

    private static DnsSettings SettingsFor(AgentOptions options, ResolvConf resolver) => new([new IPEndPoint(options.ClusterDns ?? IPAddress.Loopback, 53)])
    {
        Corefile = options.Corefile,
        Tls = options is { TlsCertificate: { } certificate, TlsKey: { } key } ? new ServingCertificate(certificate, key).Options() : null,
        StateDirectory = Path.Combine(options.DataDirectory, "dns"),
        Forward = new ForwardSettings { Upstreams = resolver.Upstreams.Select(upstream => new Upstream(upstream)).ToList() },
    };

    // A file that cannot be used is the server's to refuse; the other parts of the agent start without it.
    private static (string? Zone, uint Ttl)? Kubernetes(string? corefile)
    {
        try
        {
            return corefile is null ? null : KubernetesDirective.Find(CorefileParser.Parse(corefile, File.ReadAllText(corefile)));
        }
        catch (Exception e) when (e is IOException or CorefileException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static ResolvConf ReadResolver()
    {
        // systemd-resolved keeps the real servers here; /etc/resolv.conf then only names its stub.
        var path = File.Exists("/run/systemd/resolve/resolv.conf") ? "/run/systemd/resolve/resolv.conf" : "/etc/resolv.conf";
        if (!File.Exists(path))
            return ResolvConf.Empty;
        using var text = File.OpenText(path);
        return ResolvConf.Read(text);
    }

    private async Task CompleteAsync(CancellationToken cancel)
    {
        await Task.WhenAll(_services.Synced, _slices.Synced, _namespaces.Synced).WaitAsync(cancel).ConfigureAwait(false);
        _index.Confirm(ns => _namespaces.Find(ns) is not null, (ns, name) => _services.Find($"{ns}/{name}") is not null);
    }

    private void OnNamespace(Change<V1Namespace> change)
    {
        if (change.IsDelete)
            _index.RemoveNamespace(change.Object.Metadata.Name);
        else
            _index.PutNamespace(change.Object.Metadata.Name);
    }

    private void OnService(Change<V1Service> change)
    {
        if (change.IsDelete)
            _index.Remove(change.Object.Metadata.NamespaceProperty, change.Object.Metadata.Name);
        else
            Put(change.New!);
    }

    private void OnSlice(Change<V1EndpointSlice> change)
    {
        if (DnsAdapter.ServiceKey(change.Object) is not { } key)
            return;
        var slices = _slicesOf.GetOrAdd(key, _ => new(StringComparer.Ordinal));
        if (change.IsDelete)
            slices.TryRemove(change.Object.Metadata.Name, out _);
        else
            slices[change.Object.Metadata.Name] = change.New!;
        if (_services.Find(key) is { } service)
        {
            Put(service);
            if (service.Spec.ClusterIP == "None" && TriggerTime.Of(change.Object) is { } trigger && !change.IsDelete && _index.Complete)
                _freshness?.Answered(trigger);
        }
    }

    private void Put(V1Service service)
    {
        var slices = _slicesOf.TryGetValue(DnsAdapter.KeyOf(service), out var known) ? known.Values : [];
        _index.Put(DnsAdapter.ToRecord(service, slices));
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "resolv.conf names loopback servers={Addresses}: left out, they would be this server itself")]
    private partial void LogLoopback(string addresses);
}
