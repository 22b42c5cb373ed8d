using System.Text.Json.Nodes;
using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging;
using Network.Api.Placement;
using Network.Client;
using Network.Controllers.Pods;

namespace Network.Controllers.Deployments;

/// <summary>A deployment's sets: the one of the current template (when it exists) and the others.</summary>
internal sealed record Rollout(V1ReplicaSet? Fresh, IReadOnlyList<V1ReplicaSet> Old)
{
    internal IReadOnlyList<V1ReplicaSet> All => Fresh is null ? Old : [.. Old, Fresh];
}

/// <summary>Finds, creates, resizes and removes the ReplicaSets of deployments.</summary>
internal sealed partial class ReplicaSetControl(ControllerContext context)
{
    private readonly ILogger _logger = context.Loggers.CreateLogger("deployment-controller");

    /// <summary>The sets a deployment owns; matching orphans are adopted first.</summary>
    internal async Task<List<V1ReplicaSet>> ClaimAsync(V1Deployment deployment, CancellationToken cancel)
    {
        var owned = new List<V1ReplicaSet>();
        foreach (var set in context.Informers.ReplicaSets.Items.Values.Where(s => s.Metadata.NamespaceProperty == deployment.Metadata.NamespaceProperty))
        {
            var owner = References.ControllerOwner(set.Metadata);
            if (owner?.Uid == deployment.Metadata.Uid)
                owned.Add(set);
            else if (owner is null && deployment.Metadata.DeletionTimestamp is null && set.Metadata.DeletionTimestamp is null
                && Selection.Matches(deployment.Spec.Selector, set.Metadata.Labels))
                owned.Add(await AdoptAsync(deployment, set, cancel).ConfigureAwait(false));
        }

        return owned;
    }

    /// <summary>Splits the sets into current and old, and gives the current one the highest revision.</summary>
    internal async Task<Rollout> PrepareAsync(V1Deployment deployment, List<V1ReplicaSet> owned, CancellationToken cancel)
    {
        var fresh = owned.Where(set => TemplateHash.Same(set.Spec.Template, deployment.Spec.Template))
            .OrderBy(set => set.Metadata.CreationTimestamp)
            .FirstOrDefault();
        var old = owned.Where(set => set != fresh).ToList();
        if (fresh is null || deployment.Metadata.DeletionTimestamp is not null)
            return new Rollout(fresh, old);
        var revision = Math.Max(Revisions.Of(fresh), old.Select(Revisions.Of).DefaultIfEmpty(0).Max() + 1);
        if (old.All(set => Revisions.Of(set) < Revisions.Of(fresh)) && Revisions.Of(fresh) > 0)
            revision = Revisions.Of(fresh);
        return new Rollout(await AnnotateAsync(deployment, fresh, revision, cancel).ConfigureAwait(false), old);
    }

    /// <summary>Creates the set of the current template when there is none.</summary>
    internal async Task<Rollout> EnsureFreshAsync(V1Deployment deployment, Rollout rollout, int replicas, CancellationToken cancel)
    {
        if (rollout.Fresh is not null)
            return rollout;
        var hash = TemplateHash.Of(deployment.Spec.Template, deployment.Status?.CollisionCount);
        var revision = rollout.Old.Select(Revisions.Of).DefaultIfEmpty(0).Max() + 1;
        var set = New(deployment, hash, revision, replicas);
        try
        {
            var created = await context.Client.CreateAsync(Resources.ReplicaSets, set, cancel).ConfigureAwait(false);
            LogCreated(Informer<V1ReplicaSet>.KeyOf(created), revision, replicas);
            context.Events.Record(References.To(Resources.Deployments, deployment), "Normal", "ScalingReplicaSet",
                $"Scaled up replica set {created.Metadata.Name} from 0 to {replicas}");
            await AnnotateDeploymentAsync(deployment, revision, cancel).ConfigureAwait(false);
            return rollout with { Fresh = created };
        }
        catch (ApiException e) when (e.IsAlreadyExists)
        {
            return rollout with { Fresh = await ResolveCollisionAsync(deployment, set.Metadata.Name, cancel).ConfigureAwait(false) };
        }
    }

