using System.Globalization;
using System.Text.Json.Nodes;
using k8s.Models;

namespace Network.Controllers.Namespaces;

/// <summary>What is left of one kind in a namespace that is being emptied.</summary>
internal sealed record Remainder(CatalogEntry Kind, int Objects, IReadOnlyDictionary<string, int> Finalizers);

/// <summary>The five conditions of a namespace that terminates, in upstream's words (pkg/controller/namespace/deletion).</summary>
internal static class NamespaceConditions
{
    private const string TimeFormat = "yyyy-MM-dd'T'HH:mm:ss'Z'";

    /// <param name="remaining">What is left of each kind.</param>
    /// <param name="failures">Deletions that were refused, in words.</param>
    /// <param name="known">The conditions now; one that stays as it is keeps its time.</param>
    /// <param name="now">The time of conditions that change.</param>
    /// <returns>Null when nothing changes.</returns>
    internal static JsonArray? Of(IReadOnlyList<Remainder> remaining, IReadOnlyList<string> failures, IList<V1NamespaceCondition>? known, DateTimeOffset now)
    {
        var finalizers = remaining.SelectMany(kind => kind.Finalizers).GroupBy(pair => pair.Key, pair => pair.Value).OrderBy(group => group.Key, StringComparer.Ordinal)
            .Select(group => $"{group.Key} in {group.Sum()} resource instances").ToList();
        var left = remaining.Where(kind => kind.Objects > 0).Select(kind => $"{kind.Kind.Plural}.{kind.Kind.Group} has {kind.Objects} resource instances").Order(StringComparer.Ordinal).ToList();
        var changed = false;
        var conditions = new JsonArray();
        void Add(string type, bool status, string reason, string message)
        {
            var old = known?.FirstOrDefault(condition => condition.Type == type);
            var word = status ? "True" : "False";
            changed |= old is null || old.Status != word || old.Message != message;
            conditions.Add((JsonNode)new JsonObject
            {
                ["type"] = type, ["status"] = word, ["reason"] = reason, ["message"] = message,
                ["lastTransitionTime"] = (old?.Status == word && old.LastTransitionTime is { } time ? time.ToUniversalTime() : now.UtcDateTime).ToString(TimeFormat, CultureInfo.InvariantCulture),
            });
        }

        Add("NamespaceDeletionDiscoveryFailure", false, "ResourcesDiscovered", "All resources successfully discovered");
        Add("NamespaceDeletionGroupVersionParsingFailure", false, "ParsedGroupVersions", "All legacy kube types successfully parsed");
        Add("NamespaceDeletionContentFailure", failures.Count > 0, failures.Count > 0 ? "ContentDeletionFailed" : "ContentDeleted",
            failures.Count > 0 ? $"Failed to delete all resource types, {failures.Count} remaining: {string.Join(", ", failures)}" : "All content successfully deleted, may be waiting on finalization");
        Add("NamespaceContentRemaining", left.Count > 0, left.Count > 0 ? "SomeResourcesRemain" : "ContentRemoved",
            left.Count > 0 ? $"Some resources are remaining: {string.Join(", ", left)}" : "All content successfully removed");
        Add("NamespaceFinalizersRemaining", finalizers.Count > 0, finalizers.Count > 0 ? "SomeFinalizersRemain" : "ContentHasNoFinalizers",
            finalizers.Count > 0 ? $"Some content in the namespace has finalizers remaining: {string.Join(", ", finalizers)}" : "All content-preserving finalizers finished");
        return changed ? conditions : null;
    }
}
