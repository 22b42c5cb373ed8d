using k8s.Models;
using Network.Api.Placement;
using Network.Client;
using Network.Kubelet.Cni;
using Network.Kubelet.Volumes;

namespace Network.Kubelet.Pods;

/// <summary>
/// Takes a pod down in the order Kubernetes promises: containers within their grace (sidecars last, in reverse), network, volumes, cgroup, and only
/// when nothing is left the object in the API.
/// </summary>
internal sealed class PodEnding(PodContext context, ContainerStopper stopper)
{
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(500);
    private readonly CancellationTokenSource _graceOver = new();
    private readonly Lock _lock = new();
    private DateTimeOffset? _deadline;
    private bool _forgotten;

    /// <summary>Sets or shortens the grace; it never grows again.</summary>
    internal void Hurry(TimeSpan grace, bool forgotten)
    {
        lock (_lock)
        {
            _forgotten |= forgotten;
            var deadline = context.Time.GetUtcNow() + grace;
            if (_deadline <= deadline)
                return;
            _deadline = deadline;
            _graceOver.CancelAfter(grace);
        }
    }

    internal async Task RunAsync(V1Pod pod, PodUnits units, string address, Action publish, CancellationToken stopping)
    {
        var drained = DrainAsync(pod, units);
        await StopAsync(pod, units.All.Where(unit => !unit.IsSidecar), address, drained).ConfigureAwait(false);
        foreach (var sidecar in units.All.Where(unit => unit.IsSidecar).Reverse())
            await StopAsync(pod, [sidecar], address, drained).ConfigureAwait(false);
        if (!_forgotten)
            publish();
        await RemoveNetworkAsync(pod, stopping).ConfigureAwait(false);
        await RemoveFilesAsync(pod).ConfigureAwait(false);
        if (!_forgotten)
        {
            await context.Statuses.FlushAsync(pod.Metadata.Uid).ConfigureAwait(false);
            await DeleteObjectAsync(pod, stopping).ConfigureAwait(false);
        }

        context.Statuses.Forget(pod.Metadata.Uid);
        context.Tokens.Forget(pod.Metadata.Uid);
    }

    // Whoever deletes a pod tells its node and the endpoints' controller in the same moment. A signal sent at once reaches the process before the
    // proxies hear of it, and connections that they still send there are refused.
    private async Task DrainAsync(V1Pod pod, PodUnits units)
    {
        if (units.All.Any(unit => unit.Running) && context.Objects.Services.Any(service => Selects(service, pod)))
            await Task.Delay(context.Settings.DrainTime, context.Time, _graceOver.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private static bool Selects(V1Service service, V1Pod pod) => service.Metadata.NamespaceProperty == pod.Metadata.NamespaceProperty
        && service.Spec.Selector is { Count: > 0 } selector && Selection.Matches(selector, pod.Metadata.Labels);

    private Task StopAsync(V1Pod pod, IEnumerable<ContainerUnit> units, string address, Task drained) =>
        Task.WhenAll(units.Select(unit => stopper.StopAsync(pod, unit, address, $"Stopping container {unit.Spec.Name}", _graceOver.Token, drained)));

    private async Task RemoveNetworkAsync(V1Pod pod, CancellationToken stopping)
    {
        // DEL is repeated until the plugin agrees, or addresses would leak; a plugin that is gone for good must not hold the pod for ever.
        for (var attempt = 0; attempt < 10; attempt++)
        {
            try
            {
                await context.Sandboxes.RemoveAsync(pod, context.PodDirectory(pod.Metadata.Uid), stopping).ConfigureAwait(false);
                return;
            }
            catch (Exception e) when (e is CniException or Linux.LinuxException)
            {
                context.Event(pod, null, "Warning", "FailedKillPod", $"error killing pod: failed to remove network: {e.Message}");
                await Task.Delay(s_pause * (attempt + 1), context.Time, stopping).ConfigureAwait(false);
            }
        }

        if (Sandbox.SandboxKeeper.Load(context.PodDirectory(pod.Metadata.Uid))?.NetNs is { } ns)
            Linux.NetNs.Delete(ns);
    }

    private async Task RemoveFilesAsync(V1Pod pod)
    {
        foreach (var container in context.Runtime.Of(pod.Metadata.Uid))
            await context.Runtime.RemoveAsync(container).ConfigureAwait(false);
        var directory = context.PodDirectory(pod.Metadata.Uid);
        VolumeKeeper.Remove(directory);
        foreach (var leftover in (string[])[directory, context.LogDirectory(pod)])
        {
            if (Directory.Exists(leftover))
                Directory.Delete(leftover, recursive: true);
        }

        Cgroups.Remove($"{context.CgroupRoot}/pod{pod.Metadata.Uid}");
    }

    private async Task DeleteObjectAsync(V1Pod pod, CancellationToken stopping)
    {
        if (context.Client is not { } client)
            return;
        var options = new V1DeleteOptions { GracePeriodSeconds = 0, Preconditions = new V1Preconditions { Uid = pod.Metadata.Uid } };
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                await client.DeleteAsync(Resources.Pods, pod.Metadata.NamespaceProperty, pod.Metadata.Name, options, stopping).ConfigureAwait(false);
                return;
            }
            catch (ApiException e) when (e.Code == System.Net.HttpStatusCode.Conflict)
            {
                // Another pod has the name by now: ours is gone already.
                return;
            }
            catch (Exception e) when (e is ApiException or HttpRequestException or IOException)
            {
                await Task.Delay(s_pause, context.Time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }
}
