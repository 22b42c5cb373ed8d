using k8s.Models;
using Network.Kubelet.Runtime;

namespace Network.Kubelet.Pods;

/// <summary>The status of one container.</summary>
internal static class ContainerStatus
{
    internal static V1ContainerStatus Of(ContainerUnit unit, PodObservation seen)
    {
        var current = unit.Current?.Record;
        var status = new V1ContainerStatus
        {
            Name = unit.Spec.Name,
            Image = current?.Image ?? unit.Spec.Image,
            ImageID = current?.ImageId ?? "",
            ContainerID = current is null ? null : Id(current, seen),
            RestartCount = unit.RestartCount,
            Ready = unit.IsInit && !unit.IsSidecar ? current is { Phase: ContainerPhase.Exited, ExitCode: 0 } : unit.Ready,
            Started = unit.Started,
        };
        var waiting = Waiting(unit, seen);
        if (waiting is not null)
        {
            status.State = new V1ContainerState { Waiting = waiting };
            if (current is { Phase: ContainerPhase.Exited })
                status.LastState = new V1ContainerState { Terminated = Terminated(current, seen) };
        }
        else if (current!.Phase == ContainerPhase.Exited)
        {
            status.State = new V1ContainerState { Terminated = Terminated(current, seen) };
        }
        else
        {
            status.State = new V1ContainerState { Running = new V1ContainerStateRunning { StartedAt = current.StartedAt?.UtcDateTime } };
        }

        if (status.LastState is null && unit.Previous?.Record is { } previous)
            status.LastState = new V1ContainerState { Terminated = Terminated(previous, seen) };
        return status;
    }

    private static V1ContainerStateWaiting? Waiting(ContainerUnit unit, PodObservation seen)
    {
        if (unit.Current is { Record.Phase: not ContainerPhase.Exited })
            return null;
        if (unit.Waiting is { } waiting && !seen.Finished && seen.Failure is null)
            return new V1ContainerStateWaiting { Reason = waiting.Reason, Message = waiting.Message.Length > 0 ? waiting.Message : null };
        if (unit.Current is not null)
            return null;
        var hasInits = seen.Pod.Spec.InitContainers is { Count: > 0 };
        return new V1ContainerStateWaiting { Reason = hasInits ? "PodInitializing" : "ContainerCreating" };
    }

    private static V1ContainerStateTerminated Terminated(ContainerRecord record, PodObservation seen) => new()
    {
        ExitCode = record.ExitCode,
        Signal = record.Signal > 0 ? record.Signal : null,
        Reason = record.Reason,
        Message = record.Message.Length > 0 ? record.Message : null,
        StartedAt = (record.StartedAt ?? record.CreatedAt).UtcDateTime,
        FinishedAt = record.FinishedAt?.UtcDateTime,
        ContainerID = Id(record, seen),
    };

    private static string Id(ContainerRecord record, PodObservation seen) => $"{seen.RuntimeName}://{record.Id}";
}
