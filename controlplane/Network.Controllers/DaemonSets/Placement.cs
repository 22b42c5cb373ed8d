using k8s.Models;
using Network.Api.Placement;

namespace Network.Controllers.DaemonSets;

/// <summary>Which nodes a daemon pod belongs on, and how it is tied to one: by affinity, so that the scheduler still binds it.</summary>
internal static class Placement
{
    internal const string HashLabel = "controller-revision-hash";

    private static readonly string[] s_ignoredTaints =
    [
        "node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable", "node.kubernetes.io/disk-pressure",
        "node.kubernetes.io/memory-pressure", "node.kubernetes.io/pid-pressure", "node.kubernetes.io/unschedulable",
    ];

    /// <summary>What of a node decides about daemon pods.</summary>
    internal static string Fingerprint(V1Node node) => string.Join(';',
        (node.Metadata.Labels ?? new Dictionary<string, string>()).Select(label => $"{label.Key}={label.Value}").Order()
            .Concat((node.Spec?.Taints ?? []).Select(taint => $"{taint.Key}:{taint.Value}:{taint.Effect}").Order()));

    internal static bool ShouldRun(V1DaemonSet set, V1Node node) => Lives(set, node, "NoSchedule", "NoExecute");

    /// <summary>A pod that is there already stays unless a taint throws it out: NoSchedule turns away new ones only.</summary>
    internal static bool MayStay(V1DaemonSet set, V1Node node) => Lives(set, node, "NoExecute");

    /// <summary>The node a daemon pod is bound or tied to; empty when it is tied to none.</summary>
    internal static string NodeOf(V1Pod pod)
    {
        if (!string.IsNullOrEmpty(pod.Spec.NodeName))
            return pod.Spec.NodeName;
        var terms = pod.Spec.Affinity?.NodeAffinity?.RequiredDuringSchedulingIgnoredDuringExecution?.NodeSelectorTerms ?? [];
        return terms.SelectMany(term => term.MatchFields ?? []).FirstOrDefault(field => field.Key == "metadata.name")?.Values?.FirstOrDefault() ?? "";
    }

    internal static void Pin(V1Pod pod, string node, string hash)
    {
        pod.Metadata.Labels = new Dictionary<string, string>(pod.Metadata.Labels ?? new Dictionary<string, string>()) { [HashLabel] = hash };
        pod.Spec.Affinity ??= new V1Affinity();
        pod.Spec.Affinity.NodeAffinity ??= new V1NodeAffinity();
        pod.Spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution = new V1NodeSelector
        {
            NodeSelectorTerms =
            [
                new V1NodeSelectorTerm { MatchFields = [new V1NodeSelectorRequirement { Key = "metadata.name", OperatorProperty = "In", Values = [node] }] },
            ],
        };
        var tolerations = new List<V1Toleration>(pod.Spec.Tolerations ?? []);
        foreach (var key in s_ignoredTaints)
        {
            var effect = key.EndsWith("ready", StringComparison.Ordinal) || key.EndsWith("unreachable", StringComparison.Ordinal) ? "NoExecute" : "NoSchedule";
            tolerations.Add(new V1Toleration { Key = key, OperatorProperty = "Exists", Effect = effect });
        }

        if (pod.Spec.HostNetwork == true)
            tolerations.Add(new V1Toleration { Key = "node.kubernetes.io/network-unavailable", OperatorProperty = "Exists", Effect = "NoSchedule" });
        pod.Spec.Tolerations = tolerations;
    }

    private static bool Lives(V1DaemonSet set, V1Node node, params string[] effects)
    {
        var spec = set.Spec.Template.Spec;
        return spec.Admits(node) && (node.Spec?.Taints ?? []).All(taint => !effects.Contains(taint.Effect) || Tolerated(spec, taint));
    }

    private static bool Tolerated(V1PodSpec spec, V1Taint taint) =>
        s_ignoredTaints.Contains(taint.Key)
        || (spec.HostNetwork == true && taint.Key == "node.kubernetes.io/network-unavailable")
        || spec.Tolerates(taint);
}