    /// <summary>Sets the sizes given by name; a set that has its size already is left alone but for its annotations.</summary>
    internal async Task<Rollout> ResizeAsync(V1Deployment deployment, Rollout rollout, Dictionary<string, int> sizes, CancellationToken cancel)
    {
        var resized = new Dictionary<string, V1ReplicaSet>();
        foreach (var set in rollout.All)
        {
            var size = sizes.GetValueOrDefault(set.Metadata.Name, set.Spec.Replicas ?? 0);
            resized[set.Metadata.Name] = await ResizeAsync(deployment, set, size, cancel).ConfigureAwait(false);
        }

        return new Rollout(rollout.Fresh is { } fresh ? resized[fresh.Metadata.Name] : null, rollout.Old.Select(set => resized[set.Metadata.Name]).ToList());
    }

    /// <summary>Removes empty old sets beyond revisionHistoryLimit once the rollout is complete.</summary>
    internal async Task CleanUpAsync(V1Deployment deployment, Rollout rollout, CancellationToken cancel)
    {
        var limit = deployment.Spec.RevisionHistoryLimit ?? 10;
        var empty = rollout.Old
            .Where(set => set is { Metadata.DeletionTimestamp: null, Status.Replicas: 0 } && (set.Spec.Replicas ?? 0) == 0
                && set.Status.ObservedGeneration >= set.Metadata.Generation)
            .OrderBy(Revisions.Of)
            .ToList();
        foreach (var set in empty.Take(Math.Max(0, empty.Count - limit)))
            await context.Client.DeleteAsync(Resources.ReplicaSets, set.Metadata.NamespaceProperty, set.Metadata.Name, null, cancel).ConfigureAwait(false);
    }

    private async Task<V1ReplicaSet> ResizeAsync(V1Deployment deployment, V1ReplicaSet set, int size, CancellationToken cancel)
    {
        var annotations = Revisions.Annotations(deployment, set, Revisions.Of(set));
        var before = set.Spec.Replicas ?? 0;
        if (before == size && SameAnnotations(set, annotations))
            return set;
        var patch = Patch.Merge(new JsonObject
        {
            ["metadata"] = new JsonObject { ["annotations"] = ToJson(annotations), ["resourceVersion"] = set.Metadata.ResourceVersion },
            ["spec"] = new JsonObject { ["replicas"] = size },
        });
        var updated = await context.Client.PatchAsync(Resources.ReplicaSets, set.Metadata.NamespaceProperty, set.Metadata.Name, patch, null, cancel).ConfigureAwait(false);
        if (before != size)
        {
            LogResized(Informer<V1ReplicaSet>.KeyOf(set), before, size);
            context.Events.Record(References.To(Resources.Deployments, deployment), "Normal", "ScalingReplicaSet",
                $"Scaled {(size > before ? "up" : "down")} replica set {set.Metadata.Name} from {before} to {size}");
        }

        return updated;
    }

    private async Task<V1ReplicaSet> AnnotateAsync(V1Deployment deployment, V1ReplicaSet fresh, long revision, CancellationToken cancel)
    {
        await AnnotateDeploymentAsync(deployment, revision, cancel).ConfigureAwait(false);
        if (Revisions.Of(fresh) == revision)
            return fresh;
        var annotations = Revisions.Annotations(deployment, fresh, revision);
        var patch = Patch.Merge(new JsonObject { ["metadata"] = new JsonObject { ["annotations"] = ToJson(annotations) } });
        return await context.Client.PatchAsync(Resources.ReplicaSets, fresh.Metadata.NamespaceProperty, fresh.Metadata.Name, patch, null, cancel).ConfigureAwait(false);
    }

