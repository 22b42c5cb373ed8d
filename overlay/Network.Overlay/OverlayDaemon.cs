using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Network.Iptables;
using Network.Linux;
using Network.Netlink;

namespace Network.Overlay;

/// <summary>
/// Keeps one node's part of the VXLAN network equal to what it should be. Peers come in as full desired state; kernel
/// events and a periodic audit lead to the same pass, and one loop makes all of them, so there is nothing to race with.
/// The data plane is the kernel's: stopping the daemon stops no traffic, starting it adopts what is there.
/// </summary>
public sealed partial class OverlayDaemon : IDisposable
{
    private static readonly TimeSpan s_retry = TimeSpan.FromSeconds(1);
    private readonly OverlaySettings _settings;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly RouteSocket _socket;
    private readonly OverlayProgrammer _programmer;
    private readonly OverlayMetrics _metrics;
    private readonly Channel<Wish> _wishes = Channel.CreateUnbounded<Wish>(new UnboundedChannelOptions { SingleReader = true });
    private Masquerade? _masquerade;
    private IReadOnlyCollection<Peer>? _peers;
    private Underlay? _underlay;
    private int _deviceIndex;
    private bool _bootstrapped;
    private ITimer? _retry;

    public OverlayDaemon(OverlaySettings settings, ILogger<OverlayDaemon> logger, TimeProvider? time = null)
    {
        if (settings.DeviceName.Length is 0 or > 15)
            throw new OverlayException($"node {settings.NodeName}: device name \"{settings.DeviceName}\" must have 1 to 15 characters");
        _settings = settings;
        _logger = logger;
        _time = time ?? TimeProvider.System;
        _socket = RouteSocket.Open(settings.NetNs);
        _programmer = new OverlayProgrammer(_socket, settings);
        _metrics = new OverlayMetrics(settings.NodeName);
    }

    /// <summary>What to publish; null before <see cref="StartAsync"/>.</summary>
    public LocalVtep? LocalVtep { get; private set; }

    /// <summary>Raised on the daemon's loop when the underlay's address or MTU changed and must be published again.</summary>
    public event Action<LocalVtep>? LocalVtepChanged;

    /// <summary>Changes that undid what others did to our objects.</summary>
    public long Repairs => _metrics.Repairs;

    /// <summary>Peers whose objects are all in the kernel.</summary>
    public long ProgrammedPeers => _metrics.Programmed;

    /// <summary>Makes or adopts the device and the rules; peers already programmed by an earlier run stay untouched.</summary>
    public async Task<LocalVtep> StartAsync(CancellationToken cancel = default)
    {
        _programmer.EnsureSysctls();
        if (_settings.Masquerade)
        {
            var iptables = await IptablesRestore.DetectAsync(Overlay.Masquerade.FamilyOf(_settings), _settings.NetNs, cancel).ConfigureAwait(false);
            _masquerade = new Masquerade(_settings, iptables);
            await _masquerade.EnsureAsync(cancel).ConfigureAwait(false);
        }

        if (Reconcile(repairing: false) is [var refusal, ..])
            throw refusal;
        _bootstrapped = true;
        var vtep = LocalVtep!;
        LogStarted(_settings.NodeName, _settings.DeviceName, vtep.Mac, vtep.UnderlayAddress, vtep.Mtu);
        return vtep;
    }

