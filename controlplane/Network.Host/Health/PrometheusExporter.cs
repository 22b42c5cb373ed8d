using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;

namespace Network.Host.Health;

/// <summary>
/// Listens to every instrument of this project's meters and renders the Prometheus text format (version 0.0.4). Rooms only
/// know System.Diagnostics.Metrics; how their numbers leave the process is decided here.
/// </summary>
internal sealed class PrometheusExporter : IDisposable
{
    private static readonly double[] s_bounds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.015, 0.02, 0.025, 0.03, 0.04, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
    private readonly MeterListener _listener = new();
    private readonly ConcurrentDictionary<(Instrument Instrument, string Labels), Series> _series = new();

    internal PrometheusExporter()
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name.StartsWith("Network.", StringComparison.Ordinal))
                listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Record(instrument, value, tags));
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Record(instrument, value, tags));
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Record(instrument, value, tags));
        _listener.Start();
    }

    internal string Render()
    {
        _listener.RecordObservableInstruments();
        var text = new StringBuilder(4096);
        AppendProcess(text);
        foreach (var group in _series.GroupBy(pair => pair.Key.Instrument.Name).OrderBy(group => group.Key, StringComparer.Ordinal))
        {
            var instrument = group.First().Key.Instrument;
            if (instrument.Description is { Length: > 0 } help)
                text.Append("# HELP ").Append(group.Key).Append(' ').Append(help).Append('\n');
            text.Append("# TYPE ").Append(group.Key).Append(' ').Append(TypeOf(instrument)).Append('\n');
            foreach (var (key, series) in group.OrderBy(pair => pair.Key.Labels, StringComparer.Ordinal))
                series.Append(text, group.Key, key.Labels);
        }

        return text.ToString();
    }

    public void Dispose() => _listener.Dispose();

    private static void AppendProcess(StringBuilder text)
    {
        text.Append("# TYPE process_resident_memory_bytes gauge\nprocess_resident_memory_bytes ").Append(Environment.WorkingSet).Append('\n');
        text.Append("# TYPE process_cpu_seconds_total counter\nprocess_cpu_seconds_total ")
            .Append(Environment.CpuUsage.TotalTime.TotalSeconds.ToString("0.###", CultureInfo.InvariantCulture)).Append('\n');
        text.Append("# TYPE dotnet_gc_pause_seconds_total counter\ndotnet_gc_pause_seconds_total ")
            .Append(GC.GetTotalPauseDuration().TotalSeconds.ToString("0.######", CultureInfo.InvariantCulture)).Append('\n');
        text.Append("# TYPE dotnet_gc_collections_total counter\n");
        for (var generation = 0; generation <= GC.MaxGeneration; generation++)
            text.Append("dotnet_gc_collections_total{generation=\"").Append(generation).Append("\"} ").Append(GC.CollectionCount(generation)).Append('\n');
        text.Append("# TYPE dotnet_gc_heap_bytes gauge\ndotnet_gc_heap_bytes ").Append(GC.GetTotalMemory(false)).Append('\n');
    }

    private void Record(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags) =>
        _series.GetOrAdd((instrument, LabelsOf(tags)), key => new Series(TypeOf(key.Instrument) == "histogram", !IsCumulative(key.Instrument))).Record(value);

    private static string TypeOf(Instrument instrument)
    {
        var name = instrument.GetType().Name;
        return name.StartsWith("Histogram", StringComparison.Ordinal) ? "histogram"
            : name.Contains("UpDown", StringComparison.Ordinal) || name.Contains("Gauge", StringComparison.Ordinal) ? "gauge"
            : "counter";
    }

    // Counters report what to add; gauges and observable instruments report the value itself.
    private static bool IsCumulative(Instrument instrument)
    {
        var name = instrument.GetType().Name;
        return name.StartsWith("Counter", StringComparison.Ordinal) || name.StartsWith("UpDownCounter", StringComparison.Ordinal);
    }

    private static string LabelsOf(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (tags.IsEmpty)
            return "";
        var text = new StringBuilder();
        foreach (var (key, value) in tags)
        {
            var escaped = (value?.ToString() ?? "").Replace("\\", "\\\\").Replace("\"", "\\\"").Replace("\n", "\\n");
            text.Append(text.Length == 0 ? "" : ",").Append(key).Append("=\"").Append(escaped).Append('"');
        }

        return text.ToString();
    }

    private sealed class Series(bool isHistogram, bool replaces)
    {
        private readonly Lock _lock = new();
        private readonly long[] _counts = isHistogram ? new long[s_bounds.Length] : [];
        private double _value;
        private long _count;

        internal void Record(double value)
        {
            lock (_lock)
            {
                _value = replaces && !isHistogram ? value : _value + value;
                _count++;
                for (var i = _counts.Length - 1; i >= 0 && value <= s_bounds[i]; i--)
                    _counts[i]++;
            }
        }

        internal void Append(StringBuilder text, string name, string labels)
        {
            lock (_lock)
            {
                if (!isHistogram)
                {
                    Line(text, name, labels, _value);
                    return;
                }

                var separator = labels.Length == 0 ? "" : ",";
                for (var i = 0; i < _counts.Length; i++)
                    Line(text, $"{name}_bucket", $"{labels}{separator}le=\"{s_bounds[i].ToString(CultureInfo.InvariantCulture)}\"", _counts[i]);
                Line(text, $"{name}_bucket", $"{labels}{separator}le=\"+Inf\"", _count);
                Line(text, $"{name}_sum", labels, _value);
                Line(text, $"{name}_count", labels, _count);
            }
        }

        private static void Line(StringBuilder text, string name, string labels, double value)
        {
            text.Append(name);
            if (labels.Length > 0)
                text.Append('{').Append(labels).Append('}');
            text.Append(' ').Append(value.ToString("R", CultureInfo.InvariantCulture)).Append('\n');
        }
    }
}
