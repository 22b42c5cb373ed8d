using k8s.Models;
using Network.Controllers.Deployments;

namespace Network.Controllers.Disruption;

/// <summary>What a disruption budget comes to: pure arithmetic over the pods it selects (pkg/controller/disruption).</summary>
internal sealed record DisruptionBudget(int Expected, int Desired, int Healthy)
{
    internal int Allowed => Expected > 0 ? Math.Max(0, Healthy - Desired) : 0;

    /// <param name="expected">Pods there should be, from the scale of their owners; for an absolute minAvailable the pods there are.</param>
    internal static DisruptionBudget Of(V1PodDisruptionBudgetSpec spec, int expected, int healthy)
    {
        if (spec.MaxUnavailable is { } most)
            return new(expected, Math.Max(0, expected - Resolve(most, expected)), healthy);
        var least = spec.MinAvailable is { } given ? Resolve(given, expected) : 1;
        return new(expected, least, healthy);
    }

    // Percentages round up in both directions, as upstream does.
    private static int Resolve(IntOrString value, int total) => RolloutArithmetic.Resolve(value, "0", total, up: true);
}
