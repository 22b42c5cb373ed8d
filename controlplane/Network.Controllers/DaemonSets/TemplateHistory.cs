using System.Text.Json.Nodes;
using k8s;
using k8s.Models;
using Network.Client;
using Network.Controllers.Pods;

namespace Network.Controllers.DaemonSets;

/// <summary>Keeps a ControllerRevision per template of a daemon set, for <c>kubectl rollout history</c> and <c>undo</c>.</summary>
internal sealed class TemplateHistory(ControllerContext context)
{
    /// <summary>The hash of the current template; makes its revision the newest one.</summary>
    internal async Task<string> CurrentHashAsync(V1DaemonSet set, CancellationToken cancel)
    {
        var hash = TemplateHash.Of(set.Spec.Template, set.Status?.CollisionCount);
        var name = $"{set.Metadata.Name}-{hash}";
        var all = context.Informers.ControllerRevisions.Items.Values
            .Where(revision => References.ControllerOwner(revision.Metadata)?.Uid == set.Metadata.Uid).ToList();
        var newest = all.Select(revision => revision.Revision).DefaultIfEmpty(0).Max();
        if (all.FirstOrDefault(revision => revision.Metadata.Name == name) is { } known)
        {
            if (known.Revision < newest)
                await context.Client.PatchAsync(Resources.ControllerRevisions, set.Metadata.NamespaceProperty, name,
                    Patch.Merge(new JsonObject { ["revision"] = newest + 1 }), null, cancel).ConfigureAwait(false);
            return hash;
        }

        try
        {
            var path = Resources.ControllerRevisions.CollectionPath(set.Metadata.NamespaceProperty);
            await context.Client.RequestAsync(HttpMethod.Post, path, New(set, name, hash, (newest ?? 0) + 1), cancel).ConfigureAwait(false);
        }
        catch (ApiException e) when (e.IsAlreadyExists)
        {
            // Ours, and the cache is late.
        }

        await TrimAsync(set, all, cancel).ConfigureAwait(false);
        return hash;
    }

    private async Task TrimAsync(V1DaemonSet set, List<V1ControllerRevision> before, CancellationToken cancel)
    {
        var surplus = before.Count - (set.Spec.RevisionHistoryLimit ?? 10);
        foreach (var old in before.OrderBy(revision => revision.Revision).Take(Math.Max(0, surplus)))
            await context.Client.DeleteAsync(Resources.ControllerRevisions, set.Metadata.NamespaceProperty, old.Metadata.Name, null, cancel).ConfigureAwait(false);
    }

    private static JsonObject New(V1DaemonSet set, string name, string hash, long revision)
    {
        var template = JsonNode.Parse(KubernetesJson.Serialize(set.Spec.Template))!.AsObject();
        // The patch that undo sends back: it replaces the template as a whole.
        template["$patch"] = "replace";
        var labels = new JsonObject();
        foreach (var (key, value) in set.Spec.Template.Metadata?.Labels ?? new Dictionary<string, string>())
            labels[key] = value;
        labels[Placement.HashLabel] = hash;
        return new JsonObject
        {
            ["apiVersion"] = Resources.ControllerRevisions.ApiVersion,
            ["kind"] = Resources.ControllerRevisions.Kind,
            ["metadata"] = new JsonObject
            {
                ["name"] = name,
                ["namespace"] = set.Metadata.NamespaceProperty,
                ["labels"] = labels,
                ["ownerReferences"] = new JsonArray(JsonNode.Parse(KubernetesJson.Serialize(References.ControllerOf(Resources.DaemonSets, set)))),
            },
            ["data"] = new JsonObject { ["spec"] = new JsonObject { ["template"] = template } },
            ["revision"] = revision,
        };
    }
}
