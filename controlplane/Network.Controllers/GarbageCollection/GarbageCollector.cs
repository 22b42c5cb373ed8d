using System.Net;
using System.Text.Json.Nodes;
using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging;
using Network.Client;

namespace Network.Controllers.GarbageCollection;

/// <summary>
/// Deletes objects whose owners are all gone, and carries out foreground and orphan deletion. An owner that the graph
/// does not know is asked for live before anything is deleted: a late cache must never cost an object.
/// </summary>
internal sealed partial class GarbageCollector : IController
{
    private const string Foreground = "foregroundDeletion";
    private const string Orphan = "orphan";
    private static readonly string[] s_ignored = ["events", "leases", "bindings", "componentstatuses"];
    private readonly ControllerContext _context;
    private readonly OwnerGraph _graph = new();
    private readonly WorkQueue<string> _queue;
    private readonly ILogger _logger;
    private Dictionary<(string Group, string Kind), CatalogEntry> _kinds = [];

    internal GarbageCollector(ControllerContext context)
    {
        _context = context;
        _queue = context.Queue(Name);
        _logger = context.Loggers.CreateLogger(Name);
    }

    public string Name => "garbage-collector";

    public async Task RunAsync(CancellationToken cancel)
    {
        var kinds = await ReadKindsAsync(cancel).ConfigureAwait(false);
        _kinds = kinds.ToDictionary(kind => (kind.Group, kind.Kind));
        var informers = kinds.Select(kind => Watch(kind)).ToList();
        var watching = Task.WhenAll(informers.Select(informer => informer.RunAsync(cancel)));
        await Task.WhenAll(informers.Select(informer => informer.Synced)).WaitAsync(cancel).ConfigureAwait(false);
        LogWatching(kinds.Count);
        await _queue.RunAsync(2, SyncAsync, cancel).ConfigureAwait(false);
        await watching.ConfigureAwait(false);
    }

    private async Task<List<CatalogEntry>> ReadKindsAsync(CancellationToken cancel)
    {
        while (true)
        {
            try
            {
                return (await ApiCatalog.ReadAsync(_context.Client, cancel).ConfigureAwait(false))
                    .Where(kind => kind.Verbs.Contains("watch") && kind.Verbs.Contains("delete") && !s_ignored.Contains(kind.Plural))
                    .ToList();
            }
            catch (Exception e) when (e is ApiException or HttpRequestException)
            {
                LogNoDiscovery(e.Message);
                await Task.Delay(TimeSpan.FromMilliseconds(200), _context.Time, cancel).ConfigureAwait(false);
            }
        }
    }

    private Informer<ObjectMetadata> Watch(CatalogEntry kind)
    {
        var resource = ObjectMetadata.Of(kind.Group, kind.Version, kind.Plural, kind.Kind, kind.Namespaced);
        var informer = new Informer<ObjectMetadata>(_context.Client, resource, ListQuery.All, _logger);
        informer.Changed += change =>
        {
            foreach (var uid in _graph.Apply(kind, change))
                _queue.Add(uid);
        };
        return informer;
    }

    private async Task<TimeSpan?> SyncAsync(string uid, CancellationToken cancel)
    {
        if (_graph.Find(uid) is not { } node)
            return null;
        var finalizers = node.Metadata.Finalizers ?? [];
        if (node.Metadata.DeletionTimestamp is not null && finalizers.Contains(Orphan))
            await OrphanDependentsAsync(node, cancel).ConfigureAwait(false);
        else if (node.Metadata.DeletionTimestamp is not null && finalizers.Contains(Foreground))
            await DeleteDependentsAsync(node, cancel).ConfigureAwait(false);
        else if (node.Metadata.DeletionTimestamp is null && node.Metadata.OwnerReferences is { Count: > 0 } owners)
            await CollectAsync(node, owners, cancel).ConfigureAwait(false);
        return null;
    }

    private async Task CollectAsync(GraphNode node, IList<V1OwnerReference> owners, CancellationToken cancel)
    {
        var absent = new List<V1OwnerReference>();
        var waiting = false;
        foreach (var owner in owners)
        {
            var known = _graph.Find(owner.Uid);
            waiting |= known?.Metadata.DeletionTimestamp is not null && known.Metadata.Finalizers?.Contains(Foreground) == true;
            if (known is null && !await ExistsAsync(node, owner, cancel).ConfigureAwait(false))
                absent.Add(owner);
        }

        if (absent.Count == owners.Count)
            await DeleteAsync(node, "Background", "no owner left", cancel).ConfigureAwait(false);
        else if (waiting && absent.Count + owners.Count(owner => _graph.Find(owner.Uid)?.Metadata.DeletionTimestamp is not null) == owners.Count)
            await DeleteAsync(node, "Foreground", "owner waits for it", cancel).ConfigureAwait(false);
        else if (absent.Count > 0)
            await DropOwnersAsync(node, absent.Select(owner => owner.Uid), cancel).ConfigureAwait(false);
    }

