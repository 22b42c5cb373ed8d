using System.Diagnostics.Metrics;

namespace Network.Overlay;

/// <summary>What an operator wants to know first: is every peer programmed, and does somebody keep undoing our work.</summary>
internal sealed class OverlayMetrics : IDisposable
{
    private readonly Meter _meter = new("Network.Overlay");
    private readonly Counter<long> _repairs;
    private readonly Counter<long> _failures;
    private long _desired;
    private long _programmed;
    private double _lastRepair;

    internal OverlayMetrics(string node)
    {
        var tags = new KeyValuePair<string, object?>[] { new("node", node) };
        _repairs = _meter.CreateCounter<long>("podnet_overlay_repairs_total", unit: null,
            description: "Changes made because the kernel's state had been altered by others.", tags: tags);
        _failures = _meter.CreateCounter<long>("podnet_overlay_reconcile_failures_total", unit: null,
            description: "Passes that the kernel refused in part.", tags: tags);
        _meter.CreateObservableGauge("podnet_overlay_peers_desired", () => Volatile.Read(ref _desired), unit: null,
            description: "Peers that should be reachable.", tags: tags);
        _meter.CreateObservableGauge("podnet_overlay_peers_programmed", () => Volatile.Read(ref _programmed), unit: null,
            description: "Peers whose neighbour, FDB entry and route are in the kernel.", tags: tags);
        _meter.CreateObservableGauge("podnet_overlay_last_repair_timestamp_seconds", () => Volatile.Read(ref _lastRepair), unit: null,
            description: "When the last repair was made; 0 for never.", tags: tags);
    }

    internal long Repairs { get; private set; }

    internal long Programmed => Volatile.Read(ref _programmed);

    internal void Peers(int desired, int programmed)
    {
        Volatile.Write(ref _desired, desired);
        Volatile.Write(ref _programmed, programmed);
    }

    internal void Repaired(int changes, DateTimeOffset when)
    {
        Repairs += changes;
        _repairs.Add(changes);
        Volatile.Write(ref _lastRepair, when.ToUnixTimeMilliseconds() / 1000.0);
    }

    internal void Failed() => _failures.Add(1);

    public void Dispose() => _meter.Dispose();
}
