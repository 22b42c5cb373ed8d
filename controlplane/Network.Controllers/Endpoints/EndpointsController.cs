using System.Collections.Concurrent;
using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging;
using Network.Api.Placement;
using Network.Client;

namespace Network.Controllers.Endpoints;

/// <summary>
/// Keeps EndpointSlices and the legacy Endpoints of every service with a selector in step with its pods. The time of the
/// change that caused an update travels in an annotation, so that proxies and DNS can say how long it took.
/// </summary>
internal sealed partial class EndpointsController : IController
{
    private const string TriggerTime = "endpoints.kubernetes.io/last-change-trigger-time";
    private readonly ControllerContext _context;
    private readonly WorkQueue<string> _queue;
    private readonly ConcurrentDictionary<string, DateTimeOffset> _triggers = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, V1EndpointSlice> _written = new(StringComparer.Ordinal);
    private readonly ILogger _logger;

    internal EndpointsController(ControllerContext context)
    {
        _context = context;
        _queue = context.Queue(Name);
        _logger = context.Loggers.CreateLogger(Name);
        context.Informers.Services.Changed += change => Trigger(Informer<V1Service>.KeyOf(change.Object));
        context.Informers.Pods.Changed += OnPod;
        context.Informers.EndpointSlices.Changed += OnSlice;
        context.Informers.Endpoints.Changed += change =>
        {
            if (change.IsDelete)
                _queue.Add(Informer<V1Endpoints>.KeyOf(change.Object));
        };
    }

    public string Name => "endpointslice-controller";

    public Task RunAsync(CancellationToken cancel) => _queue.RunAsync(2, SyncAsync, cancel);

    private void OnPod(Change<V1Pod> change)
    {
        if (change is { Old: { } old, New: { } now } && !Matters(old, now))
            return;
        foreach (var service in _context.Informers.Services.Items.Values)
        {
            if (service.Metadata.NamespaceProperty == change.Object.Metadata.NamespaceProperty && service.Spec.Selector is { Count: > 0 } selector
                && (Selection.Matches(selector, change.Object.Metadata.Labels) || Selection.Matches(selector, change.Old?.Metadata.Labels)))
                Trigger(Informer<V1Service>.KeyOf(service));
        }
    }

    private static bool Matters(V1Pod old, V1Pod now) =>
        old.Status?.PodIP != now.Status?.PodIP
        || old.Status?.Phase != now.Status?.Phase
        || old.Metadata.DeletionTimestamp != now.Metadata.DeletionTimestamp
        || Pods.PodState.IsReady(old) != Pods.PodState.IsReady(now)
        || old.Spec.NodeName != now.Spec.NodeName
        || !(old.Metadata.Labels ?? new Dictionary<string, string>()).OrderBy(p => p.Key).SequenceEqual((now.Metadata.Labels ?? new Dictionary<string, string>()).OrderBy(p => p.Key));

    private void OnSlice(Change<V1EndpointSlice> change)
    {
        _written.TryRemove(change.Object.Metadata.Uid, out _);
        var labels = change.Object.Metadata.Labels;
        if (labels is not null && labels.TryGetValue(SliceBuilder.ManagedByLabel, out var manager) && manager == SliceBuilder.ManagedBy
            && labels.TryGetValue(SliceBuilder.ServiceLabel, out var service))
            _queue.Add($"{change.Object.Metadata.NamespaceProperty}/{service}");
    }

    private void Trigger(string service)
    {
        _triggers.TryAdd(service, _context.Time.GetUtcNow());
        _queue.Add(service);
    }

    private async Task<TimeSpan?> SyncAsync(string key, CancellationToken cancel)
    {
        var service = _context.Informers.Services.Find(key);
        if (service is not { Metadata.DeletionTimestamp: null, Spec.Selector.Count: > 0 } || service.Spec.Type == "ExternalName")
        {
            _triggers.TryRemove(key, out _);
            // Owned slices fall to the garbage collector; a service that lost its selector keeps them, as upstream does.
            return null;
        }

        _triggers.TryRemove(key, out var trigger);
        var endpoints = EndpointChoice.For(service, _context.Informers.Pods.Items.Values);
        await SyncSlicesAsync(service, endpoints, trigger, cancel).ConfigureAwait(false);
        await SyncEndpointsAsync(service, endpoints, trigger, cancel).ConfigureAwait(false);
        return null;
    }

