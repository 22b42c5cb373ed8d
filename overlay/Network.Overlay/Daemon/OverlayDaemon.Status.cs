using System.Globalization;
using Network.Linux;

namespace Network.Overlay;

public sealed partial class OverlayDaemon
{
    /// <summary>What the daemon knows, at one moment between two passes.</summary>
    public Task<OverlayStatus> StatusAsync(CancellationToken cancel = default) => LookAsync(Snapshot, cancel);

    /// <summary>What a repair would change now, in words; nothing is changed.</summary>
    public Task<IReadOnlyList<string>> InspectAsync(CancellationToken cancel = default) => LookAsync(_engine.Drift, cancel);

    private async Task<T> LookAsync<T>(Func<T> look, CancellationToken cancel)
    {
        var seen = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        _wishes.Writer.TryWrite(new Wish(WishKind.Look) { Look = Look });
        return await seen.Task.WaitAsync(cancel).ConfigureAwait(false);

        void Look()
        {
            try
            {
                seen.TrySetResult(look());
            }
            catch (Exception e) when (e is LinuxException or OverlayException)
            {
                seen.TrySetException(e);
            }
        }
    }

    private OverlayStatus Snapshot()
    {
        var plan = _engine.Plan;
        return new OverlayStatus
        {
            Node = _settings.NodeName,
            Network = _settings.Network,
            Backend = BackendNames.Of(_settings.Backend),
            Local = LocalVtep,
            Underlay = plan?.Underlay.Name ?? "",
            UnderlayMtu = plan?.Underlay.Mtu ?? 0,
            Tunnels = [.. (plan?.Tunnels ?? []).Select(tunnel => new TunnelStatus(
                tunnel.Device.Name, plan!.Underlay.AddressOf(tunnel.Underlay)?.ToString() ?? "", tunnel.Index, tunnel.Device.Mtu, tunnel.Device.Mac?.ToString() ?? ""))],
            Peers = [.. _engine.Peers.Accepted.Values.Select(peer => StatusOf(peer, _engine.FaultOf(peer.NodeName)))
                .Concat(_engine.Peers.Refused.Values.Select(refused => StatusOf(refused.Peer, refused.Reason)))
                .OrderBy(peer => peer.Node, StringComparer.Ordinal)],
            Objects = _engine.Objects,
            Repairs = Repairs,
            LastRepair = _lastRepair,
            LastAudit = _lastAudit,
            Failure = _failure,
            Checksum = Checksum,
            ProbeFault = _prober?.Fault,
        };
    }

    private PeerStatus StatusOf(Peer peer, string? fault)
    {
        var status = new PeerStatus(peer.NodeName, [.. peer.PodCidrs.Present], [.. peer.Ends.Present.Select(end => end.Address)], _engine.WaysOf(peer.NodeName), fault);
        var states = PerFamily<int>.Families.Select(family => _prober?.StateOf(peer.NodeName, family)).OfType<ProbeState>().ToList();
        if (states.Count == 0)
            return status;
        var worst = Worst(states);
        return status with { Probed = true, RoundTrip = worst.RoundTrip, Loss = worst.Loss, PathMtu = states.Min(state => state.PathMtu), LastAnswer = worst.LastAnswer };
    }

    // The text form has been the same since Linux 2.0: name, 8 receive columns, 8 transmit columns.
    private IReadOnlyList<(string Device, long Received, long Sent)> ReadBytes()
    {
        var devices = (_engine.Plan?.Tunnels ?? []).Select(tunnel => tunnel.Device.Name).ToHashSet();
        if (devices.Count == 0)
            return [];
        var lines = _settings.NetNs is { } ns ? NetNs.Run(ns, () => File.ReadAllLines("/proc/thread-self/net/dev")) : File.ReadAllLines("/proc/net/dev");
        return [.. lines.Select(line => line.Split([':', ' '], StringSplitOptions.RemoveEmptyEntries))
            .Where(words => words.Length > 9 && devices.Contains(words[0]))
            .Select(words => (words[0], long.Parse(words[1], CultureInfo.InvariantCulture), long.Parse(words[9], CultureInfo.InvariantCulture)))];
    }

    private static string Describe(OverlayPlan plan) => plan.Tunnels.Count == 0
        ? $"routes on {plan.Underlay.Name} by way of {string.Join(", ", plan.Underlay.Addresses)}"
        : string.Join(", ", plan.Tunnels.Select(tunnel => $"{tunnel.Device.Name} {tunnel.Device.Mac} from {plan.Underlay.AddressOf(tunnel.Underlay)}"));
}
