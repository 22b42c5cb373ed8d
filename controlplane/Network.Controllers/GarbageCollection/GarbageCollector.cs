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
    private readonly KindWatches _kinds;

    internal GarbageCollector(ControllerContext context)
    {
        _context = context;
        _queue = context.Queue(Name);
        _logger = context.Loggers.CreateLogger(Name);
        _kinds = new KindWatches(context, Name, kind => kind.Verbs.Contains("watch") && kind.Verbs.Contains("delete") && !s_ignored.Contains(kind.Plural), (kind, change) =>
        {
            foreach (var uid in _graph.Apply(kind, change))
                _queue.Add(uid);
        });
        // An owner of a kind that was not known could not be judged; now it can.
        _kinds.KindsChanged += () =>
        {
            foreach (var uid in _graph.Strays())
                _queue.Add(uid);
        };
    }

    public string Name => "garbage-collector";

    public async Task RunAsync(CancellationToken cancel)
    {
        var watching = _kinds.RunAsync(cancel);
        await _kinds.Synced.WaitAsync(cancel).ConfigureAwait(false);
        await _queue.RunAsync(2, SyncAsync, cancel).ConfigureAwait(false);
        await watching.ConfigureAwait(false);
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
        var judgement = await JudgeAsync(node, owners, cancel).ConfigureAwait(false);
        switch (judgement.Verdict)
        {
            case Verdict.DropReferences:
                await DropOwnersAsync(node, judgement.Gone.Concat(judgement.Waiting).Select(owner => owner.Uid), cancel).ConfigureAwait(false);
                break;
            case Verdict.DeleteWithOwner when _graph.DependentsOf(node.Uid) is { Count: > 0 } dependents:
                // A circle: what hangs on this object is itself an owner that waits. Nobody may block, or nobody ever goes.
                if (dependents.Any(IsDeletedInForeground))
                    await UnblockOwnersAsync(node, cancel).ConfigureAwait(false);
                await DeleteAsync(node, "Foreground", "owner waits for it", cancel).ConfigureAwait(false);
                break;
            case Verdict.DeleteWithOwner or Verdict.Delete:
                var finalizers = node.Metadata.Finalizers ?? [];
                await DeleteAsync(node, finalizers.Contains(Orphan) ? "Orphan" : finalizers.Contains(Foreground) ? "Foreground" : "Background",
                    judgement.Waiting.Count > 0 ? "owner waits for it" : "no owner left", cancel).ConfigureAwait(false);
                break;
        }
    }

    private async Task<OwnerJudgement> JudgeAsync(GraphNode node, IList<V1OwnerReference> owners, CancellationToken cancel)
    {
        List<V1OwnerReference> solid = [], gone = [], waiting = [];
        foreach (var owner in owners)
        {
            var known = _graph.Find(owner.Uid);
            var list = known is null ? await ExistsAsync(node, owner, cancel).ConfigureAwait(false) ? solid : gone : IsDeletedInForeground(known) ? waiting : solid;
            list.Add(owner);
        }

        return new OwnerJudgement(solid, gone, waiting);
    }

    private static bool IsDeletedInForeground(GraphNode node) => node.Metadata.DeletionTimestamp is not null && node.Metadata.Finalizers?.Contains(Foreground) == true;

    private async Task<bool> ExistsAsync(GraphNode dependent, V1OwnerReference owner, CancellationToken cancel)
    {
        var group = owner.ApiVersion.Contains('/') ? owner.ApiVersion[..owner.ApiVersion.IndexOf('/')] : "";
        // An owner of a kind nobody serves cannot be judged: leave its dependents alone.
        if (_kinds.Find(group, owner.Kind) is not { } kind)
            return true;
        var resource = ObjectMetadata.Of(kind.Group, kind.Version, kind.Plural, kind.Kind, kind.Namespaced);
        var live = await _context.Client.FindAsync(resource, kind.Namespaced ? dependent.Metadata.NamespaceProperty : null, owner.Name, cancel).ConfigureAwait(false);
        return live is not null && live.Metadata.Uid == owner.Uid;
    }

    // Each dependent is judged by all its owners: one that has another stays, without this one.
    private async Task DeleteDependentsAsync(GraphNode owner, CancellationToken cancel)
    {
        var dependents = _graph.DependentsOf(owner.Uid);
        foreach (var dependent in dependents.Where(dependent => dependent.Metadata.DeletionTimestamp is null))
            _queue.Add(dependent.Uid);
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
        return PatchOwnersAsync(node, (node.Metadata.OwnerReferences ?? []).Where(reference => !gone.Contains(reference.Uid)), cancel);
    }

    private Task UnblockOwnersAsync(GraphNode node, CancellationToken cancel) => PatchOwnersAsync(node, node.Metadata.OwnerReferences.Select(reference => new V1OwnerReference
    {
        ApiVersion = reference.ApiVersion, Kind = reference.Kind, Name = reference.Name, Uid = reference.Uid, Controller = reference.Controller, BlockOwnerDeletion = false,
    }), cancel);

    private Task PatchOwnersAsync(GraphNode node, IEnumerable<V1OwnerReference> owners, CancellationToken cancel)
    {
        var rest = new JsonArray();
        foreach (var reference in owners)
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

    [LoggerMessage(Level = LogLevel.Information, Message = "deleting kind={Kind} name={Name} why=\"{Why}\"")]
    private partial void LogDeleting(string kind, string name, string why);
}
