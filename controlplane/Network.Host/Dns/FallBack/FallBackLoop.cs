using System.Diagnostics.Metrics;
using System.Net;
using k8s.Models;
using Microsoft.Extensions.Logging;
using Network.Client;
using Network.Linux;

namespace Network.Host.Dns.FallBack;

/// <summary>
/// Keeps the fall-back of one node: rules that follow the list of nodes, and a heartbeat that says whether this node's server answers.
/// When the process is killed, stopped or hangs the heartbeat ends and the rules lead to other nodes; they outlive it on purpose.
/// </summary>
internal sealed partial class FallBackLoop : IDisposable
{
    private static readonly TimeSpan s_beat = TimeSpan.FromMilliseconds(150), s_retry = TimeSpan.FromSeconds(5);
    private readonly IPAddress _server, _own;
    private readonly Informer<V1Node> _nodes;
    private readonly Func<bool> _knowsNames;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly FallBackTable _table = new();
    private readonly SemaphoreSlim _changed = new(0, 1);
    private readonly Meter _meter = new("Network.Host.Dns");
    private readonly Counter<long> _transitions;
    private FallBackPlan? _applied;
    private string? _refusal;

    // Of rules that were replaced, also those of an earlier process.
    private ulong _asked, _answered;
    private bool? _isLocal;

    // What the last knock met was the time before the rules.
    private volatile bool _isFresh;

    /// <param name="knowsNames">Whether the server can answer for the cluster at all; else others are better asked.</param>
    internal FallBackLoop(IPAddress server, IPAddress own, Informer<V1Node> nodes, Func<bool> knowsNames, TimeProvider time, ILogger logger)
    {
        (_server, _own, _nodes, _knowsNames, _time, _logger) = (server, own, nodes, knowsNames, time, logger);
        _nodes.Changed += OnNode;
        _transitions = _meter.CreateCounter<long>("podnet_dns_fallback_transitions_total", null, "Times that this node's queries changed to its own server or away from it.");
        _meter.CreateObservableGauge("podnet_dns_fallback_active", () => _isLocal == false ? 1 : 0, null, "1 while other nodes answer this node's queries.");
        _meter.CreateObservableGauge("podnet_dns_fallback_nodes", () => _applied?.Answerers.Count ?? 0, null, "Nodes that would answer for this one.");
        _meter.CreateObservableCounter("podnet_dns_fallback_queries_total", Measure, null, "Queries and connections that went to other nodes, or came from them.");
    }

    /// <summary>Runs until cancelled; ends with the first failure.</summary>
    internal async Task RunAsync(CancellationToken cancel)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        Task[] tasks = [FollowAsync(stop.Token), BeatAsync(stop.Token)];
        var first = await Task.WhenAny(tasks).ConfigureAwait(false);
        await stop.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(tasks).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await first.ConfigureAwait(false);
    }

    public void Dispose()
    {
        _nodes.Changed -= OnNode;
        _meter.Dispose();
        _changed.Dispose();
        _table.Dispose();
    }

    private void OnNode(Change<V1Node> change) => Wake();

    private void Wake()
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

    private async Task FollowAsync(CancellationToken cancel)
    {
        // Rules of an earlier run are better than rules without nodes.
        await _nodes.Synced.WaitAsync(cancel).ConfigureAwait(false);
        while (true)
        {
            var plan = FallBackPlan.For(_server, _own, _nodes.Items.Values);
            if (!plan.Equals(_applied) && !TryApply(plan))
            {
                await Task.Delay(s_retry, _time, cancel).ConfigureAwait(false);
                continue;
            }

            await _changed.WaitAsync(cancel).ConfigureAwait(false);
        }
    }

    private bool TryApply(FallBackPlan plan)
    {
        try
        {
            var (asked, answered) = _table.Apply(plan);
            (_asked, _answered) = (_asked + asked, _answered + answered);
            (_applied, _refusal, _isFresh) = (plan, null, true);
            LogApplied(string.Join(',', plan.Answerers), plan.Askers.Count);
            return true;
        }
        catch (LinuxException e)
        {
            if (_refusal != e.Message)
                LogRefused(e.Message);
            _refusal = e.Message;
            return false;
        }
    }

    private async Task BeatAsync(CancellationToken cancel)
    {
        using var heartbeat = new Heartbeat(_server);
        var answered = _time.GetTimestamp();
        while (true)
        {
            if (_knowsNames() && await heartbeat.AskAsync(cancel).ConfigureAwait(false))
            {
                // A process that was stopped learns of it only now.
                var silent = _time.GetElapsedTime(answered);
                if (silent > FallBackRules.Patience)
                    Turn(isLocal: false, silent);
                answered = _time.GetTimestamp();
                if (!heartbeat.Knock() && _applied is not null)
                    WriteAgain();
                Turn(isLocal: true, silent);
            }
            else if (_time.GetElapsedTime(answered) is var silent && silent > FallBackRules.Patience)
            {
                Turn(isLocal: false, silent);
            }

            await Task.Delay(s_beat, _time, cancel).ConfigureAwait(false);
        }
    }

    private void WriteAgain()
    {
        var isFresh = _isFresh;
        _isFresh = false;
        if (isFresh)
            return;
        LogMissing();
        _applied = null;
        Wake();
    }

    private void Turn(bool isLocal, TimeSpan silent)
    {
        if (_isLocal == isLocal)
            return;
        _isLocal = isLocal;
        _transitions.Add(1, new KeyValuePair<string, object?>("to", isLocal ? "local" : "others"));
        if (isLocal)
            LogLocal(Counts().Asked);
        else
            LogAway(_applied?.Answerers.Count ?? 0, (long)silent.TotalMilliseconds);
    }

    private IEnumerable<Measurement<long>> Measure()
    {
        var (asked, answered) = Counts();
        return [new((long)asked, new KeyValuePair<string, object?>("direction", "to_others")), new((long)answered, new KeyValuePair<string, object?>("direction", "from_others"))];
    }

    private (ulong Asked, ulong Answered) Counts()
    {
        try
        {
            var (asked, answered) = _table.Counts(_server);
            return (_asked + asked, _answered + answered);
        }
        catch (Exception e) when (e is LinuxException or ObjectDisposedException)
        {
            return default;
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "fall-back rules written answerers={Answerers} askers={Askers}")]
    private partial void LogApplied(string answerers, int askers);

    [LoggerMessage(Level = LogLevel.Warning, Message = "fall-back rules refused: {Reason}; queries stay here even when nobody answers them")]
    private partial void LogRefused(string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "fall-back rules are missing; they are written again")]
    private partial void LogMissing();

    [LoggerMessage(Level = LogLevel.Information, Message = "fall-back to=local queriesToOthers={Asked}")]
    private partial void LogLocal(ulong asked);

    [LoggerMessage(Level = LogLevel.Warning, Message = "fall-back to=others nodes={Nodes} silentMs={Silent}: this node's server does not answer")]
    private partial void LogAway(int nodes, long silent);
}
