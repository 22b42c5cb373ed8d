using k8s.Models;

namespace Network.Kubelet.Pods;

/// <summary>The five conditions every pod has, with the transition times of those that did not change.</summary>
internal static class PodConditions
{
    internal static IList<V1PodCondition> Of(PodObservation seen, string phase, IReadOnlyList<ContainerUnit> inits, IReadOnlyList<ContainerUnit> mains,
        V1PodStatus? before)
    {
        var needed = mains.Concat(inits.Where(unit => unit.IsSidecar)).ToList();
        var unready = needed.Where(unit => !unit.Ready).Select(unit => unit.Spec.Name).ToList();
        var incomplete = inits.Where(unit => !Complete(unit)).Select(unit => unit.Spec.Name).ToList();
        var over = phase is "Succeeded" or "Failed";
        var completed = phase == "Succeeded" ? "PodCompleted" : over ? "PodFailed" : null;
        var ready = completed is null && unready.Count == 0;
        var message = unready.Count > 0 ? $"containers with unready status: [{string.Join(' ', unready)}]" : null;
        var gates = (seen.Pod.Spec.ReadinessGates ?? []).Select(gate => gate.ConditionType)
            .Where(type => seen.Pod.Status?.Conditions?.Any(condition => condition.Type == type && condition.Status == "True") != true).ToList();
        var initialized = seen.Initialized || phase == "Succeeded";
        List<V1PodCondition> conditions =
        [
            New("PodReadyToStartContainers", seen.SandboxReady && !over),
            New("Initialized", initialized, initialized ? phase == "Succeeded" ? completed : null : "ContainersNotInitialized",
                initialized ? null : $"containers with incomplete status: [{string.Join(' ', incomplete)}]"),
            ready && gates.Count > 0
                ? New("Ready", false, "ReadinessGatesNotReady", $"corresponding condition of pod readiness gate \"{gates[0]}\" does not exist.")
                : New("Ready", ready, ready ? null : completed ?? "ContainersNotReady", completed is null && !ready ? message : null),
            New("ContainersReady", ready, ready ? null : completed ?? "ContainersNotReady", completed is null && !ready ? message : null),
            New("PodScheduled", true),
        ];
        foreach (var condition in conditions)
        {
            condition.ObservedGeneration = seen.Pod.Metadata.Generation;
            var old = before?.Conditions?.FirstOrDefault(other => other.Type == condition.Type);
            condition.LastTransitionTime = old is not null && old.Status == condition.Status ? old.LastTransitionTime : seen.Now.UtcDateTime;
        }

        return conditions;
    }

    private static bool Complete(ContainerUnit unit) => unit.IsSidecar ? unit.Started : unit.Current?.Record is { Phase: Runtime.ContainerPhase.Exited, ExitCode: 0 };

    private static V1PodCondition New(string type, bool holds, string? reason = null, string? message = null) =>
        new() { Type = type, Status = holds ? "True" : "False", Reason = reason, Message = message };
}
