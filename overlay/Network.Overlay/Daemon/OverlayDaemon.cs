using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Network.Iptables;
using Network.Linux;
using Network.Netlink;

namespace Network.Overlay;

/// <summary>
/// Keeps one node's part of one overlay network equal to what it should be. Peers come in as desired state, whole or one
/// by one; kernel events and a periodic audit lead to the same writer, and one loop does all of it, so there is nothing to
/// race with. The data plane is the kernel's: stopping the daemon stops no traffic, starting it adopts what is there.
/// </summary>
public sealed partial class OverlayDaemon : IDisposable
{
    private static readonly TimeSpan s_retry = TimeSpan.FromSeconds(1), s_legacyLook = TimeSpan.FromMilliseconds(100);
    private readonly OverlaySettings _settings;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly RouteSocket _socket;
    private readonly OverlayEngine _engine;
    private readonly OverlayMetrics _metrics;
    private readonly Channel<Wish> _wishes = Channel.CreateUnbounded<Wish>(new UnboundedChannelOptions { SingleReader = true });
    private readonly Prober? _prober;
    private int _probedGeneration;
    private IReadOnlyList<Masquerade> _rules = [];
    private bool _bootstrapped;
    private ITimer? _retry;
    private string? _failure;
    private DateTimeOffset? _lastAudit;
    private RepairRecord? _lastRepair;
    private IReadOnlyDictionary<string, (Peer Peer, string Reason)> _told = new Dictionary<string, (Peer, string)>();

    public OverlayDaemon(OverlaySettings settings, ILogger<OverlayDaemon> logger, TimeProvider? time = null)
    {
        _settings = settings.Validated();
        _logger = logger;
        _time = time ?? TimeProvider.System;
        _socket = RouteSocket.Open(settings.NetNs);
        _engine = new OverlayEngine(_socket, settings);
        _metrics = new OverlayMetrics(settings.NodeName, settings.Network, () => _engine.Plan is null ? [] : ReadBytes(), ProbedPeers, () => Checksum);
        if (settings.ProbePort != 0)
            _prober = StartProber();
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
        if (_settings.Masquerade)
        {
            _rules = await Masquerade.DetectAsync(_settings, cancel).ConfigureAwait(false);
            foreach (var rules in _rules)
                await rules.EnsureAsync(cancel).ConfigureAwait(false);
        }

        var pass = _engine.Whole();
        if (pass.Refusals is [var refusal, ..])
            throw refusal.Error;
        _engine.Programmer.EnsureSysctls(_engine.Plan!);
        _bootstrapped = true;
        Publish();
        LogStarted(_settings.NodeName, BackendNames.Of(_settings.Backend), Describe(_engine.Plan!), LocalVtep!.Mtu);
        return LocalVtep;
    }

    /// <summary>The full set of peers. Completes once the kernel holds it; fails with the kernel's first refusal.</summary>
    /// <remarks>Needs <see cref="RunAsync"/> to be running. Of several sets that wait, only the newest is programmed.</remarks>
    public Task ApplyAsync(IReadOnlyCollection<Peer> peers, CancellationToken cancel = default) => AskAsync(new Wish(WishKind.Peers) { Peers = peers }, cancel);

    /// <summary>One node's newest state; null when it is gone. Costs the same however many peers there are.</summary>
    public Task ChangeAsync(string node, Peer? peer, CancellationToken cancel = default) =>
        AskAsync(new Wish(WishKind.Peer) { Node = node, Peers = peer is null ? [] : [peer] }, cancel);

    /// <summary>Compares everything with the kernel now and repairs what differs. Completes when done.</summary>
    public Task AuditAsync(CancellationToken cancel = default) => AskAsync(new Wish(WishKind.Audit), cancel);