    /// <summary>The full set of peers. Completes once the kernel holds it; fails with the kernel's first refusal.</summary>
    /// <remarks>Needs <see cref="RunAsync"/> to be running. Of several sets that wait, only the newest is programmed.</remarks>
    public Task ApplyAsync(IReadOnlyCollection<Peer> peers, CancellationToken cancel = default)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _wishes.Writer.TryWrite(new Wish(peers, done, Audit: false));
        return done.Task.WaitAsync(cancel);
    }

    /// <summary>The loop: runs until cancelled. Leaves everything in the kernel.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        if (!_bootstrapped)
            await StartAsync(cancel).ConfigureAwait(false);
        using var monitor = RouteMonitor.Open(_settings.NetNs);
        using var audit = _time.CreateTimer(_ => Ask(audit: true), null, _settings.AuditInterval, _settings.AuditInterval);
        var watching = WatchAsync(monitor, cancel);
        try
        {
            while (await _wishes.Reader.WaitToReadAsync(cancel).ConfigureAwait(false))
                await ServeAsync(cancel).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            LogStopped(_settings.NodeName);
        }

        await watching.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>Removes device, routes and rules. The daemon must not be running.</summary>
    public async Task CleanupAsync(CancellationToken cancel = default)
    {
        _programmer.Remove();
        var iptables = await IptablesRestore.DetectAsync(Overlay.Masquerade.FamilyOf(_settings), _settings.NetNs, cancel).ConfigureAwait(false);
        await new Masquerade(_settings, iptables).RemoveAsync(cancel).ConfigureAwait(false);
    }

    public void Dispose()
    {
        _retry?.Dispose();
        _socket.Dispose();
        _metrics.Dispose();
    }

    private void Ask(bool audit = false) => _wishes.Writer.TryWrite(new Wish(null, null, audit));

    private async Task ServeAsync(CancellationToken cancel)
    {
        var waiting = new List<TaskCompletionSource>();
        var repairing = true;
        var audit = false;
        while (_wishes.Reader.TryRead(out var wish))
        {
            audit |= wish.Audit;
            if (wish.Peers is null)
                continue;
            repairing = false;
            _peers = wish.Peers;
            waiting.Add(wish.Done!);
        }

        try
        {
            var refusals = Reconcile(repairing);
            if (audit)
                await AuditNodeAsync(cancel).ConfigureAwait(false);
            if (refusals.Count > 0)
                throw refusals[0];
            waiting.ForEach(done => done.TrySetResult());
        }
        catch (Exception e) when (e is LinuxException or OverlayException or IptablesException or IOException or UnauthorizedAccessException)
        {
            _metrics.Failed();
            LogRefused(_settings.NodeName, e.Message);
            waiting.ForEach(done => done.TrySetException(e));
            _retry?.Dispose();
            _retry = _time.CreateTimer(_ => Ask(), null, s_retry, Timeout.InfiniteTimeSpan);
        }
    }

    private async Task AuditNodeAsync(CancellationToken cancel)
    {
        _programmer.EnsureSysctls();
        if (_masquerade is null || !await _masquerade.EnsureAsync(cancel).ConfigureAwait(false))
            return;
        _metrics.Repaired(1, _time.GetUtcNow());
        LogRulesRepaired(_settings.NodeName);
    }

    private IReadOnlyList<LinuxException> Reconcile(bool repairing)
    {
        var underlay = _programmer.ReadUnderlay();
        // The published MAC wins over the device's, the device's over a new one: peers should not have to change.
        var mac = LocalVtep?.Mac ?? _settings.KnownMac ?? _programmer.ReadDevice()?.Mac ?? MacAddress.Random();
        var plan = OverlayPlan.For(_settings, underlay, mac, _peers);
        foreach (var conflict in plan.Conflicts)
            LogConflict(_settings.NodeName, conflict.NodeName, conflict.PodCidr.ToString());
        var pass = _programmer.Program(plan);
        _underlay = underlay;
        _deviceIndex = _programmer.ReadDevice()?.Index ?? 0;
        _metrics.Peers(plan.Peers?.Count ?? 0, pass.Programmed);
        if (pass.Changes > 0 && repairing)
        {
            _metrics.Repaired(pass.Changes, _time.GetUtcNow());
            LogRepaired(_settings.NodeName, _settings.DeviceName, pass.Changes);
        }
        else if (pass.Changes > 0 && _peers is not null)
        {
            LogProgrammed(_settings.NodeName, _settings.DeviceName, plan.Peers!.Count, pass.Changes);
        }

        Publish(new LocalVtep(mac, underlay.Address, underlay.InnerMtu, _settings.PodCidr, _settings.Vni, _settings.Port));
        return pass.Refusals;
    }

    private void Publish(LocalVtep vtep)
    {
        var former = LocalVtep;
        LocalVtep = vtep;
        if (former is not null && former != vtep)
            LocalVtepChanged?.Invoke(vtep);
    }

    private async Task WatchAsync(RouteMonitor monitor, CancellationToken cancel)
    {
        try
        {
            await foreach (var happened in monitor.ReadAsync(cancel).ConfigureAwait(false))
            {
                if (Concerns(happened))
                    Ask();
            }
        }
        catch (LinuxException e)
        {
            // The audit goes on finding what events would have told.
            LogMonitorFailed(_settings.NodeName, e.Message);
        }
    }

    // Every pass compares everything, so an event only has to be likely enough; ours echo back and find nothing to do.
    private bool Concerns(RouteEvent happened) => happened.Kind switch
    {
        RouteEventKind.Link => happened.Link!.Name == _settings.DeviceName || IsOurs(happened.Link.Index),
        RouteEventKind.Address => IsOurs(happened.Address!.LinkIndex),
        RouteEventKind.Route => happened.Route!.Protocol == OverlayPlan.RouteProtocol || happened.Route.LinkIndex == _deviceIndex
            || happened.Route.Destination.PrefixLength == 0,
        RouteEventKind.Neighbour => happened.Neighbour!.LinkIndex == _deviceIndex && (happened.Deleted || happened.Neighbour.IsPermanent),
        RouteEventKind.Fdb => happened.Fdb!.LinkIndex == _deviceIndex,
        _ => true,
    };

    private bool IsOurs(int link) => link == _deviceIndex || link == _underlay?.LinkIndex;

    /// <param name="Audit">Rules and kernel parameters too, of which no event tells.</param>
    private readonly record struct Wish(IReadOnlyCollection<Peer>? Peers, TaskCompletionSource? Done, bool Audit);
}
