using Network.Netlink;

namespace Network.Overlay;

/// <summary>What one pass did.</summary>
/// <param name="What">The first changes in words.</param>
internal readonly record struct PassResult(int Changes, string What, IReadOnlyList<Refusal> Refusals)
{
    internal static PassResult Nothing { get; } = new(0, "", []);
}

/// <summary>
/// Desired state in memory, and the three ways it meets the kernel: a whole pass (start, audit, changes below), one
/// peer's change, and one kernel event. Used by one thread at a time; blocks for the kernel's answers only.
/// </summary>
internal sealed class OverlayEngine(RouteSocket socket, OverlaySettings settings) : IDisposable
{
    private readonly OverlayProgrammer _programmer = new(socket, settings);
    private readonly DesiredObjects _desired = new();
    private readonly Dictionary<int, Link> _links = [];
    private readonly Dictionary<string, IReadOnlyList<string>> _faults = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _refused = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _ways = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _pathMtus = new(StringComparer.Ordinal);
    private PerFamily<MacAddress> _macs = settings.KnownMacs;
    private WireGuardPeers? _wireGuard;
    private WireGuardKey? _publicKey;
    private bool _peersKnown;

    internal PeerTable Peers { get; } = new(settings);

    /// <summary>Null before the first whole pass.</summary>
    internal OverlayPlan? Plan { get; private set; }

    internal int Objects => _desired.Count;

    /// <summary>Peers whose objects are all in the kernel.</summary>
    internal int Programmed => _peersKnown ? Peers.Accepted.Count - _faults.Keys.Union(_refused.Keys).Count() : 0;

    /// <summary>Why a peer is incomplete; null when all is well.</summary>
    internal string? FaultOf(string peer) => _refused.GetValueOrDefault(peer) ?? (_faults.TryGetValue(peer, out var faults) ? string.Join("; ", faults) : null);

    internal string WaysOf(string peer) => _ways.GetValueOrDefault(peer) ?? "";

    internal OverlayProgrammer Programmer => _programmer;

    /// <summary>Rises when devices, addresses or MTU became others.</summary>
    internal int Generation { get; private set; }

    /// <summary>What a whole pass would change now, in words. Changes nothing.</summary>
    internal IReadOnlyList<string> Drift()
    {
        if (Plan is not { } plan)
            return [];
        var lines = new List<string>();
        if (IsBelowChanged())
            lines.Add("follow the network below, which has changed");
        var present = new List<Tunnel>();
        foreach (var tunnel in plan.Tunnels)
        {
            if (_programmer.ReadDevice(tunnel.Device.Name) is not { } device || device.Index != tunnel.Index)
            {
                lines.Add($"add link {tunnel.Device.Name}");
                continue;
            }

            present.Add(tunnel);
            if (OverlayProgrammer.DeviceChange(device, tunnel.Device) is not null)
                lines.Add($"change link {tunnel.Device.Name}");
        }

        var changes = new ChangeSet();
        var state = OverlayState.Read(socket, plan with { Tunnels = present });
        OverlayProgrammer.CompareAddresses(plan, state, changes);
        if (_peersKnown)
            _desired.Compare(state, changes);
        return [.. lines, .. changes.Describe()];
    }

    /// <summary>Reads what is below, makes devices, compares everything with the kernel.</summary>
    internal PassResult Whole()
    {
        var underlay = _programmer.ReadUnderlay();
        ChooseMacs(underlay);
        if (settings.Backend == OverlayBackend.WireGuard)
            _wireGuard ??= new WireGuardPeers(settings);
        var done = new List<string>();
        var plan = _programmer.EnsureDevices(OverlayPlan.For(settings, underlay, _macs), done);
        Adopt(plan);
        var keys = SyncKeys(plan, configure: true);
        var state = OverlayState.Read(socket, plan);
        var changes = new ChangeSet();
        OverlayProgrammer.CompareAddresses(plan, state, changes);
        if (_peersKnown)
            _desired.Compare(state, changes);
        var words = changes.Count > 0 ? changes.ToString() : "";
        var refusals = changes.Execute(socket);
        _refused.Clear();
        Remember(refusals);
        return new PassResult(done.Count + changes.Count + keys, string.Join(", ", done.Append(words).Where(text => text.Length > 0)), refusals);
    }

