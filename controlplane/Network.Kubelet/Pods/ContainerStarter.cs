using k8s.Models;
using Network.Client;
using Network.Kubelet.Images;
using Network.Kubelet.Probes;
using Network.Kubelet.Runtime;
using Network.Kubelet.Variables;

namespace Network.Kubelet.Pods;

/// <summary>Starts one life of a container: image, environment, process, postStart hook, probes; and writes down why when it cannot.</summary>
internal sealed class ContainerStarter(PodContext context, ContainerStopper stopper, Action changed)
{
    private static readonly TimeSpan s_longestConfigPause = TimeSpan.FromSeconds(5);
    private readonly ContainerSpecs _specs = new(context);

    internal async Task StartAsync(PodSetup setup, ContainerUnit unit, CancellationToken cancel)
    {
        var pod = setup.Pod;
        try
        {
            var image = await context.Images.EnsureAsync(unit.Spec, (type, reason, message) => context.Event(pod, unit.Spec.Name, type, reason, message), cancel)
                .ConfigureAwait(false);
            var attempt = unit.Current is null ? unit.RestartCount : unit.RestartCount + 1;
            var spec = await _specs.ForAsync(setup, unit.Spec, attempt, image, cancel).ConfigureAwait(false);
            await TurnOverAsync(unit).ConfigureAwait(false);
            await RunAsync(setup, unit, spec, cancel).ConfigureAwait(false);
        }
        catch (ImagePullException e)
        {
            Postpone(unit, e.Reason, e.Message, context.Images.HasSource ? context.Settings.RestartBackoffLimit : s_longestConfigPause);
        }
        catch (Exception e) when (e is PodConfigException or ApiException or HttpRequestException)
        {
            context.Event(pod, unit.Spec.Name, "Warning", "Failed", $"Error: {e.Message}");
            Postpone(unit, "CreateContainerConfigError", e.Message, s_longestConfigPause);
        }
    }

    private async Task RunAsync(PodSetup setup, ContainerUnit unit, ContainerSpec spec, CancellationToken cancel)
    {
        var pod = setup.Pod;
        var container = await context.Runtime.StartAsync(spec).ConfigureAwait(false);
        unit.Waiting = null;
        unit.RetryPause = TimeSpan.Zero;
        unit.RetryAt = default;
        unit.Current = container;
        unit.RestartCount = spec.Identity.Attempt;
        if (container.Record.Reason == "StartError")
        {
            context.Event(pod, unit.Spec.Name, "Warning", "Failed", $"Error: {container.Record.Message}");
            return;
        }

        context.Event(pod, unit.Spec.Name, "Normal", "Created", $"Created container: {unit.Spec.Name}");
        context.Event(pod, unit.Spec.Name, "Normal", "Started", $"Started container {unit.Spec.Name}");
        var target = ContainerStopper.Target(context, unit, setup.Sandbox.Addresses.FirstOrDefault() ?? "");
        if (unit.Spec.Lifecycle?.PostStart is { } hook
            && await Prober.HookAsync(hook, target, TimeSpan.FromDays(1), cancel).ConfigureAwait(false) is { } failure)
        {
            context.Event(pod, unit.Spec.Name, "Warning", "FailedPostStartHook", $"PostStartHook failed: {failure}");
            await stopper.StopAsync(pod, unit, target.Address, "FailedPostStartHook", new CancellationToken(canceled: true)).ConfigureAwait(false);
            return;
        }

        Watch(pod, unit, target);
    }

    /// <summary>Begins probing a running life, new or adopted.</summary>
    internal void Watch(V1Pod pod, ContainerUnit unit, ProbeTarget target)
    {
        var container = unit.Current!;
        var probes = new ContainerProbes(unit.Spec, target, context.Time,
            (kind, message) => context.Event(pod, unit.Spec.Name, "Warning", "Unhealthy", $"{kind} probe failed: {message}"), changed);
        unit.Probes = probes;
        _ = ProbeAsync(probes, container);
    }

    private static async Task ProbeAsync(ContainerProbes probes, Container container)
    {
        using var over = new CancellationTokenSource();
        var running = probes.RunAsync(over.Token);
        await Task.WhenAny(running, container.Ended).ConfigureAwait(false);
        if (!running.IsCompleted)
            await container.Ended.ConfigureAwait(false);
        await over.CancelAsync().ConfigureAwait(false);
    }

    // The life before last is forgotten with its log; the last one stays for lastState and "logs --previous".
    private async Task TurnOverAsync(ContainerUnit unit)
    {
        if (unit.Current is not { } ended)
            return;
        await ended.Released.Task.ConfigureAwait(false);
        unit.Backoff.Restarted(context.Time.GetUtcNow());
        if (unit.Previous is { } old)
        {
            await context.Runtime.RemoveAsync(old).ConfigureAwait(false);
            foreach (var log in Directory.GetFiles(Path.GetDirectoryName(old.Record.LogPath)!, Path.GetFileName(old.Record.LogPath) + "*"))
                File.Delete(log);
        }

        unit.Previous = ended;
    }

    private void Postpone(ContainerUnit unit, string reason, string message, TimeSpan longest)
    {
        var first = TimeSpan.FromSeconds(1) < longest ? TimeSpan.FromSeconds(1) : longest;
        unit.Waiting = (reason, message);
        unit.RetryPause = unit.RetryPause == TimeSpan.Zero ? first : unit.RetryPause * 2 < longest ? unit.RetryPause * 2 : longest;
        unit.RetryAt = context.Time.GetUtcNow() + unit.RetryPause;
    }
}
