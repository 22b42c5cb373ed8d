using k8s.Models;
using Network.Kubelet.Probes;
using Network.Kubelet.Runtime;

namespace Network.Kubelet.Pods;

/// <summary>One container of a pod over all its lives.</summary>
internal sealed class ContainerUnit(V1Container spec, bool isInit, RestartBackoff backoff)
{
    internal V1Container Spec { get; set; } = spec;

    internal bool IsInit { get; } = isInit;

    internal bool IsSidecar => IsInit && PodPlan.IsSidecar(Spec);

    internal RestartBackoff Backoff { get; } = backoff;

    /// <summary>The present life, running or ended; null before the first.</summary>
    internal Container? Current { get; set; }

    /// <summary>The life before, for lastState and previous logs.</summary>
    internal Container? Previous { get; set; }

    internal int RestartCount { get; set; }

    /// <summary>Why it does not run: reason and message as the status shows them.</summary>
    internal (string Reason, string Message)? Waiting { get; set; }

    /// <summary>When a failed start may be tried again.</summary>
    internal DateTimeOffset RetryAt { get; set; }

    internal TimeSpan RetryPause { get; set; }

    internal ContainerProbes? Probes { get; set; }

    internal Task? Stopping { get; set; }

    internal bool Running => Current is { Record.Phase: ContainerPhase.Running };

    internal bool Started => Running && (Probes?.Started ?? true);

    internal bool Ready => Running && Started && (Probes?.Ready ?? true);

    internal ContainerView View(DateTimeOffset now)
    {
        if (Current is not { } current)
            return RetryAt > now ? new ContainerView(ContainerCondition.Exited) { ExitCode = -1, ReadyAt = RetryAt } : ContainerView.Fresh;
        if (current.Record.Phase != ContainerPhase.Exited)
            return new ContainerView(ContainerCondition.Running) { Started = Started };
        var ready = Backoff.ReadyAt(current.Record.FinishedAt ?? now);
        return new ContainerView(ContainerCondition.Exited) { ExitCode = current.Record.ExitCode, ReadyAt = ready > RetryAt ? ready : RetryAt };
    }
}
