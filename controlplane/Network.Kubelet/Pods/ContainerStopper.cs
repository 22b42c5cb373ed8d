using k8s.Models;
using Network.Kubelet.Probes;

namespace Network.Kubelet.Pods;

/// <summary>Stops containers the polite way: preStop, stop signal, and the kill when the grace is over.</summary>
internal sealed class ContainerStopper(PodContext context)
{
    // The reference gives every container at least this long between signal and kill, also when preStop used the grace up.
    private static readonly TimeSpan s_least = TimeSpan.FromSeconds(2);

    /// <param name="graceOver">Cancelled when the container may be killed.</param>
    /// <param name="drained">The signal waits for it, preStop does not; null for none to wait for.</param>
    internal async Task StopAsync(V1Pod pod, ContainerUnit unit, string address, string message, CancellationToken graceOver, Task? drained = null)
    {
        if (unit.Current is not { Ended.IsCompleted: false } container)
            return;
        context.Event(pod, unit.Spec.Name, "Normal", "Killing", message);
        if (unit.Spec.Lifecycle?.PreStop is { } hook && !graceOver.IsCancellationRequested)
        {
            var target = Target(context, unit, address);
            var failure = await Ignoring(Prober.HookAsync(hook, target, TimeSpan.FromDays(1), graceOver)).ConfigureAwait(false);
            if (failure is not null)
                context.Event(pod, unit.Spec.Name, "Warning", "FailedPreStopHook", $"PreStopHook failed: {failure}");
        }

        await (drained ?? Task.CompletedTask).ConfigureAwait(false);
        context.Runtime.Signal(container, StopSignal.Parse(container.Record.StopSignal));
        await container.Ended.WaitAsync(graceOver).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!container.Ended.IsCompleted && unit.Spec.Lifecycle?.PreStop is not null)
            await container.Ended.WaitAsync(s_least, context.Time, CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!container.Ended.IsCompleted)
            context.Runtime.Signal(container, Linux.Processes.SIGKILL);
        await container.Ended.ConfigureAwait(false);
        await container.Released.Task.ConfigureAwait(false);
    }

    internal static ProbeTarget Target(PodContext context, ContainerUnit unit, string address) => new(address, unit.Spec,
        (command, timeout, cancel) => unit.Current is { IsRunning: true } running
            ? context.Exec.RunAsync(running, command, timeout, cancel)
            : Task.FromResult((126, "container is not running")));

    private static async Task<string?> Ignoring(Task<string?> hook)
    {
        try
        {
            return await hook.ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            return "the grace period ended first";
        }
    }
}
