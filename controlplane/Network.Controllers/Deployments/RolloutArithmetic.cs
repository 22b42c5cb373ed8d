using k8s.Models;

namespace Network.Controllers.Deployments;

/// <summary>How far a rolling update may go above and below the wanted number. Pure.</summary>
internal static class RolloutArithmetic
{
    /// <summary>Surge rounds up, unavailability down; when both come to zero, one pod may be missing so that the update can move.</summary>
    internal static (int Surge, int Unavailable) Bounds(V1Deployment deployment)
    {
        var replicas = deployment.Spec.Replicas ?? 1;
        var rolling = deployment.Spec.Strategy?.RollingUpdate;
        var surge = Resolve(rolling?.MaxSurge, "25%", replicas, up: true);
        var unavailable = Resolve(rolling?.MaxUnavailable, "25%", replicas, up: false);
        if (surge == 0 && unavailable == 0)
            unavailable = 1;
        return (surge, Math.Min(unavailable, replicas));
    }

    internal static int Resolve(IntOrString? value, string byDefault, int total, bool up)
    {
        var text = value?.Value ?? byDefault;
        if (!text.EndsWith('%'))
            return int.TryParse(text, out var number) ? number : 0;
        var part = int.Parse(text.AsSpan(0, text.Length - 1)) * total / 100.0;
        return (int)(up ? Math.Ceiling(part) : Math.Floor(part));
    }

    /// <summary>The size the new set may have now.</summary>
    internal static int NewSize(int wanted, int surge, int newReplicas, int allReplicas)
    {
        if (newReplicas >= wanted)
            return wanted;
        var room = wanted + surge - allReplicas;
        return room <= 0 ? newReplicas : newReplicas + Math.Min(room, wanted - newReplicas);
    }

    /// <summary>
    /// How the old sets shrink: first the pods that are not available anyway, then as many available ones as the lower
    /// bound allows.
    /// </summary>
    internal static Dictionary<string, int> ShrinkOld(IReadOnlyList<V1ReplicaSet> old, V1ReplicaSet? fresh, int wanted, int unavailable)
    {
        var sizes = old.ToDictionary(set => set.Metadata.Name, set => set.Spec.Replicas ?? 0);
        var freshSize = fresh?.Spec.Replicas ?? 0;
        var freshUnavailable = freshSize - (fresh?.Status?.AvailableReplicas ?? 0);
        var mayGo = sizes.Values.Sum() + freshSize - (wanted - unavailable) - freshUnavailable;
        foreach (var set in old.OrderBy(set => set.Metadata.CreationTimestamp))
        {
            var unhealthy = Math.Max(0, sizes[set.Metadata.Name] - (set.Status?.AvailableReplicas ?? 0));
            var cut = Math.Clamp(Math.Min(unhealthy, mayGo), 0, sizes[set.Metadata.Name]);
            sizes[set.Metadata.Name] -= cut;
            mayGo -= cut;
        }

        var available = old.Append(fresh).Sum(set => set?.Status?.AvailableReplicas ?? 0);
        var spare = Math.Min(mayGo, available - (wanted - unavailable));
        foreach (var set in old.OrderBy(set => set.Metadata.CreationTimestamp))
        {
            var cut = Math.Clamp(spare, 0, sizes[set.Metadata.Name]);
            sizes[set.Metadata.Name] -= cut;
            spare -= cut;
        }

        return sizes;
    }
}
