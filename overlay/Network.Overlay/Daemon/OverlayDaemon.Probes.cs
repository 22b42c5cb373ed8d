using Network.Linux;
using Network.Netlink;

namespace Network.Overlay;

public sealed partial class OverlayDaemon
{
    /// <summary>
    /// Pods here can talk to other nodes: what they need is in the kernel, and of the peers that answer probes at least one
    /// has. True also when there is nobody to ask.
    /// </summary>
    public bool CanTalk
    {
        get
        {
            if (_failure is not null || LocalVtep is null)
                return false;
            var states = _prober?.States.Select(state => state.Value).ToList() ?? [];
            return states.Count == 0 || states.Any(state => state is { LastAnswer: not null, Loss: < 1 });
        }
    }

    /// <summary>What the self-test through the tunnel found.</summary>
    public ChecksumVerdict Checksum => _prober?.Checksum ?? ChecksumVerdict.Untested;

    private Prober StartProber()
    {
        var prober = new Prober(_settings, _time);
        prober.PathMtuFound += (node, mtu) => _wishes.Writer.TryWrite(new Wish(WishKind.PathMtu) { Node = node, Mtu = mtu });
        prober.Faulted += fault => LogUnprobed(_settings.NodeName, fault);
        prober.OffloadWanted += on => _wishes.Writer.TryWrite(new Wish(WishKind.Look) { Look = () => SetOffload(on) });
        return prober;
    }

    // The plan before the peers: without it the prober knows no address to ask from.
    private void FollowByProbes(IReadOnlyList<PeerChange> changes)
    {
        if (_prober is null || _engine.Plan is not { } plan)
            return;
        if (_engine.Generation != _probedGeneration)
        {
            _probedGeneration = _engine.Generation;
            _prober.Follow(plan);
        }

        foreach (var change in changes)
            _prober.Follow(change);
    }

    private void SetOffload(bool on)
    {
        try
        {
            using var generic = GenericSocket.Open(_settings.NetNs);
            foreach (var tunnel in _engine.Plan?.Tunnels ?? [])
            {
                new DeviceFeatures(generic).Set(tunnel.Index, DeviceFeatures.TransmitChecksum, on);
                LogOffload(_settings.NodeName, tunnel.Device.Name, on ? "on" : "off");
            }
        }
        catch (LinuxException e)
        {
            LogRefused(_settings.NodeName, e.Message);
        }
    }

    private IReadOnlyList<(string Peer, ProbeState State)> ProbedPeers() => _prober is null
        ? []
        : [.. _prober.States.GroupBy(state => state.Key.Node).Select(group => (group.Key, Worst(group.Select(state => state.Value))))];

    // A peer with two families is as good as the worse one.
    private static ProbeState Worst(IEnumerable<ProbeState> states) => states.MaxBy(state => (state.LastAnswer is null, state.Loss, state.RoundTrip ?? TimeSpan.Zero))!;
}