    private async Task SyncSlicesAsync(V1Service service, IReadOnlyList<PodEndpoint> endpoints, DateTimeOffset trigger, CancellationToken cancel)
    {
        var wanted = SliceBuilder.For(service, endpoints, node => _context.Informers.Nodes.Find(node));
        var existing = Existing(service);
        for (var i = 0; i < wanted.Count; i++)
        {
            if (i >= existing.Count)
            {
                Stamp(wanted[i].Metadata, trigger);
                Remember(await _context.Client.CreateAsync(Resources.EndpointSlices, wanted[i], cancel).ConfigureAwait(false));
                LogWrote(Informer<V1Service>.KeyOf(service), wanted[i].Endpoints.Count);
            }
            else if (Content(existing[i]) != Content(wanted[i]))
            {
                var updated = existing[i] with { Endpoints = wanted[i].Endpoints, Ports = wanted[i].Ports };
                updated.Metadata = updated.Metadata with { Labels = wanted[i].Metadata.Labels };
                Stamp(updated.Metadata, trigger);
                Remember(await _context.Client.ReplaceAsync(Resources.EndpointSlices, updated, null, cancel).ConfigureAwait(false));
                LogWrote(Informer<V1Service>.KeyOf(service), wanted[i].Endpoints.Count);
            }
        }

        foreach (var surplus in existing.Skip(wanted.Count))
            await _context.Client.DeleteAsync(Resources.EndpointSlices, surplus.Metadata.NamespaceProperty, surplus.Metadata.Name, null, cancel).ConfigureAwait(false);
    }

    // What we wrote counts before its watch event arrives, else the next sync would write it a second time.
    private List<V1EndpointSlice> Existing(V1Service service)
    {
        var seen = _context.Informers.EndpointSlices.Items.Values
            .Where(slice => IsOurs(slice, service))
            .Select(slice => _written.GetValueOrDefault(slice.Metadata.Uid, slice))
            .ToList();
        var uids = seen.Select(slice => slice.Metadata.Uid).ToHashSet();
        seen.AddRange(_written.Values.Where(slice => IsOurs(slice, service) && !uids.Contains(slice.Metadata.Uid)));
        return seen.OrderBy(slice => slice.Metadata.Name, StringComparer.Ordinal).ToList();
    }

    private static bool IsOurs(V1EndpointSlice slice, V1Service service) =>
        slice.Metadata.NamespaceProperty == service.Metadata.NamespaceProperty
        && References.ControllerOwner(slice.Metadata)?.Uid == service.Metadata.Uid
        && slice.Metadata.Labels?.TryGetValue(SliceBuilder.ManagedByLabel, out var manager) == true && manager == SliceBuilder.ManagedBy;

    private void Remember(V1EndpointSlice slice)
    {
        var seen = _context.Informers.EndpointSlices.Find(Informer<V1EndpointSlice>.KeyOf(slice));
        if (seen is null || long.Parse(seen.Metadata.ResourceVersion) < long.Parse(slice.Metadata.ResourceVersion))
            _written[slice.Metadata.Uid] = slice;
    }

    private async Task SyncEndpointsAsync(V1Service service, IReadOnlyList<PodEndpoint> endpoints, DateTimeOffset trigger, CancellationToken cancel)
    {
        var wanted = EndpointsBuilder.For(service, endpoints);
        var existing = _context.Informers.Endpoints.Find(Informer<V1Service>.KeyOf(service));
        if (existing is null)
        {
            Stamp(wanted.Metadata, trigger);
            try
            {
                await _context.Client.CreateAsync(Resources.Endpoints, wanted, cancel).ConfigureAwait(false);
            }
            catch (ApiException e) when (e.IsAlreadyExists)
            {
                existing = await _context.Client.GetAsync(Resources.Endpoints, service.Metadata.NamespaceProperty, service.Metadata.Name, cancel).ConfigureAwait(false);
            }
        }

        if (existing is null || (Content(existing) == Content(wanted)))
            return;
        var updated = existing with { Subsets = wanted.Subsets, Metadata = EndpointsBuilder.Merge(existing.Metadata, wanted.Metadata) };
        Stamp(updated.Metadata, trigger);
        await _context.Client.ReplaceAsync(Resources.Endpoints, updated, null, cancel).ConfigureAwait(false);
    }

    private static void Stamp(V1ObjectMeta meta, DateTimeOffset trigger)
    {
        if (trigger == default)
            return;
        meta.Annotations = new Dictionary<string, string>(meta.Annotations ?? new Dictionary<string, string>())
        {
            [TriggerTime] = trigger.ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff'Z'"),
        };
    }

    private static string Content(V1EndpointSlice slice) => KubernetesJson.Serialize(new V1EndpointSlice
    {
        AddressType = slice.AddressType,
        Endpoints = slice.Endpoints ?? [],
        Ports = slice.Ports ?? [],
        Metadata = new V1ObjectMeta { Labels = Sorted(slice.Metadata.Labels) },
    });

    private static string Content(V1Endpoints endpoints) => KubernetesJson.Serialize(new V1Endpoints
    {
        Subsets = endpoints.Subsets ?? [],
        Metadata = new V1ObjectMeta { Labels = Sorted(endpoints.Metadata.Labels) },
    });

    private static Dictionary<string, string> Sorted(IDictionary<string, string>? labels) =>
        (labels ?? new Dictionary<string, string>()).OrderBy(pair => pair.Key, StringComparer.Ordinal).ToDictionary(pair => pair.Key, pair => pair.Value);

    [LoggerMessage(Level = LogLevel.Information, Message = "endpointslice service={Service} endpoints={Count}")]
    private partial void LogWrote(string service, int count);
}
