using System.Diagnostics.Metrics;

namespace Network.Store;

/// <summary>What a store holds and how long its commits take.</summary>
internal sealed class StoreMetrics : IDisposable
{
    private readonly Meter _meter = new("Network.Store");
    private readonly Histogram<double> _commit;
    private readonly Counter<long> _changes;

    internal StoreMetrics(string kind, Func<StoreSize> size, Func<long>? fileBytes)
    {
        KeyValuePair<string, object?>[] tags = [new("store", kind)];
        _commit = _meter.CreateHistogram<double>("store_commit_duration_seconds", "s", "until a group of writes is durable");
        _changes = _meter.CreateCounter<long>("store_changes_total", description: "changes that became durable");
        _meter.CreateObservableGauge("store_keys", () => new Measurement<long>(size().Keys, tags), description: "keys that exist");
        _meter.CreateObservableGauge("store_history_bytes", () => new Measurement<long>(size().HistoryBytes, tags), "By", "changes kept for watches that resume");
        _meter.CreateObservableGauge("store_watchers", () => new Measurement<long>(size().Watchers, tags), description: "watches on the store itself");
        _meter.CreateObservableGauge("store_revision", () => new Measurement<long>(size().Revision, tags), description: "latest revision");
        if (fileBytes is not null)
            _meter.CreateObservableGauge("store_file_bytes", () => new Measurement<long>(fileBytes(), tags), "By", "size on disk with the write-ahead log");
    }

    internal void Committed(int changes, TimeSpan elapsed)
    {
        _commit.Record(elapsed.TotalSeconds);
        _changes.Add(changes);
    }

    public void Dispose() => _meter.Dispose();
}