    /// <summary>The loop: runs until cancelled. Leaves everything in the kernel.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        if (!_bootstrapped)
            await StartAsync(cancel).ConfigureAwait(false);
        using var monitor = RouteMonitor.Open(_settings.NetNs);
        using var ruleset = _rules.Count > 0 ? RulesetMonitor.Open(_settings.NetNs) : null;
        var legacy = _rules.Select(rules => rules.WatchLegacy()).OfType<LegacyTables>().ToList();
        using var look = legacy.Count == 0 ? null : _time.CreateTimer(_ => LookAtLegacy(legacy), null, s_legacyLook, s_legacyLook);
        using var audit = _time.CreateTimer(_ => _wishes.Writer.TryWrite(new Wish(WishKind.Audit)), null, _settings.AuditInterval, _settings.AuditInterval);
        var watching = Task.WhenAll(WatchAsync(monitor, cancel), ruleset is null ? Task.CompletedTask : WatchAsync(ruleset, cancel),
            _prober?.RunAsync(cancel) ?? Task.CompletedTask);
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
        look?.Dispose();
        lock (legacy)
        {
            legacy.ForEach(tables => tables.Dispose());
            legacy.Clear();
        }
    }

    // A look that is late on a busy machine is not made twice at once.
    private void LookAtLegacy(List<LegacyTables> legacy)
    {
        if (!Monitor.TryEnter(legacy))
            return;
        try
        {
            var changed = false;
            foreach (var tables in legacy)
                changed |= tables.HasChanged();
            if (changed)
                _wishes.Writer.TryWrite(new Wish(WishKind.Rules) { Since = _time.GetTimestamp() });
        }
        finally
        {
            Monitor.Exit(legacy);
        }
    }

    /// <summary>Removes devices, routes and rules. The daemon must not be running.</summary>
    public async Task CleanupAsync(CancellationToken cancel = default)
    {
        _engine.Programmer.Remove();
        foreach (var rules in await Masquerade.DetectAsync(_settings, cancel).ConfigureAwait(false))
            await rules.RemoveAsync(cancel).ConfigureAwait(false);
    }

    public void Dispose()
    {
        _prober?.Dispose();
        _retry?.Dispose();
        _engine.Dispose();
        _socket.Dispose();
        _metrics.Dispose();
    }

    private Task AskAsync(Wish wish, CancellationToken cancel)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _wishes.Writer.TryWrite(wish with { Done = done });
        return done.Task.WaitAsync(cancel);
    }

    private async Task ServeAsync(CancellationToken cancel)
    {
        var round = Round.Read(_wishes.Reader);
        try
        {
            var refusals = Reconcile(round);
            if (round.Audit || round.Rules)
                await AuditNodeAsync(round, cancel).ConfigureAwait(false);
            if (refusals is [var first, ..])
                throw first.Error;
            _failure = null;
            round.Complete(null);
        }
        catch (Exception e) when (e is LinuxException or OverlayException or IptablesException or IOException or UnauthorizedAccessException)
        {
            _failure = e.Message;
            _metrics.Failed();
            LogRefused(_settings.NodeName, e.Message);
            round.Complete(e);
            _retry?.Dispose();
            _retry = _time.CreateTimer(_ => _wishes.Writer.TryWrite(new Wish(WishKind.Repair)), null, s_retry, Timeout.InfiniteTimeSpan);
        }

        round.Looks.ForEach(look => look());
    }

    private List<Refusal> Reconcile(Round round)
    {
        var refusals = new List<Refusal>();
        foreach (var wish in round.PeerWishes)
        {
            var all = wish.Kind == WishKind.Peers;
            var changes = all ? _engine.Peers.SetAll(wish.Peers) : _engine.Peers.Set(wish.Node, wish.Peers.FirstOrDefault());
            var pass = _engine.Change(changes, all);
            FollowByProbes(changes);
            refusals.AddRange(pass.Refusals);
            if (pass.Changes > 0)
                LogProgrammed(_settings.NodeName, _engine.Peers.Accepted.Count, pass.Changes, pass.What);
        }

        if (round.PeerWishes.Count > 0)
            TellRefused();
        foreach (var (node, mtu) in round.PathMtus)
            refusals.AddRange(_engine.SetPathMtu(node, mtu).Refusals);
        refusals.AddRange(Heal(round).Refusals);
        FollowByProbes([]);
        _metrics.Peers(_engine.Peers.Accepted.Count + _engine.Peers.Refused.Count, _engine.Programmed);
        Publish();
        return refusals;
    }

    private PassResult Heal(Round round)
    {
        var reach = round.Audit || round.Whole ? EventReach.Whole : EventReach.None;
        var single = new List<RouteEvent>();
        foreach (var happened in round.Events)
        {
            var its = _engine.ReachOf(happened);
            reach = its > reach ? its : reach;
            if (its == EventReach.Object)
                single.Add(happened);
        }

        if (reach == EventReach.Below && _engine.IsBelowChanged())
            reach = EventReach.Whole;
        var pass = reach == EventReach.Whole ? _engine.Whole() : _engine.Judge(single);
        if (reach == EventReach.Whole)
            _lastAudit = _time.GetUtcNow();
        if (pass.Changes > 0)
            NoteRepair(pass.Changes, pass.What, round.Since);
        return pass;
    }

    private async Task AuditNodeAsync(Round round, CancellationToken cancel)
    {
        if (round.Audit && _engine.Plan is { } plan && _engine.Programmer.EnsureSysctls(plan))
            NoteRepair(1, "kernel parameters", null);
        foreach (var rules in _rules)
        {
            if (await rules.EnsureAsync(cancel).ConfigureAwait(false))
                NoteRepair(1, "masquerade rules", round.Rules ? round.Since : null);
        }
    }

    private void NoteRepair(int changes, string what, long? since)
    {
        var after = since is { } start ? _time.GetElapsedTime(start) : TimeSpan.Zero;
        _lastRepair = new RepairRecord(_time.GetUtcNow(), what, after);
        _metrics.Repaired(changes, _lastRepair);
        LogRepaired(_settings.NodeName, changes, what, after.TotalMilliseconds);
    }

    // Each reason is told once, not each time a peer changes.
    private void TellRefused()
    {
        foreach (var (node, (_, reason)) in _engine.Peers.Refused)
        {
            if (!_told.TryGetValue(node, out var former) || former.Reason != reason)
                LogLeftOut(_settings.NodeName, node, reason);
        }

        _told = _engine.Peers.Refused.ToDictionary();
    }

    private void Publish()
    {
        if (_engine.Published is not { } now)
            return;
        var former = LocalVtep;
        LocalVtep = now;
        if (former is not null && former != LocalVtep)
            LocalVtepChanged?.Invoke(LocalVtep);
    }

    private async Task WatchAsync(RouteMonitor monitor, CancellationToken cancel)
    {
        try
        {
            await foreach (var happened in monitor.ReadAsync(cancel).ConfigureAwait(false))
                _wishes.Writer.TryWrite(new Wish(WishKind.Event) { Event = happened, Since = _time.GetTimestamp() });
        }
        catch (LinuxException e)
        {
            // The audit goes on finding what events would have told.
            LogMonitorFailed(_settings.NodeName, e.Message);
        }
    }

    private async Task WatchAsync(RulesetMonitor monitor, CancellationToken cancel)
    {
        try
        {
            await foreach (var change in monitor.ReadAsync(cancel).ConfigureAwait(false))
            {
                if (_rules.Any(rules => rules.IsConcernedBy(change)))
                    _wishes.Writer.TryWrite(new Wish(WishKind.Rules) { Since = _time.GetTimestamp() });
            }
        }
        catch (LinuxException e)
        {
            LogMonitorFailed(_settings.NodeName, e.Message);
        }
    }
}