    /// <summary>Programs what peers' changes make necessary and touches nothing else.</summary>
    internal PassResult Change(IReadOnlyList<PeerChange> changes, bool allKnown)
    {
        var first = allKnown && !_peersKnown;
        _peersKnown |= allKnown;
        if (Plan is not { } plan)
            return PassResult.Nothing;
        var set = new ChangeSet();
        var left = new List<PeerObjects?>();
        foreach (var change in changes)
        {
            var former = change.Former is { } old ? plan.ObjectsOf(old, _pathMtus.GetValueOrDefault(old.NodeName)) : null;
            if (change.Current is null || change.Former?.Ends != change.Current.Ends)
                _pathMtus.Remove(change.NodeName);
            Replace(change.NodeName, former, change.Current, plan, set);
            left.Add(former);
        }

        left.ForEach(former => _desired.Leave(former, set));
        // Before the first full set, what an earlier run programmed stays; then one whole pass sorts it out.
        if (!_peersKnown)
            return PassResult.Nothing;
        if (first)
            return Whole();
        SyncKeys(plan, configure: false);
        return Execute(set);
    }

    /// <summary>What to publish; null before the first whole pass.</summary>
    internal LocalVtep? Published => Plan?.Published(_publicKey);

    /// <summary>What a probe found the way to a peer to carry; the peer's routes follow.</summary>
    internal PassResult SetPathMtu(string peer, int mtu)
    {
        if (Plan is not { } plan || !Peers.Accepted.TryGetValue(peer, out var current) || _pathMtus.GetValueOrDefault(peer) == mtu)
            return PassResult.Nothing;
        var former = plan.ObjectsOf(current, _pathMtus.GetValueOrDefault(peer));
        _pathMtus[peer] = mtu;
        var set = new ChangeSet();
        Replace(peer, former, current, plan, set);
        return Execute(set);
    }

    /// <summary>Repairs what single events tell of.</summary>
    internal PassResult Judge(IReadOnlyList<RouteEvent> events)
    {
        if (!_peersKnown || Plan is not { } plan || events.Count == 0)
            return PassResult.Nothing;
        var set = new ChangeSet();
        var isOurs = OverlayState.OwnershipOf(plan);
        // Of many events about one object the last one tells its state.
        foreach (var happened in events.Reverse().DistinctBy(KeyOf).Reverse())
            _desired.Judge(happened, isOurs, set);
        return Execute(set);
    }

    /// <summary>How far an event reaches.</summary>
    internal EventReach ReachOf(RouteEvent happened)
    {
        if (Plan is not { } plan)
            return EventReach.None;
        switch (happened.Kind)
        {
            case RouteEventKind.Resync:
                return EventReach.Whole;
            case RouteEventKind.Link:
                return IsNews(plan, happened) ? EventReach.Whole : EventReach.None;
            case RouteEventKind.Address:
                return Concerns(plan, happened.Address!, happened.Deleted) ? EventReach.Whole : EventReach.None;
            case RouteEventKind.Neighbour:
                return IsTunnel(plan, happened.Neighbour!.LinkIndex) && (happened.Deleted || happened.Neighbour.IsPermanent || happened.Neighbour.State == 0x20)
                    ? EventReach.Object : EventReach.None;
            case RouteEventKind.Fdb:
                return IsTunnel(plan, happened.Fdb!.LinkIndex) ? EventReach.Object : EventReach.None;
            default:
                var route = happened.Route!;
                if (route.Table != 254)
                    return EventReach.None;
                return _desired.HasRoute(route.Destination) || IsTunnel(plan, route.LinkIndex) || route.Protocol == OverlayPlan.RouteProtocol
                    ? EventReach.Object : IsBelow(route) ? EventReach.Below : EventReach.None;
        }
    }

    // Other daemons change routes by the thousand; only some can matter here.
    private bool IsBelow(Route route) => settings.AsksWhoIsOnLink || (settings.AsksDefaultRoute && route.Destination.PrefixLength == 0);

    /// <summary>The network below is not what the plan was made for.</summary>
    internal bool IsBelowChanged() => Plan is null || !_programmer.ReadUnderlay().SameAs(Plan.Underlay);

    public void Dispose() => _wireGuard?.Dispose();

