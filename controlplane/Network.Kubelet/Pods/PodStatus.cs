using k8s.Models;

namespace Network.Kubelet.Pods;

/// <summary>What a status is made from, as values.</summary>
internal sealed record PodObservation(V1Pod Pod, IReadOnlyList<ContainerUnit> Units)
{
    internal string NodeAddress { get; init; } = "";
    internal IReadOnlyList<string> Addresses { get; init; } = [];
    internal bool SandboxReady { get; init; }
    internal DateTime? StartTime { get; init; }
    /// <summary>Set when the pod was refused or ended by the kubelet itself: Evicted, DeadlineExceeded, NodePorts.</summary>
    internal (string Reason, string Message)? Failure { get; init; }
    /// <summary>All containers have ended and none will start again.</summary>
    internal bool Finished { get; init; }
    internal bool Initialized { get; init; }
    internal string RuntimeName { get; init; } = "runc";
    internal DateTimeOffset Now { get; init; }
}

/// <summary>Builds the status Kubernetes expects: phase, conditions and container states.</summary>
internal static class PodStatus
{
    internal static V1PodStatus Of(PodObservation seen, V1PodStatus? before)
    {
        var inits = seen.Units.Where(unit => unit.IsInit).ToList();
        var mains = seen.Units.Where(unit => !unit.IsInit).ToList();
        var phase = Phase(seen, inits, mains);
        var status = new V1PodStatus
        {
            Phase = phase,
            Reason = seen.Failure?.Reason,
            Message = seen.Failure?.Message,
            HostIP = seen.NodeAddress,
            HostIPs = [new V1HostIP { Ip = seen.NodeAddress }],
            StartTime = seen.StartTime,
            QosClass = QualityOfService.Of(seen.Pod.Spec),
            ObservedGeneration = seen.Pod.Metadata.Generation,
            InitContainerStatuses = inits.Count == 0 ? null : [.. inits.Select(unit => ContainerStatus.Of(unit, seen))],
            ContainerStatuses = [.. mains.Select(unit => ContainerStatus.Of(unit, seen))],
        };
        if (seen.Addresses.Count > 0)
        {
            status.PodIP = seen.Addresses[0];
            status.PodIPs = [.. seen.Addresses.Select(address => new V1PodIP { Ip = address })];
        }

        status.Conditions = PodConditions.Of(seen, phase, inits, mains, before);
        return status;
    }

    /// <summary>The rules of the reference's getPhase.</summary>
    internal static string Phase(PodObservation seen, IReadOnlyList<ContainerUnit> inits, IReadOnlyList<ContainerUnit> mains)
    {
        if (seen.Failure is not null)
            return "Failed";
        if (!seen.Initialized)
        {
            var failed = inits.Any(unit => !unit.IsSidecar && unit.Current?.Record is { Phase: Runtime.ContainerPhase.Exited, ExitCode: not 0 });
            return failed && seen.Finished ? "Failed" : "Pending";
        }

        if (seen.Finished)
            return mains.All(unit => unit.Current?.Record is { ExitCode: 0 }) ? "Succeeded" : "Failed";
        return mains.Any(unit => unit.Current is null) ? "Pending" : "Running";
    }
}
