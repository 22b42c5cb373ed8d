using System.Text;
using k8s;
using k8s.Models;

namespace Network.Controllers.Pods;

/// <summary>Equality and short names of pod templates.</summary>
internal static class TemplateHash
{
    internal const string Label = "pod-template-hash";

    // Upstream's safe alphabet: no vowels, no look-alikes, so that a hash never spells a word.
    private const string Alphabet = "bcdfghjklmnpqrstvwxz2456789";

    /// <summary>Two templates are the same when they differ in nothing but the hash label.</summary>
    internal static bool Same(V1PodTemplateSpec a, V1PodTemplateSpec b) => Canonical(a) == Canonical(b);

    /// <summary>FNV-32a over the template's JSON, safely encoded; a collision count gives another name to the same template.</summary>
    internal static string Of(V1PodTemplateSpec template, int? collisionCount)
    {
        var hash = 2166136261u;
        foreach (var b in Encoding.UTF8.GetBytes(Canonical(template) + collisionCount))
            hash = (hash ^ b) * 16777619u;
        return string.Concat(hash.ToString().Select(digit => Alphabet[digit % Alphabet.Length]));
    }

    private static string Canonical(V1PodTemplateSpec template)
    {
        var metadata = template.Metadata ?? new V1ObjectMeta();
        var labels = (metadata.Labels ?? new Dictionary<string, string>())
            .Where(pair => pair.Key != Label)
            .OrderBy(pair => pair.Key, StringComparer.Ordinal)
            .ToDictionary(pair => pair.Key, pair => pair.Value);
        return KubernetesJson.Serialize(template with { Metadata = metadata with { Labels = labels, CreationTimestamp = null } });
    }
}