    private PassResult Execute(ChangeSet set)
    {
        if (set.Count == 0)
            return PassResult.Nothing;
        var refusals = set.Execute(socket);
        Remember(refusals);
        return new PassResult(set.Count, set.ToString(), refusals);
    }

    private int SyncKeys(OverlayPlan plan, bool configure)
    {
        if (settings.Backend != OverlayBackend.WireGuard)
            return 0;
        if (configure)
            _publicKey = _wireGuard!.Configure(plan.Tunnels[0].Device.Name);
        return _peersKnown ? _wireGuard!.Sync(plan, Peers.Accepted.Values) : 0;
    }

    // The published MAC wins over the device's, the device's over a new one: peers should not have to change.
    private void ChooseMacs(Underlay underlay)
    {
        foreach (var family in PerFamily<int>.Families)
        {
            if (_macs[family] is null)
                _macs = _macs.With(family, _programmer.MacOf(family, underlay) ?? MacAddress.Random());
        }
    }

    private void Adopt(OverlayPlan plan)
    {
        var former = Plan;
        Plan = plan;
        Peers.Own = plan.Published().Ends;
        Peers.OwnAddresses = plan.Underlay.Addresses;
        foreach (var index in plan.Tunnels.Select(tunnel => tunnel.Index).Append(plan.Underlay.LinkIndex))
        {
            if (socket.Link(index) is { } link)
                _links[index] = link;
        }

        if (former is not null && former.Underlay.SameAs(plan.Underlay) && former.HasSameEnds(plan))
            return;
        if (former?.HasSameEnds(plan) != true)
            Generation++;
        foreach (var peer in Peers.Accepted.Values)
        {
            // Mostly nothing differs: a route elsewhere came or went, and this peer is reached as before.
            var old = former?.ObjectsOf(peer, _pathMtus.GetValueOrDefault(peer.NodeName));
            if (old is null || !old.Means(plan.ObjectsOf(peer, _pathMtus.GetValueOrDefault(peer.NodeName))))
                Replace(peer.NodeName, old, peer, plan, null);
        }
    }

    private void Replace(string name, PeerObjects? former, Peer? peer, OverlayPlan plan, ChangeSet? set)
    {
        var current = peer is null ? null : plan.ObjectsOf(peer, _pathMtus.GetValueOrDefault(name));
        _desired.Change(name, former, current, set);
        _refused.Remove(name);
        _faults.Remove(name);
        _ways.Remove(name);
        if (current is null)
            return;
        _ways[name] = string.Join("+", current.Ways.Distinct());
        if (current.Faults.Count > 0)
            _faults[name] = current.Faults;
    }

    private void Remember(IReadOnlyList<Refusal> refusals)
    {
        foreach (var refusal in refusals)
        {
            if (refusal.Peer is { } peer)
                _refused[peer] = refusal.Error.Message;
        }
    }

    private bool IsNews(OverlayPlan plan, RouteEvent happened)
    {
        var link = happened.Link!;
        var ours = link.Index == plan.Underlay.LinkIndex || link.Name == plan.Underlay.Name || IsTunnel(plan, link.Index)
            || link.Name == settings.DeviceName || link.Name == settings.SecondDeviceName;
        return ours && (happened.Deleted || !_links.TryGetValue(link.Index, out var known) || known != link);
    }

    // The tunnel's own address appearing is our own doing.
    private static bool Concerns(OverlayPlan plan, InterfaceAddress address, bool deleted) => !address.Address.IsIPv6LinkLocal
        && (address.LinkIndex == plan.Underlay.LinkIndex
            || (IsTunnel(plan, address.LinkIndex) && (deleted || !plan.Tunnels.Any(tunnel => tunnel.Addresses.Any(own => own.Address.Equals(address.Address))))));

    private static bool IsTunnel(OverlayPlan plan, int link)
    {
        foreach (var tunnel in plan.Tunnels)
        {
            if (tunnel.Index == link)
                return true;
        }

        return false;
    }

    private static object KeyOf(RouteEvent happened) => happened switch
    {
        { Neighbour: { } entry } => (entry.LinkIndex, entry.Address),
        { Fdb: { } entry } => (entry.LinkIndex, entry.Mac, entry.Remote),
        { Route: { } route } => (route.Destination, route.Priority, route.LinkIndex, route.Gateway),
        _ => happened,
    };
}
