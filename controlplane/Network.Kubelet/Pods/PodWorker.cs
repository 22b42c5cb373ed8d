using System.Threading.Channels;
using k8s.Models;
using Microsoft.Extensions.Logging;
using Network.Kubelet.Cni;
using Network.Kubelet.Sandbox;

namespace Network.Kubelet.Pods;

/// <summary>
/// Keeps one pod as its spec says: every step is repeated until it holds, one step at a time, woken by events only
/// (spec, container end, probe, end of a back-off). Ends when the pod is gone.
/// </summary>
internal sealed partial class PodWorker
{
    private readonly PodContext _context;
    private readonly ILogger _logger;
    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly CancellationTokenSource _ending = new();
    private readonly ContainerStopper _stopper;
    private readonly ContainerStarter _starter;
    private readonly PodPreparation _preparation;
    private readonly PodUnits _units;
    private readonly DateTime _startTime;
    private PodSetup? _setup;
    private PodEnding? _end;
    private DateTimeOffset _refreshAt;
    private TimeSpan _setupPause;
    private (string Reason, string Message)? _failure;
    private PodPlan? _plan;

    internal PodWorker(V1Pod pod, PodContext context)
    {
        _context = context;
        _logger = context.Logger;
        Pod = pod;
        _stopper = new ContainerStopper(context);
        _starter = new ContainerStarter(context, _stopper, Nudge);
        _preparation = new PodPreparation(context);
        _units = new PodUnits(pod, context.Settings, context.Runtime.Of(pod.Metadata.Uid));
        _startTime = pod.Status?.StartTime ?? context.Time.GetUtcNow().UtcDateTime;
        if (pod.Status?.Phase is "Failed" or "Succeeded" && !_units.AnyMainStarted)
            _failure = pod.Status.Phase == "Failed" ? (pod.Status.Reason ?? "", pod.Status.Message ?? "") : null;
        Foreign = pod.Status?.Phase is "Failed" or "Succeeded" && !_units.AnyMainStarted;
    }

    internal V1Pod Pod { get; private set; }

    internal PodUnits Units => _units;

    /// <summary>The pod ended before this kubelet knew it: its status is not ours to write.</summary>
    private bool Foreign { get; }

    internal IReadOnlyList<string> Addresses => _setup?.Sandbox.Addresses ?? [];

    internal string? NetNs => _setup?.Sandbox.NetNs;

    internal void Nudge() => _wake.Writer.TryWrite(true);

    /// <summary>A newer version of the same pod.</summary>
    internal void Update(V1Pod pod)
    {
        Pod = pod;
        _units.Update(pod);
        if (pod.Metadata.DeletionTimestamp is not null)
            End(TimeSpan.FromSeconds(pod.Metadata.DeletionGracePeriodSeconds ?? pod.Spec.TerminationGracePeriodSeconds ?? 30), forgotten: false);
        Nudge();
    }

    /// <summary>The pod is gone from its source; nobody waits for a status any more.</summary>
    internal void Forget() => End(TimeSpan.FromSeconds(Pod.Spec.TerminationGracePeriodSeconds ?? 30), forgotten: true);

    internal async Task RunAsync(Task before, CancellationToken stopping)
    {
        await before.ConfigureAwait(false);
        using var registration = stopping.Register(Nudge);
        while (!stopping.IsCancellationRequested)
        {
            if (_end is { } end)
            {
                await end.RunAsync(Pod, _units, Addresses.FirstOrDefault() ?? "", Publish, stopping).ConfigureAwait(false);
                return;
            }

            var next = await SyncAsync(stopping).ConfigureAwait(false);
            Publish();
            await WaitAsync(next, stopping).ConfigureAwait(false);
        }
    }

    private void End(TimeSpan grace, bool forgotten)
    {
        var end = Interlocked.CompareExchange(ref _end, new PodEnding(_context, _stopper), null) ?? _end!;
        end.Hurry(grace, forgotten);
        _ending.Cancel();
        Nudge();
    }