    private async Task<bool> ExistsAsync(GraphNode dependent, V1OwnerReference owner, CancellationToken cancel)
    {
        var group = owner.ApiVersion.Contains('/') ? owner.ApiVersion[..owner.ApiVersion.IndexOf('/')] : "";
        // An owner of a kind nobody serves cannot be judged: leave its dependents alone.
        if (!_kinds.TryGetValue((group, owner.Kind), out var kind))
            return true;
        var resource = ObjectMetadata.Of(kind.Group, kind.Version, kind.Plural, kind.Kind, kind.Namespaced);
        var live = await _context.Client.FindAsync(resource, kind.Namespaced ? dependent.Metadata.NamespaceProperty : null, owner.Name, cancel).ConfigureAwait(false);
        return live is not null && live.Metadata.Uid == owner.Uid;
    }

    private async Task DeleteDependentsAsync(GraphNode owner, CancellationToken cancel)
    {
        var dependents = _graph.DependentsOf(owner.Uid);
        foreach (var dependent in dependents.Where(dependent => dependent.Metadata.DeletionTimestamp is null))
            await DeleteAsync(dependent, "Foreground", $"{owner.Kind.Kind} {owner.Metadata.Name} is deleted in the foreground", cancel).ConfigureAwait(false);
        var blocking = dependents.Any(dependent =>
            dependent.Metadata.OwnerReferences.Any(reference => reference.Uid == owner.Uid && reference.BlockOwnerDeletion == true));
        if (!blocking)
            await DropFinalizerAsync(owner, Foreground, cancel).ConfigureAwait(false);
    }

    private async Task OrphanDependentsAsync(GraphNode owner, CancellationToken cancel)
    {
        foreach (var dependent in _graph.DependentsOf(owner.Uid))
            await DropOwnersAsync(dependent, [owner.Uid], cancel).ConfigureAwait(false);
        await DropFinalizerAsync(owner, Orphan, cancel).ConfigureAwait(false);
    }

    private async Task DeleteAsync(GraphNode node, string propagation, string why, CancellationToken cancel)
    {
        LogDeleting(node.Kind.Kind, NameOf(node), why);
        var options = new V1DeleteOptions { PropagationPolicy = propagation, Preconditions = new V1Preconditions { Uid = node.Uid } };
        try
        {
            await _context.Client.DeleteAsync(Resource(node), node.Metadata.NamespaceProperty, node.Metadata.Name, options, cancel).ConfigureAwait(false);
        }
        catch (ApiException e) when (e.Code == HttpStatusCode.Conflict)
        {
            // The name belongs to another object by now: the one meant is gone already.
        }
    }

    private Task DropOwnersAsync(GraphNode node, IEnumerable<string> owners, CancellationToken cancel)
    {
        var gone = owners.ToHashSet();
        var rest = new JsonArray();
        foreach (var reference in (node.Metadata.OwnerReferences ?? []).Where(reference => !gone.Contains(reference.Uid)))
            rest.Add(JsonNode.Parse(KubernetesJson.Serialize(reference)));
        return PatchMetadataAsync(node, "ownerReferences", rest, cancel);
    }

    private Task DropFinalizerAsync(GraphNode node, string finalizer, CancellationToken cancel)
    {
        var rest = new JsonArray();
        foreach (var other in (node.Metadata.Finalizers ?? []).Where(other => other != finalizer))
            rest.Add((JsonNode)other);
        return PatchMetadataAsync(node, "finalizers", rest, cancel);
    }

    private async Task PatchMetadataAsync(GraphNode node, string field, JsonArray value, CancellationToken cancel)
    {
        var patch = Patch.Merge(new JsonObject
        {
            ["metadata"] = new JsonObject { ["uid"] = node.Uid, ["resourceVersion"] = node.Metadata.ResourceVersion, [field] = value.Count == 0 ? null : value },
        });
        try
        {
            await _context.Client.PatchAsync(Resource(node), node.Metadata.NamespaceProperty, node.Metadata.Name, patch, null, cancel).ConfigureAwait(false);
        }
        catch (ApiException e) when (e.IsNotFound)
        {
            // Gone meanwhile, which is what the patch was for.
        }
    }

    private static Resource<ObjectMetadata> Resource(GraphNode node) =>
        ObjectMetadata.Of(node.Kind.Group, node.Kind.Version, node.Kind.Plural, node.Kind.Kind, node.Kind.Namespaced);

    private static string NameOf(GraphNode node) =>
        node.Metadata.NamespaceProperty is { } ns ? $"{ns}/{node.Metadata.Name}" : node.Metadata.Name;

    [LoggerMessage(Level = LogLevel.Information, Message = "watching owners of {Kinds} kinds")]
    private partial void LogWatching(int kinds);

    [LoggerMessage(Level = LogLevel.Debug, Message = "no discovery yet: {Reason}")]
    private partial void LogNoDiscovery(string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "deleting kind={Kind} name={Name} why=\"{Why}\"")]
    private partial void LogDeleting(string kind, string name, string why);
}
