using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace Network.Client;

/// <summary>
/// Keys to work on: each at most once at a time; a key that changes while it is worked on comes again afterwards; a key
/// whose work failed comes again after 5 ms, doubling to 30 s (client-go's limiter with a lower roof: a lab has no use
/// for a quarter of an hour of silence).
/// </summary>
public sealed partial class WorkQueue<TKey>(string name, TimeProvider time, ILogger logger)
    where TKey : notnull
{
    private static readonly TimeSpan s_firstRetry = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan s_longestRetry = TimeSpan.FromSeconds(30);
    private readonly Channel<TKey> _ready = Channel.CreateUnbounded<TKey>();
    private readonly Lock _lock = new();
    private readonly HashSet<TKey> _waiting = [];
    private readonly HashSet<TKey> _working = [];
    private readonly Dictionary<TKey, int> _failures = [];
    private readonly Dictionary<TKey, Appointment> _later = [];

    public int Depth => _ready.Reader.Count;

    public void Add(TKey key)
    {
        lock (_lock)
        {
            if (_waiting.Add(key) && !_working.Contains(key))
                _ready.Writer.TryWrite(key);
        }
    }

    /// <summary>
    /// Adds the key when the delay is over. A key has one appointment, the earliest it was given: work that asks for its
    /// key again each time would else leave one more timer behind at every change.
    /// </summary>
    public void AddAfter(TKey key, TimeSpan delay)
    {
        if (delay <= TimeSpan.Zero)
        {
            Add(key);
            return;
        }

        var due = time.GetTimestamp() + (long)(delay.TotalSeconds * time.TimestampFrequency);
        lock (_lock)
        {
            if (_later.TryGetValue(key, out var known) && known.Due <= due)
                return;
            known?.Timer?.Dispose();
            var appointment = _later[key] = new Appointment(due);
            appointment.Timer = time.CreateTimer(_ => Keep(key, appointment), null, delay, Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>Works until cancelled. The work returns when it wants the key again (null: when it changes).</summary>
    public Task RunAsync(int workers, Func<TKey, CancellationToken, Task<TimeSpan?>> work, CancellationToken cancel) =>
        Task.WhenAll(Enumerable.Range(0, workers).Select(_ => WorkAsync(work, cancel)));

    private void Keep(TKey key, Appointment appointment)
    {
        lock (_lock)
        {
            // A timer may fire while an earlier appointment takes its place.
            if (_later.GetValueOrDefault(key) != appointment)
                return;
            _later.Remove(key);
            appointment.Timer?.Dispose();
        }

        Add(key);
    }

    private async Task WorkAsync(Func<TKey, CancellationToken, Task<TimeSpan?>> work, CancellationToken cancel)
    {
        try
        {
            await foreach (var key in _ready.Reader.ReadAllAsync(cancel).ConfigureAwait(false))
            {
                lock (_lock)
                {
                    _waiting.Remove(key);
                    _working.Add(key);
                }

                await WorkOnAsync(key, work, cancel).ConfigureAwait(false);
                lock (_lock)
                {
                    _working.Remove(key);
                    if (_waiting.Contains(key))
                        _ready.Writer.TryWrite(key);
                }
            }
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
        }
    }

    private async Task WorkOnAsync(TKey key, Func<TKey, CancellationToken, Task<TimeSpan?>> work, CancellationToken cancel)
    {
        try
        {
            var again = await work(key, cancel).ConfigureAwait(false);
            lock (_lock)
                _failures.Remove(key);
            if (again is { } delay)
                AddAfter(key, delay);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
        }
        catch (ApiException e) when (e.IsConflict)
        {
            // Somebody was faster; the informer brings the new state, and the retry works on that.
            AddAfter(key, NextRetry(key));
        }
        catch (Exception e)
        {
            var delay = NextRetry(key);
            LogFailed(name, key.ToString() ?? "", e.Message, delay.TotalMilliseconds);
            AddAfter(key, delay);
        }
    }

    private TimeSpan NextRetry(TKey key)
    {
        lock (_lock)
        {
            var failures = _failures.GetValueOrDefault(key);
            _failures[key] = failures + 1;
            var delay = s_firstRetry * Math.Pow(2, Math.Min(failures, 20));
            return delay < s_longestRetry ? delay : s_longestRetry;
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Queue} failed on {Key}: {Reason}; again in {DelayMs} ms")]
    private partial void LogFailed(string queue, string key, string reason, double delayMs);

    private sealed class Appointment(long due)
    {
        internal long Due => due;

        internal ITimer? Timer { get; set; }
    }
}
