using System.Diagnostics.Metrics;

namespace Network.Overlay;

/// <summary>What an operator wants to know first: is every peer programmed, and does somebody keep undoing our work.</summary>
internal sealed class OverlayMetrics : IDisposable
{
    private readonly Meter _meter = new("Network.Overlay");
    private readonly Counter<long> _repairs;
    private readonly Counter<long> _failures;
    private readonly Histogram<double> _repairTime;
    private readonly KeyValuePair<string, object?>[] _tags;
    private long _desired;
    private long _programmed;
    private double _lastRepair;

    internal OverlayMetrics(string node, string network, Func<IReadOnlyList<(string Device, long Received, long Sent)>> bytes,
        Func<IReadOnlyList<(string Peer, ProbeState State)>> probes, Func<ChecksumVerdict> verdict)
    {
        _tags = network.Length == 0 ? [new("node", node)] : [new("node", node), new("network", network)];
        _repairs = _meter.CreateCounter<long>("podnet_overlay_repairs_total", unit: null,
            description: "Changes made because the kernel's state had been altered by others.", tags: _tags);
        _failures = _meter.CreateCounter<long>("podnet_overlay_reconcile_failures_total", unit: null,
            description: "Passes that the kernel refused in part.", tags: _tags);
        _repairTime = _meter.CreateHistogram<double>("podnet_overlay_repair_seconds", unit: null,
            description: "From the kernel's event to the repair.", tags: _tags);
        Gauge("podnet_overlay_peers_desired", "Peers that should be reachable.", () => Volatile.Read(ref _desired));
        Gauge("podnet_overlay_peers_programmed", "Peers whose objects are all in the kernel.", () => Volatile.Read(ref _programmed));
        Gauge("podnet_overlay_last_repair_timestamp_seconds", "When the last repair was made; 0 for never.", () => Volatile.Read(ref _lastRepair));
        _meter.CreateObservableCounter("podnet_overlay_device_bytes_total", () => bytes().SelectMany(Measure), unit: null,
            description: "Bytes through the tunnel device.");
        Gauge("podnet_overlay_checksum_verdict", "Self-test of checksum offload: 0 untested, 1 works, 2 turned off, 3 broken.", () => (int)verdict());
        PerPeer("podnet_overlay_peer_round_trip_seconds", "Round trip of the last answered probe.", probes, state => state.RoundTrip?.TotalSeconds);
        PerPeer("podnet_overlay_peer_loss_ratio", "Share of the last probes without answer.", probes, state => state.Loss);
        PerPeer("podnet_overlay_peer_path_mtu_bytes", "Largest packet the way to the peer carries.", probes, state => state.PathMtu == 0 ? null : state.PathMtu);
    }

    internal long Repairs { get; private set; }

    internal long Programmed => Volatile.Read(ref _programmed);

    internal void Peers(int desired, int programmed)
    {
        Volatile.Write(ref _desired, desired);
        Volatile.Write(ref _programmed, programmed);
    }

    internal void Repaired(int changes, RepairRecord repair)
    {
        Repairs += changes;
        _repairs.Add(changes);
        if (repair.After > TimeSpan.Zero)
            _repairTime.Record(repair.After.TotalSeconds);
        Volatile.Write(ref _lastRepair, repair.When.ToUnixTimeMilliseconds() / 1000.0);
    }

    internal void Failed() => _failures.Add(1);

    public void Dispose() => _meter.Dispose();

    private void Gauge<T>(string name, string description, Func<T> read) where T : struct =>
        _meter.CreateObservableGauge(name, () => new Measurement<T>(read(), _tags), unit: null, description: description);

    private void PerPeer(string name, string description, Func<IReadOnlyList<(string Peer, ProbeState State)>> probes, Func<ProbeState, double?> read) =>
        _meter.CreateObservableGauge(name, () => probes().Where(probe => read(probe.State) is not null)
            .Select(probe => new Measurement<double>(read(probe.State)!.Value, [.. _tags, new("peer", probe.Peer)])), unit: null, description: description);

    private IEnumerable<Measurement<long>> Measure((string Device, long Received, long Sent) device) =>
    [
        new(device.Received, [.. _tags, new("device", device.Device), new("direction", "in")]),
        new(device.Sent, [.. _tags, new("device", device.Device), new("direction", "out")]),
    ];
}
