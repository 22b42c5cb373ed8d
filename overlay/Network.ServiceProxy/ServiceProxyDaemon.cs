using System.Net.Sockets;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Network.Iptables;
using Network.Linux;
using Network.Netlink.Netfilter;
using Network.ServiceProxy.Backends;
using Network.ServiceProxy.Backends.Iptables;
using Network.ServiceProxy.Backends.Nftables;
using Network.ServiceProxy.Conntrack;
using Network.ServiceProxy.Model;

namespace Network.ServiceProxy;

/// <summary>
/// Keeps a node's service rules equal to the services. Changes that come while a pass runs are taken together by the next. When
/// the kernel refuses, the last good rules stay and it is tried again, later each time. Rules that others change are repaired when
/// the kernel tells of it; nothing is polled.
/// </summary>
public sealed partial class ServiceProxyDaemon(ProxySettings settings, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan s_firstRetry = TimeSpan.FromMilliseconds(500), s_lastRetry = TimeSpan.FromSeconds(30);
    private readonly Channel<Wish> _wishes = Channel.CreateUnbounded<Wish>();
    private readonly Dictionary<string, ServicePort> _services = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ServicePort?> _former = new(StringComparer.Ordinal);
    private readonly List<DateTimeOffset> _triggers = [];
    private readonly List<long> _arrivals = [];
    private IReadOnlyDictionary<string, string> _refused = new Dictionary<string, string>();
    private long _waitingSince;
    private int _untaken;
    private bool _known;
    private bool _all = true;

    /// <summary>True once the first set is in the kernel.</summary>
    public bool IsReady { get; private set; }

    /// <summary>How the rules are written, once that is decided.</summary>
    public ProxyMode? Mode { get; private set; }

    /// <summary>Why the last pass failed; null when it did not.</summary>
    public string? Refusal { get; private set; }

    /// <summary>Service ports that are not programmed as they should be, and why.</summary>
    public IReadOnlyDictionary<string, string> RefusedServices => Volatile.Read(ref _refused);

    /// <summary>How long the oldest change has been waiting for the kernel.</summary>
    public TimeSpan Waiting => Interlocked.Read(ref _waitingSince) is var since and not 0 ? time.GetElapsedTime(since) : TimeSpan.Zero;

    /// <summary>Something is not in the kernel as it should be, and why: a service port by its key, or everything with null. Said once until it changes.</summary>
    public event Action<string?, string>? Refusing;

    /// <summary>The full set of services. Returns at once.</summary>
    public void Apply(IReadOnlyCollection<ServicePort> services) => Post(new Wish { All = services });

    /// <summary>Some service ports, new or changed, and keys of some that are gone. Returns at once.</summary>
    /// <param name="trigger">When what caused the change happened; null when that is not known.</param>
    public void Change(IReadOnlyCollection<ServicePort> changed, IReadOnlyCollection<string> removed, DateTimeOffset? trigger = null) =>
        Post(new Wish { Changed = changed, Removed = removed, Trigger = trigger });

    public async Task RunAsync(CancellationToken cancel)
    {
        var (routes, unset) = NodeSetup.Ensure(settings);
        if (routes.Count > 0)
            LogRoutes(settings.NodeName, string.Join(',', routes));
        if (unset.Count > 0)
            LogUnset(settings.NodeName, string.Join(' ', unset));
        using var backend = await OpenAsync(cancel).ConfigureAwait(false);
        Mode = backend.Mode;
        // Rules of old iptables send no events.
        await using var audit = backend.TellsOfChanges ? null : Every(settings.AuditInterval);
        var retry = s_firstRetry;
        while (await _wishes.Reader.WaitToReadAsync(cancel).ConfigureAwait(false))
        {
            var auditing = false;
            while (_wishes.Reader.TryRead(out var wish))
                auditing |= Take(wish, backend);
            if (!_known || (!auditing && !_all && _former.Count == 0))
                continue;
            if (await PassAsync(backend, auditing, cancel).ConfigureAwait(false))
                retry = s_firstRetry;
            else
            {
                // A newer set may be waiting by then; it is taken with what is left.
                await Task.Delay(retry, time, cancel).ConfigureAwait(false);
                retry = TimeSpan.FromTicks(Math.Min(retry.Ticks * 2, s_lastRetry.Ticks));
                _wishes.Writer.TryWrite(new Wish { Audit = true });
            }
        }
    }

    /// <summary>Takes all rules of a namespace away, however they were written.</summary>
    public static async Task RemoveAsync(ProxySettings settings, CancellationToken cancel)
    {
        using (var nftables = NftablesBackend.IsUsable(settings.NetNs) ? new NftablesBackend(settings, _ => { }) : null)
        {
            if (nftables is not null)
                await nftables.RemoveAsync(cancel).ConfigureAwait(false);
        }

        await IptablesBackend.RemoveAllAsync(settings, cancel).ConfigureAwait(false);
        NodeSetup.RemoveRoutes(settings.NetNs);
        Announce.BalancedAddresses.Remove(settings.NetNs);
    }

    private async Task<IProxyBackend> OpenAsync(CancellationToken cancel)
    {
        var mode = settings.Mode ?? (NftablesBackend.IsUsable(settings.NetNs) ? ProxyMode.Nftables : ProxyMode.Iptables);
        LogMode(settings.NodeName, mode);
        return mode == ProxyMode.Nftables
            ? new NftablesBackend(settings, Touched)
            : await IptablesBackend.OpenAsync(settings, Touched, cancel).ConfigureAwait(false);

        void Touched(uint generation) => _wishes.Writer.TryWrite(new Wish { Touched = generation });
    }

    private void Post(Wish wish)
    {
        var now = time.GetTimestamp();
        Interlocked.Increment(ref _untaken);
        Interlocked.CompareExchange(ref _waitingSince, now, 0);
        _wishes.Writer.TryWrite(wish with { Arrived = now });
    }

    // True when the rules have to be looked at.
    private bool Take(Wish wish, IProxyBackend backend)
    {
        if (wish.All is { } all)
        {
            _known = true;
            var keys = all.Select(service => service.Key).ToHashSet(StringComparer.Ordinal);
            foreach (var gone in _services.Keys.Where(key => !keys.Contains(key)).ToList())
                Put(gone, null);
            foreach (var service in all)
                Put(service.Key, service);
        }

        foreach (var service in wish.Changed)
            Put(service.Key, service);
        foreach (var gone in wish.Removed)
            Put(gone, null);
        if (wish.Trigger is { } trigger)
            _triggers.Add(trigger);
        if (wish.Arrived != 0)
        {
            Interlocked.Decrement(ref _untaken);
            _arrivals.Add(wish.Arrived);
        }

        return wish.Audit || (wish.Touched is { } generation && backend.IsForeign(generation));
    }

    private void Put(string key, ServicePort? service)
    {
        var former = _services.GetValueOrDefault(key);
        if (Equals(former, service))
            return;
        _former.TryAdd(key, former);
        if (service is null)
            _services.Remove(key);
        else
            _services[key] = service;
    }

    private async Task<bool> PassAsync(IProxyBackend backend, bool auditing, CancellationToken cancel)
    {
        var started = time.GetTimestamp();
        try
        {
            if (auditing && IsReady && Refusal is null && !await backend.IsIntactAsync(cancel).ConfigureAwait(false))
            {
                backend.Forget();
                _all = true;
                ProxyMetrics.Repairs.Add(1);
                LogRepairing(settings.NodeName);
            }

            if (!_all && _former.Count == 0)
                return true;
            var full = _all;
            await backend.ProgramAsync(new ProxyPass(_services, _all ? null : _former.Keys), cancel).ConfigureAwait(false);
            await FinishAsync(backend, cancel).ConfigureAwait(false);
            var elapsed = time.GetElapsedTime(started);
            ProxyMetrics.Passed(backend, full, elapsed, time.GetUtcNow());
            LogProgrammed(settings.NodeName, backend.Mode, _services.Count, backend.Written, elapsed.TotalMilliseconds);
            return true;
        }
        catch (Exception e) when (e is IptablesException or LinuxException or IOException or ArgumentException)
        {
            if (Refusal != e.Message)
                Refusing?.Invoke(null, e.Message);
            Refusal = e.Message;
            ProxyMetrics.Failed(backend);
            LogRefused(settings.NodeName, e.Message);
            backend.Forget();
            _all = true;
            return false;
        }
    }

    private async Task FinishAsync(IProxyBackend backend, CancellationToken cancel)
    {
        foreach (var trigger in _triggers)
            ProxyMetrics.Programming.Record(Math.Max(0, (time.GetUtcNow() - trigger).TotalSeconds));
        _triggers.Clear();
        foreach (var arrived in _arrivals)
            ProxyMetrics.Committing.Record(time.GetElapsedTime(arrived).TotalSeconds);
        _arrivals.Clear();
        ReconcileConnections();
        if (!IsReady)
            await RemoveOtherAsync(backend.Mode, cancel).ConfigureAwait(false);
        ReportRefused(backend);
        _former.Clear();
        _all = false;
        Refusal = null;
        IsReady = true;
        // What else stands in the queue, such as an audit, is no change that waits.
        if (Volatile.Read(ref _untaken) == 0)
            Interlocked.Exchange(ref _waitingSince, 0);
    }

    private void ReportRefused(IProxyBackend backend)
    {
        var refused = backend.Refused.DistinctBy(pair => pair.Key).ToDictionary(pair => pair.Key, pair => pair.Value, StringComparer.Ordinal);
        foreach (var (key, why) in refused.Where(pair => _refused.GetValueOrDefault(pair.Key) != pair.Value))
        {
            LogServiceRefused(settings.NodeName, key, why);
            Refusing?.Invoke(key, why);
        }

        Volatile.Write(ref _refused, refused);
    }

    // Rules of the other kind would rewrite packets a second time. They go once ours stand.
    private async Task RemoveOtherAsync(ProxyMode mode, CancellationToken cancel)
    {
        if (mode == ProxyMode.Nftables)
            await IptablesBackend.RemoveAllAsync(settings, cancel).ConfigureAwait(false);
        else if (NftablesBackend.IsUsable(settings.NetNs))
        {
            using var nftables = new NftablesBackend(settings, _ => { });
            await nftables.RemoveAsync(cancel).ConfigureAwait(false);
        }
    }

    // After the rules, else a packet in between would make the stale entry anew.
    private void ReconcileConnections()
    {
        var stale = new StaleConnections(NodeSetup.LocalAddresses(settings.NetNs));
        foreach (var service in _all ? _services.Values : _former.Keys.Select(key => _services.GetValueOrDefault(key)).OfType<ServicePort>())
        {
            stale.Add(service);
            if (_all)
                stale.AddBegun(service);
        }

        foreach (var service in _former.Values.OfType<ServicePort>())
            stale.AddFormer(service);
        if (stale.IsEmpty)
            return;
        using var connections = ConntrackSocket.Open(settings.NetNs);
        var removed = connections.Delete(AddressFamily.InterNetwork, stale.IsStale) + connections.Delete(AddressFamily.InterNetworkV6, stale.IsStale);
        if (removed == 0)
            return;
        ProxyMetrics.StaleConnections.Add(removed);
        LogStale(settings.NodeName, removed);
    }

    private ITimer Every(TimeSpan interval) => time.CreateTimer(_ => _wishes.Writer.TryWrite(new Wish { Audit = true }), null, interval, interval);

    [LoggerMessage(Level = LogLevel.Information, Message = "service rules node={Node} mode={Mode}")]
    private partial void LogMode(string node, ProxyMode mode);

    [LoggerMessage(Level = LogLevel.Information, Message = "node had no route to service addresses, added node={Node} routes={Routes}")]
    private partial void LogRoutes(string node, string routes);

    [LoggerMessage(Level = LogLevel.Warning, Message = "kernel parameters could not be set, set them on the host node={Node} sysctl: {Unset}")]
    private partial void LogUnset(string node, string unset);

    [LoggerMessage(Level = LogLevel.Information, Message = "programmed node={Node} mode={Mode} ports={Ports} written={Written} ms={Milliseconds:0.0}")]
    private partial void LogProgrammed(string node, ProxyMode mode, int ports, int written, double milliseconds);

    [LoggerMessage(Level = LogLevel.Information, Message = "connections to former endpoints removed node={Node} count={Count}")]
    private partial void LogStale(string node, int count);

    [LoggerMessage(Level = LogLevel.Warning, Message = "rules were changed by others, writing all again node={Node}")]
    private partial void LogRepairing(string node);

    [LoggerMessage(Level = LogLevel.Warning, Message = "rules refused node={Node}: {Reason}")]
    private partial void LogRefused(string node, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "service refused, others stand node={Node} service={Service}: {Reason}")]
    private partial void LogServiceRefused(string node, string service, string reason);

    private readonly record struct Wish()
    {
        internal IReadOnlyCollection<ServicePort>? All { get; init; }

        internal IReadOnlyCollection<ServicePort> Changed { get; init; } = [];

        internal IReadOnlyCollection<string> Removed { get; init; } = [];

        internal DateTimeOffset? Trigger { get; init; }

        /// <summary>When we were told; 0 for what we found ourselves.</summary>
        internal long Arrived { get; init; }

        /// <summary>Generation of a commit to what is ours in nf_tables; 0 when some may have been missed.</summary>
        internal uint? Touched { get; init; }

        internal bool Audit { get; init; }
    }
}
