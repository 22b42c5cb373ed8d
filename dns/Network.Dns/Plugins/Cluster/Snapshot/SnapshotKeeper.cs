using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;

namespace Network.Dns.Plugins.Cluster.Snapshot;

/// <summary>Keeps the snapshot a moment behind the index. A disk that refuses costs a log line; the last file and the server go on.</summary>
public sealed partial class SnapshotKeeper : IDisposable
{
    private static readonly TimeSpan s_quiet = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_retry = TimeSpan.FromSeconds(10);
    private readonly string _path;
    private readonly ClusterIndex _index;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly SemaphoreSlim _changed = new(0, 1);
    private readonly Meter _meter = new("Network.Dns");
    private readonly Counter<long> _failures;

    public SnapshotKeeper(string path, ClusterIndex index, TimeProvider time, ILogger logger)
    {
        (_path, _index, _time, _logger) = (path, index, time, logger);
        _failures = _meter.CreateCounter<long>("podnet_dns_snapshot_failures_total", null, "Snapshots that could not be written.");
        _meter.CreateObservableGauge("podnet_dns_index_stale", () => _index.Stale ? 1 : 0, null, "1 while names of an earlier run are answered because the API server was not reached yet.");
        _meter.CreateObservableGauge("podnet_dns_index_services", () => _index.Count, null, "Services that have names.");
        index.Changed += OnChanged;
    }

    /// <summary>When what <see cref="Load"/> read was written; null when it read nothing.</summary>
    public DateTimeOffset? Written { get; private set; }

    internal int Failures { get; private set; }

    /// <summary>Fills the index with what an earlier run knew, marked stale.</summary>
    /// <returns>True when there was something.</returns>
    public bool Load()
    {
        try
        {
            if (SnapshotFile.Read(_path) is not { } contents)
                return false;
            Written = File.GetLastWriteTimeUtc(_path);
            _index.Fill(contents);
            LogLoaded(_path, contents.Services.Count);
            return true;
        }
        catch (Exception e) when (e is IOException or InvalidDataException or UnauthorizedAccessException)
        {
            LogUnreadable(_path, e.Message);
            return false;
        }
    }

    public async Task RunAsync(CancellationToken cancel)
    {
        while (true)
        {
            await _changed.WaitAsync(cancel).ConfigureAwait(false);
            // A burst of changes becomes one file.
            await Task.Delay(s_quiet, _time, cancel).ConfigureAwait(false);
            if (!_index.Complete || _index.Stale || TryWrite())
                continue;
            await Task.Delay(s_retry, _time, cancel).ConfigureAwait(false);
            OnChanged();
        }
    }

    public void Dispose()
    {
        _index.Changed -= OnChanged;
        _changed.Dispose();
        _meter.Dispose();
    }

    private bool TryWrite()
    {
        try
        {
            SnapshotFile.Write(_path, _index.Contents());
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Failures++;
            _failures.Add(1);
            LogUnwritten(_path, e.Message);
            return false;
        }
    }

    private void OnChanged()
    {
        try
        {
            if (_changed.CurrentCount == 0)
                _changed.Release();
        }
        catch (SemaphoreFullException)
        {
            // Another change asked already.
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "snapshot file={Path} services={Services} answered until the API server is reached")]
    private partial void LogLoaded(string path, int services);

    [LoggerMessage(Level = LogLevel.Warning, Message = "snapshot file={Path} not used: {Reason}")]
    private partial void LogUnreadable(string path, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "snapshot file={Path} not written: {Reason}; the former one stays")]
    private partial void LogUnwritten(string path, string reason);
}