    private async Task<DateTimeOffset?> SyncAsync(CancellationToken stopping)
    {
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(stopping, _ending.Token);
        try
        {
            return await StepAsync(cancel.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            return null;
        }
        catch (Exception e)
        {
            // One pod's unforeseen trouble must not end its worker: it is told, and tried again.
            LogStep(e, Pod.Metadata.NamespaceProperty, Pod.Metadata.Name);
            return SetupRetry();
        }
    }

    private async Task<DateTimeOffset?> StepAsync(CancellationToken cancel)
    {
        if (Foreign || _failure is not null)
            return null;
        CheckDeadline();
        Plan();
        if (_plan!.Finished || _failure is not null)
        {
            await FinishAsync(cancel).ConfigureAwait(false);
            return null;
        }

        if (await SetUpAsync(cancel).ConfigureAwait(false) is { } retry)
            return retry;
        KillCondemned();
        Plan();
        foreach (var name in _plan.Start)
        {
            cancel.ThrowIfCancellationRequested();
            await _starter.StartAsync(_setup!, _units.Find(name)!, cancel).ConfigureAwait(false);
            Publish();
        }

        if (_plan.Stop.Count > 0)
            await StopSidecarsAsync(_plan.Stop).ConfigureAwait(false);
        Plan();
        DescribeWaiting();
        return NextTime();
    }

    private void Plan()
    {
        var now = _context.Time.GetUtcNow();
        _plan = PodPlan.For(Pod.Spec, _units.Views(now), _units.AnyMainStarted, now);
    }

    private DateTimeOffset? NextTime()
    {
        List<DateTimeOffset> times = [_refreshAt];
        if (_plan!.Start.Count > 0)
            times.Add(_context.Time.GetUtcNow());
        if (_plan.WaitUntil is { } backoff)
            times.Add(backoff);
        if (Pod.Spec.ActiveDeadlineSeconds is { } seconds)
            times.Add(new DateTimeOffset(_startTime, TimeSpan.Zero).AddSeconds(seconds));
        return times.Min();
    }

    /// <returns>When to try again, or null when everything is in place.</returns>
    private async Task<DateTimeOffset?> SetUpAsync(CancellationToken cancel)
    {
        var now = _context.Time.GetUtcNow();
        if (_setup is not null && SandboxKeeper.IsAlive(_setup.Sandbox) && now < _refreshAt)
            return null;
        try
        {
            var before = _setup?.Sandbox ?? SandboxKeeper.Load(_context.PodDirectory(Pod.Metadata.Uid));
            var setup = await _preparation.EnsureAsync(Pod, _setup, cancel).ConfigureAwait(false);
            if (before is not null && before.Id != setup.Sandbox.Id)
                await StartOverAsync().ConfigureAwait(false);
            var first = _setup is null;
            _setup = setup;
            if (first)
                WatchAdopted();
            _setupPause = TimeSpan.Zero;
            _refreshAt = now + _context.Settings.VolumeRefresh * (0.9 + 0.2 * Random.Shared.NextDouble());
            return null;
        }
        catch (Exception e) when (PodPreparation.IsTrouble(e))
        {
            var (reason, message) = PodPreparation.Describe(Pod, e);
            _context.Event(Pod, null, "Warning", reason, message);
            // What already runs is not held up by a refresh that failed.
            return _setup is not null && SandboxKeeper.IsAlive(_setup.Sandbox) ? Postponed() : SetupRetry();
        }
    }

    private DateTimeOffset? Postponed()
    {
        _refreshAt = SetupRetry();
        return null;
    }

    private DateTimeOffset SetupRetry()
    {
        _setupPause = _setupPause == TimeSpan.Zero ? TimeSpan.FromMilliseconds(200) : TimeSpan.FromTicks(Math.Min(_setupPause.Ticks * 2, TimeSpan.FromSeconds(10).Ticks));
        return _context.Time.GetUtcNow() + _setupPause;
    }

    private void WatchAdopted()
    {
        foreach (var unit in _units.All.Where(unit => unit.Running && unit.Probes is null))
            _starter.Watch(Pod, unit, ContainerStopper.Target(_context, unit, Addresses.FirstOrDefault() ?? ""));
    }

    private async Task StartOverAsync()
    {
        var lives = _units.All.Where(unit => unit.Current is not null).ToList();
        if (lives.Count > 0)
            _context.Event(Pod, null, "Normal", "SandboxChanged", "Pod sandbox changed, it will be killed and re-created.");
        foreach (var unit in lives)
        {
            _context.Runtime.Signal(unit.Current!, Linux.Processes.SIGKILL);
            await unit.Current!.Ended.ConfigureAwait(false);
            (unit.Previous, unit.Current) = (unit.Current, null);
            unit.RestartCount++;
        }
    }

    private void KillCondemned()
    {
        foreach (var unit in _units.All.Where(unit => unit is { Running: true, Probes.Condemned: not null } && unit.Stopping is not { IsCompleted: false }))
        {
            var (kind, probe) = unit.Probes!.Condemned!.Value;
            var grace = TimeSpan.FromSeconds(probe.TerminationGracePeriodSeconds ?? Pod.Spec.TerminationGracePeriodSeconds ?? 30);
            unit.Stopping = StopWithinAsync(unit, $"Container {unit.Spec.Name} failed {kind.ToLowerInvariant()} probe, will be restarted", grace, CancellationToken.None);
        }
    }

    private async Task StopWithinAsync(ContainerUnit unit, string message, TimeSpan grace, CancellationToken hurry)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(hurry);
        over.CancelAfter(grace);
        await _stopper.StopAsync(Pod, unit, Addresses.FirstOrDefault() ?? "", message, over.Token).ConfigureAwait(false);
        Nudge();
    }

