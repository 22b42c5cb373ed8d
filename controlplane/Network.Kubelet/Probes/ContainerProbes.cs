using k8s.Models;

namespace Network.Kubelet.Probes;

/// <summary>
/// The probes of one life of a container. Startup holds the others back; readiness and liveness then run side by side.
/// Every change of outcome is told once.
/// </summary>
internal sealed class ContainerProbes
{
    private readonly V1Container _container;
    private readonly ProbeTarget _target;
    private readonly TimeProvider _time;
    private readonly Action<string, string> _failed;
    private readonly Action _changed;

    /// <param name="failed">Told of each failed attempt: kind (Liveness, Readiness, Startup) and message.</param>
    /// <param name="changed">Told when <see cref="Started"/>, <see cref="Ready"/> or <see cref="Condemned"/> changed.</param>
    internal ContainerProbes(V1Container container, ProbeTarget target, TimeProvider time, Action<string, string> failed, Action changed)
    {
        _container = container;
        _target = target;
        _time = time;
        _failed = failed;
        _changed = changed;
        Started = container.StartupProbe is null;
        Ready = container.ReadinessProbe is null;
    }

    internal bool Started { get; private set; }

    internal bool Ready { get; private set; }

    /// <summary>The probe that wants the container killed: liveness or startup; null while all is well.</summary>
    internal (string Kind, V1Probe Probe)? Condemned { get; private set; }

    internal async Task RunAsync(CancellationToken cancel)
    {
        try
        {
            if (_container.StartupProbe is { } startup)
            {
                await FollowAsync("Startup", startup, passed: false, until: true, cancel, passed => Started |= passed).ConfigureAwait(false);
                if (!Started)
                    return;
            }

            var readiness = _container.ReadinessProbe is { } ready
                ? FollowAsync("Readiness", ready, passed: false, until: null, cancel, passed => Ready = passed)
                : Task.CompletedTask;
            var liveness = _container.LivenessProbe is { } live
                ? FollowAsync("Liveness", live, passed: true, until: false, cancel, _ => { })
                : Task.CompletedTask;
            await Task.WhenAll(readiness, liveness).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
        }
    }

    /// <param name="until">The outcome that ends the following; a failed liveness or startup also condemns the container.</param>
    private async Task FollowAsync(string kind, V1Probe probe, bool passed, bool? until, CancellationToken cancel, Action<bool> apply)
    {
        var period = TimeSpan.FromSeconds(Math.Max(1, probe.PeriodSeconds ?? 10));
        await Task.Delay(TimeSpan.FromSeconds(probe.InitialDelaySeconds ?? 0), _time, cancel).ConfigureAwait(false);
        var same = 0;
        var last = passed;
        while (true)
        {
            var result = await Prober.TryAsync(probe, _target, cancel).ConfigureAwait(false);
            cancel.ThrowIfCancellationRequested();
            if (!result.Success)
                _failed(kind, result.Message);
            same = result.Success == last ? same + 1 : 1;
            last = result.Success;
            var enough = same >= (result.Success ? Math.Max(1, probe.SuccessThreshold ?? 1) : Math.Max(1, probe.FailureThreshold ?? 3));
            if (enough && result.Success != passed)
            {
                passed = result.Success;
                apply(passed);
                if (!passed && kind == "Liveness")
                    Condemned = (kind, probe);
                _changed();
            }

            if (enough && !result.Success && kind == "Startup")
            {
                Condemned = (kind, probe);
                _changed();
                return;
            }

            if (enough && passed == until)
                return;
            await Task.Delay(period, _time, cancel).ConfigureAwait(false);
        }
    }
}
