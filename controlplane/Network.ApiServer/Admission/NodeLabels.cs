using System.Text.Json.Nodes;

namespace Network.ApiServer.Admission;

/// <summary>Which labels a kubelet may put on its node (kubelet/pkg/apis well_known_labels).</summary>
internal static class NodeLabels
{
    private const string Restricted = "node-restriction.kubernetes.io";

    private static readonly HashSet<string> s_kubelet =
    [
        "kubernetes.io/hostname", "kubernetes.io/os", "kubernetes.io/arch", "beta.kubernetes.io/os", "beta.kubernetes.io/arch",
        "topology.kubernetes.io/zone", "topology.kubernetes.io/region", "failure-domain.beta.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/region",
        "node.kubernetes.io/instance-type", "beta.kubernetes.io/instance-type",
    ];

    /// <summary>Labels that differ between two objects and that a kubelet has no right to, sorted.</summary>
    public static IReadOnlyList<string> Forbidden(JsonObject? labels, JsonObject? before)
    {
        var keys = (labels ?? []).Select(l => l.Key).Union((before ?? []).Select(l => l.Key));
        return [.. keys.Where(k => labels?[k]?.ToString() != before?[k]?.ToString()).Where(IsForbidden).Order(StringComparer.Ordinal)];
    }

    private static bool IsForbidden(string key)
    {
        var slash = key.IndexOf('/');
        var ns = slash < 0 ? "" : key[..slash];
        if (Within(ns, Restricted))
            return true;
        return (Within(ns, "kubernetes.io") || Within(ns, "k8s.io")) && !s_kubelet.Contains(key) && !Within(ns, "kubelet.kubernetes.io") && !Within(ns, "node.kubernetes.io");
    }

    private static bool Within(string ns, string domain) => ns == domain || ns.EndsWith("." + domain, StringComparison.Ordinal);
}