    private async Task AnnotateDeploymentAsync(V1Deployment deployment, long revision, CancellationToken cancel)
    {
        if (deployment.Metadata.Annotations?.TryGetValue(Revisions.Annotation, out var known) == true && known == revision.ToString())
            return;
        var patch = Patch.Merge(new JsonObject { ["metadata"] = new JsonObject { ["annotations"] = new JsonObject { [Revisions.Annotation] = revision.ToString() } } });
        var updated = await context.Client.PatchAsync(Resources.Deployments, deployment.Metadata.NamespaceProperty, deployment.Metadata.Name, patch, null, cancel).ConfigureAwait(false);
        deployment.Metadata = updated.Metadata;
    }

    // The name is taken: by our own set that the cache has not seen yet, or by another template with the same hash.
    private async Task<V1ReplicaSet> ResolveCollisionAsync(V1Deployment deployment, string name, CancellationToken cancel)
    {
        var existing = await context.Client.GetAsync(Resources.ReplicaSets, deployment.Metadata.NamespaceProperty, name, cancel).ConfigureAwait(false);
        if (References.ControllerOwner(existing.Metadata)?.Uid == deployment.Metadata.Uid && TemplateHash.Same(existing.Spec.Template, deployment.Spec.Template))
            return existing;
        var status = (deployment.Status ?? new V1DeploymentStatus()) with { CollisionCount = (deployment.Status?.CollisionCount ?? 0) + 1 };
        await context.Client.ReplaceAsync(Resources.Deployments, deployment with { Status = status }, "status", cancel).ConfigureAwait(false);
        throw new InvalidOperationException($"replicaset {name} exists with another template; taking another name");
    }

    private async Task<V1ReplicaSet> AdoptAsync(V1Deployment deployment, V1ReplicaSet set, CancellationToken cancel)
    {
        var reference = JsonNode.Parse(KubernetesJson.Serialize(References.ControllerOf(Resources.Deployments, deployment)));
        var patch = Patch.Strategic(new JsonObject
        {
            ["metadata"] = new JsonObject { ["uid"] = set.Metadata.Uid, ["ownerReferences"] = new JsonArray(reference) },
        });
        return await context.Client.PatchAsync(Resources.ReplicaSets, set.Metadata.NamespaceProperty, set.Metadata.Name, patch, null, cancel).ConfigureAwait(false);
    }

    private static V1ReplicaSet New(V1Deployment deployment, string hash, long revision, int replicas)
    {
        var template = KubernetesJson.Deserialize<V1PodTemplateSpec>(KubernetesJson.Serialize(deployment.Spec.Template));
        template.Metadata ??= new V1ObjectMeta();
        template.Metadata.Labels = new Dictionary<string, string>(template.Metadata.Labels ?? new Dictionary<string, string>()) { [TemplateHash.Label] = hash };
        var selector = deployment.Spec.Selector with
        {
            MatchLabels = new Dictionary<string, string>(deployment.Spec.Selector.MatchLabels ?? new Dictionary<string, string>()) { [TemplateHash.Label] = hash },
        };
        return new V1ReplicaSet
        {
            Metadata = new V1ObjectMeta
            {
                Name = $"{deployment.Metadata.Name}-{hash}",
                NamespaceProperty = deployment.Metadata.NamespaceProperty,
                Labels = template.Metadata.Labels,
                Annotations = Revisions.Annotations(deployment, null, revision),
                OwnerReferences = [References.ControllerOf(Resources.Deployments, deployment)],
            },
            Spec = new V1ReplicaSetSpec { Replicas = replicas, Selector = selector, Template = template, MinReadySeconds = deployment.Spec.MinReadySeconds },
        };
    }

    private static bool SameAnnotations(V1ReplicaSet set, Dictionary<string, string> wanted) =>
        wanted.All(pair => set.Metadata.Annotations?.TryGetValue(pair.Key, out var value) == true && value == pair.Value);

    private static JsonObject ToJson(Dictionary<string, string> values)
    {
        var json = new JsonObject();
        foreach (var (key, value) in values)
            json[key] = value;
        return json;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "created replicaset={Set} revision={Revision} replicas={Replicas}")]
    private partial void LogCreated(string set, long revision, int replicas);

    [LoggerMessage(Level = LogLevel.Information, Message = "resized replicaset={Set} from={From} to={To}")]
    private partial void LogResized(string set, int from, int to);
}