    private async Task StopSidecarsAsync(IReadOnlyList<string> names)
    {
        var grace = TimeSpan.FromSeconds(Pod.Spec.TerminationGracePeriodSeconds ?? 30);
        foreach (var name in names)
            await StopWithinAsync(_units.Find(name)!, $"Stopping container {name}", grace, _ending.Token).ConfigureAwait(false);
    }

    private void CheckDeadline()
    {
        if (Pod.Spec.ActiveDeadlineSeconds is { } seconds && _context.Time.GetUtcNow() >= new DateTimeOffset(_startTime, TimeSpan.Zero).AddSeconds(seconds))
            _failure = ("DeadlineExceeded", "Pod was active on the node longer than the specified deadline");
    }

    // The pod is over: its network goes back, its containers' records stay until it is deleted.
    private async Task FinishAsync(CancellationToken cancel)
    {
        using var now = new CancellationTokenSource();
        now.CancelAfter(TimeSpan.FromSeconds(Pod.Spec.TerminationGracePeriodSeconds ?? 30));
        await Task.WhenAll(_units.All.Where(unit => unit.Running)
            .Select(unit => _stopper.StopAsync(Pod, unit, Addresses.FirstOrDefault() ?? "", $"Stopping container {unit.Spec.Name}", now.Token))).ConfigureAwait(false);
        try
        {
            await _context.Sandboxes.RemoveAsync(Pod, _context.PodDirectory(Pod.Metadata.Uid), cancel).ConfigureAwait(false);
        }
        catch (CniException e)
        {
            _context.Event(Pod, null, "Warning", "FailedKillPod", $"error killing pod: {e.Message}");
        }
    }

    private void DescribeWaiting()
    {
        foreach (var name in _plan!.BackingOff)
        {
            var unit = _units.Find(name)!;
            if (unit.Waiting?.Reason is "ErrImagePull")
            {
                unit.Waiting = ("ImagePullBackOff", $"Back-off pulling image \"{unit.Spec.Image}\": ErrImagePull: {unit.Waiting.Value.Message}");
                _context.Event(Pod, name, "Normal", "BackOff", $"Back-off pulling image \"{unit.Spec.Image}\"");
            }
            else if (unit.Current is not null && unit.Waiting?.Reason is null or "CrashLoopBackOff")
            {
                var id = $"{Pod.Metadata.Name}_{Pod.Metadata.NamespaceProperty}({Pod.Metadata.Uid})";
                if (unit.Waiting is null)
                    _context.Event(Pod, name, "Warning", "BackOff", $"Back-off restarting failed container {name} in pod {id}");
                unit.Waiting = ("CrashLoopBackOff", $"back-off {GoDuration.Format(unit.Backoff.Current)} restarting failed container={name} pod={id}");
            }
        }
    }

    private void Publish()
    {
        if (Foreign)
            return;
        var seen = new PodObservation(Pod, _units.All)
        {
            NodeAddress = _context.Settings.NodeAddress.ToString(),
            Addresses = _plan?.Finished == true ? [] : Addresses,
            SandboxReady = _setup is not null,
            StartTime = _startTime,
            Failure = _failure,
            Finished = _plan?.Finished == true || _end is not null && _units.All.All(unit => !unit.Running),
            Initialized = _plan?.Initialized ?? Pod.Spec.InitContainers is not { Count: > 0 },
            RuntimeName = _context.Runtime.Name,
            Now = _context.Time.GetUtcNow(),
        };
        var before = _context.Statuses.Latest(Pod.Metadata.Uid) ?? Pod.Status;
        _context.Statuses.Set(Pod, PodStatus.Of(seen, before));
    }

    private async Task WaitAsync(DateTimeOffset? until, CancellationToken stopping)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        if (until is { } time)
        {
            var left = time - _context.Time.GetUtcNow();
            if (left <= TimeSpan.Zero)
                return;
            limit.CancelAfter(left);
        }

        try
        {
            await _wake.Reader.ReadAsync(limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // The time came before any event.
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "pod {Namespace}/{Pod}: step failed, trying again")]
    private partial void LogStep(Exception e, string @namespace, string pod);
}
