using System.Net;
using System.Text.Json.Nodes;
using k8s.Models;
using Microsoft.Extensions.Logging;
using Network.Client;

namespace Network.Controllers.LoadBalancers;

/// <summary>
/// Gives services of type LoadBalancer an address of the pool, and takes it back when they are of another type or gone. What cannot be
/// given is said by an event on the service, and tried again when an address is free.
/// </summary>
internal sealed partial class LoadBalancerController : IController
{
    private const string Finalizer = "service.kubernetes.io/load-balancer-cleanup";
    private static readonly TimeSpan s_retry = TimeSpan.FromSeconds(10);
    private readonly ControllerContext _context;
    private readonly WorkQueue<string> _queue;
    private readonly Dictionary<string, IPAddress> _given = new(StringComparer.Ordinal);
    private readonly HashSet<string> _waiting = new(StringComparer.Ordinal);
    private readonly ILogger _logger;

    internal LoadBalancerController(ControllerContext context)
    {
        _context = context;
        _queue = context.Queue(Name);
        _logger = context.Loggers.CreateLogger(Name);
        context.Informers.Services.Changed += change => _queue.Add(Informer<V1Service>.KeyOf(change.Object));
    }

    public string Name => "load-balancer-controller";

    private AddressPool Pool => _context.Settings.LoadBalancerPool;

    // One worker: two services must not be given the same address.
    public Task RunAsync(CancellationToken cancel) => _queue.RunAsync(1, SyncAsync, cancel);

    private async Task<TimeSpan?> SyncAsync(string key, CancellationToken cancel)
    {
        if (_context.Informers.Services.Find(key) is not { } service)
        {
            Free(key);
            return null;
        }

        if (!BalancerRequest.IsOurs(service))
        {
            await ReleaseAsync(key, service, cancel).ConfigureAwait(false);
            return null;
        }

        if (service.Metadata.Finalizers?.Contains(Finalizer) != true)
            service = await FinalizersAsync(service, [.. service.Metadata.Finalizers ?? [], Finalizer], cancel).ConfigureAwait(false);
        var current = Ours(service).ToList();
        var request = BalancerRequest.Of(service);
        if (current.Count > 0 && (request is null || (current.Count == 1 && current[0].ToString() == request)))
        {
            _given[key] = current[0];
            _waiting.Remove(key);
            return null;
        }

        if (Choose(key, request, out var refusal) is not { } address)
        {
            _waiting.Add(key);
            LogRefused(key, refusal);
            _context.Events.Record(References.To(Resources.Services, service), "Warning", "AllocationFailed", refusal);
            return s_retry;
        }

        _given[key] = address;
        _waiting.Remove(key);
        await StatusAsync(service, new JsonArray(new JsonObject { ["ip"] = address.ToString(), ["ipMode"] = "VIP" }), cancel).ConfigureAwait(false);
        _context.Events.Record(References.To(Resources.Services, service), "Normal", "IPAllocated", $"Assigned {address} of the pool {Pool}");
        LogGiven(key, address);
        return null;
    }

    private IPAddress? Choose(string key, string? request, out string refusal)
    {
        var taken = Taken(key);
        refusal = "";
        if (request is null)
        {
            var free = Pool.Next(taken.Keys.ToHashSet());
            if (free is null)
                refusal = $"no address is left in the pool {Pool}; delete a service of type LoadBalancer or give the controllers another --load-balancer-pool";
            return free;
        }

        if (!IPAddress.TryParse(request, out var wanted))
            refusal = $"the requested address \"{request}\" is not one IP address";
        else if (!Pool.Contains(wanted))
            refusal = $"the requested address {wanted} is not in the pool {Pool}";
        else if (taken.TryGetValue(wanted, out var owner))
            refusal = $"the requested address {wanted} is service {owner}'s";
        return refusal.Length == 0 ? wanted : null;
    }

    /// <summary>Addresses of other services; what was just given counts before its watch event arrives.</summary>
    private Dictionary<IPAddress, string> Taken(string asking)
    {
        var taken = new Dictionary<IPAddress, string>();
        foreach (var (key, service) in _context.Informers.Services.Items.Where(pair => pair.Key != asking))
        {
            foreach (var address in Ours(service))
                taken.TryAdd(address, key);
        }

        foreach (var (key, address) in _given.Where(pair => pair.Key != asking))
            taken.TryAdd(address, key);
        return taken;
    }

    // Addresses that others gave are not ours to take.
    private IEnumerable<IPAddress> Ours(V1Service service) => (service.Status?.LoadBalancer?.Ingress ?? [])
        .Select(ingress => IPAddress.TryParse(ingress.Ip, out var address) ? address : null).OfType<IPAddress>().Where(Pool.Contains);

    private async Task ReleaseAsync(string key, V1Service service, CancellationToken cancel)
    {
        if (service.Metadata.Finalizers?.Contains(Finalizer) == true)
        {
            if (Ours(service).Any())
                await StatusAsync(service, [], cancel).ConfigureAwait(false);
            await FinalizersAsync(service, service.Metadata.Finalizers.Where(name => name != Finalizer), cancel).ConfigureAwait(false);
            LogReleased(key);
        }

        Free(key);
    }

    private void Free(string key)
    {
        _waiting.Remove(key);
        if (!_given.Remove(key))
            return;
        foreach (var waiting in _waiting)
            _queue.Add(waiting);
    }

    private Task<V1Service> FinalizersAsync(V1Service service, IEnumerable<string> names, CancellationToken cancel) =>
        _context.Client.PatchAsync(Resources.Services, service.Metadata.NamespaceProperty, service.Metadata.Name, Patch.Merge(new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["resourceVersion"] = service.Metadata.ResourceVersion,
                ["finalizers"] = new JsonArray(names.Select(name => (JsonNode)name).ToArray()),
            },
        }), null, cancel);

    private async Task StatusAsync(V1Service service, JsonArray ingress, CancellationToken cancel) =>
        await _context.Client.PatchAsync(Resources.Services, service.Metadata.NamespaceProperty, service.Metadata.Name,
            Patch.Merge(new JsonObject { ["status"] = new JsonObject { ["loadBalancer"] = new JsonObject { ["ingress"] = ingress } } }), "status", cancel).ConfigureAwait(false);

    [LoggerMessage(Level = LogLevel.Information, Message = "address service={Service} address={Address}")]
    private partial void LogGiven(string service, IPAddress address);

    [LoggerMessage(Level = LogLevel.Information, Message = "address released service={Service}")]
    private partial void LogReleased(string service);

    [LoggerMessage(Level = LogLevel.Warning, Message = "no address service={Service}: {Reason}")]
    private partial void LogRefused(string service, string reason);
}
