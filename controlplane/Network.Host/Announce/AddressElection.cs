using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Threading.Channels;
using k8s.Models;
using Microsoft.Extensions.Logging;
using Network.Client;
using Network.Host.Roles;
using Network.Netlink;
using Network.ServiceProxy.Announce;

namespace Network.Host.Announce;

/// <summary>
/// Decides which load balancers' addresses this node answers for: those whose lease it holds, while its session is valid. A holder that is
/// silent is followed by another node within <see cref="Holding.Dead"/> and a moment; the rules by which never two answer are in <see cref="Holding"/>.
/// </summary>
internal sealed partial class AddressElection
{
    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(1), s_conflict = TimeSpan.FromSeconds(15);
    private readonly AgentOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly AddressLeases _leases;
    private readonly Informer<V1Lease> _informer;
    private readonly EventRecorder _events;
    private readonly HoldingView _view;
    private readonly BalancedAddresses _kernel = new(null);
    private readonly ConcurrentDictionary<string, IReadOnlyDictionary<IPAddress, V1ObjectReference?>> _services = new(StringComparer.Ordinal);
    private readonly Dictionary<IPAddress, V1Lease> _held = [];
    private readonly Dictionary<IPAddress, long> _notBefore = [];
    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private AddressAnnouncer? _announcer;
    private string _session = "";
    private IReadOnlyList<IPNetwork> _segments = [];
    private long _renewed;

    internal AddressElection(AgentOptions options, ApiClient client, TimeProvider time, ILogger logger)
    {
        (_options, _time, _logger) = (options, time, logger);
        _leases = new AddressLeases(client, options.Node, time);
        _view = new HoldingView(time);
        _events = new EventRecorder(client, "podnet-announcer", options.Node, time, logger);
        _informer = new Informer<V1Lease>(client, Resources.Leases, AddressLeases.Query, logger);
        _informer.ConnectionChanged += connected =>
        {
            _view.Hearing(connected);
            Wake();
        };
        _informer.Changed += change =>
        {
            if (AddressLeases.IsSession(change.Object))
                _view.Saw(change.Object.Spec.HolderIdentity ?? "", change.Object.Metadata.ResourceVersion);
            else
                Wake();
        };
    }

    /// <summary>The node is not to answer for anything: it is being taken out of service.</summary>
    internal bool IsOut { get; set; }

    /// <summary>A service's addresses; with the service where this node may answer, null where it may not. None: the service has none any more.</summary>
    internal void Put(string service, IReadOnlyDictionary<IPAddress, V1ObjectReference?> addresses)
    {
        if (addresses.Count == 0 ? _services.TryRemove(service, out _) : !Same(_services.GetValueOrDefault(service), addresses))
        {
            if (addresses.Count > 0)
                _services[service] = addresses;
            Wake();
        }
    }

    internal void Wake() => _wake.Writer.TryWrite(true);

    /// <summary>Until cancelled; a failure begins anew with nothing held.</summary>
    internal async Task RunAsync(CancellationToken cancel)
    {
        while (_options.NodeAddress is not null && !cancel.IsCancellationRequested)
        {
            try
            {
                await HoldAsync(cancel).ConfigureAwait(false);
            }
            catch (Exception e) when (e is SocketException or Linux.LinuxException)
            {
                LogFailed(e.Message);
                await Task.Delay(s_pause, _time, cancel).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task HoldAsync(CancellationToken cancel)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        using var announcer = await OpenAsync(cancel).ConfigureAwait(false);
        _announcer = announcer;
        announcer.Conflict += OnConflict;
        var background = Task.WhenAll(announcer.RunAsync(stop.Token), _informer.RunAsync(stop.Token), _events.RunAsync(stop.Token));
        try
        {
            await _informer.Synced.WaitAsync(cancel).ConfigureAwait(false);
            while (true)
                await WaitAsync(await StepAsync(cancel).ConfigureAwait(false), cancel).ConfigureAwait(false);
        }
        finally
        {
            await LeaveAsync().ConfigureAwait(false);
            await stop.CancelAsync().ConfigureAwait(false);
            await background.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    // The device whose segment the node stands in; it may come up later than we do.
    private async Task<AddressAnnouncer> OpenAsync(CancellationToken cancel)
    {
        while (true)
        {
            using (var socket = RouteSocket.Open())
            {
                if (socket.Addresses().FirstOrDefault(address => address.Address.Equals(_options.NodeAddress)) is { } own
                    && socket.Links().FirstOrDefault(link => link.Index == own.LinkIndex) is { Mac: not null } link)
                {
                    _segments = [.. socket.Addresses().Where(address => address.LinkIndex == link.Index && !address.Address.IsIPv6LinkLocal).Select(address => new IPNetwork(Masked(address.Address, address.PrefixLength), address.PrefixLength))];
                    return new AddressAnnouncer(null, link, () => _view.MayAnswer, _time, _logger);
                }
            }

            LogNoDevice(_options.NodeAddress);
            await Task.Delay(s_pause, _time, cancel).ConfigureAwait(false);
        }
    }

    /// <summary>One look at everything; how long until the next is due.</summary>
    private async Task<TimeSpan> StepAsync(CancellationToken cancel)
    {
        try
        {
            var wanted = Wanted();
            ProgramKernel(wanted.Keys);
            await KeepAsync(wanted, cancel).ConfigureAwait(false);
            var next = await GainAsync(wanted, cancel).ConfigureAwait(false);
            return _held.Count > 0 ? Min(next, UntilRenewal()) : next;
        }
        catch (Exception e) when (e is ApiException or HttpRequestException or IOException)
        {
            // A server that refuses connections is down for everybody: nobody can take over from us, so we go on.
            if (IsRefused(e))
                _view.Prolong(_time.GetTimestamp(), first: false);
            LogRetry(e.Message);
            return TimeSpan.FromMilliseconds(100);
        }
    }

    // Renews what we hold and gives up what we must not hold.
    private async Task KeepAsync(Dictionary<IPAddress, V1ObjectReference?> wanted, CancellationToken cancel)
    {
        if (_held.Count == 0)
            return;
        if (!_view.MayAnswer)
        {
            Lapse();
            return;
        }

        foreach (var (address, lease) in _held.ToList())
        {
            if (_informer.Find(AddressLeases.KeyOf(address)) is { } seen && long.Parse(seen.Metadata.ResourceVersion) > long.Parse(lease.Metadata.ResourceVersion))
                Drop(address);
            else if (wanted.GetValueOrDefault(address) is null)
            {
                Drop(address);
                await (wanted.ContainsKey(address) ? _leases.GiveAsync(lease, cancel) : _leases.RemoveAsync(lease, cancel)).ConfigureAwait(false);
            }
        }

        if (_held.Count > 0 && UntilRenewal() <= TimeSpan.Zero)
            await RenewAsync(first: false, cancel).ConfigureAwait(false);
    }

    private async Task<TimeSpan> GainAsync(Dictionary<IPAddress, V1ObjectReference?> wanted, CancellationToken cancel)
    {
        var next = Timeout.InfiniteTimeSpan;
        foreach (var (address, service) in wanted)
        {
            if (service is null || _held.ContainsKey(address))
                continue;
            var lease = _informer.Find(AddressLeases.KeyOf(address));
            var holder = lease?.Spec?.HolderIdentity ?? "";
            var wait = Max(holder.Length == 0 ? TimeSpan.Zero : _view.UntilDead(holder), Turn(address, lease));
            if (wait > TimeSpan.Zero)
                next = Min(next, wait);
            else if (!await TakeAsync(address, service, lease, cancel).ConfigureAwait(false))
                next = Min(next, TimeSpan.FromMilliseconds(100));
        }

        foreach (var lease in _informer.Items.Values.Where(lease => AddressLeases.AddressOf(lease) is { } address && !wanted.ContainsKey(address)).ToList())
        {
            if (lease.Spec.HolderIdentity is not { Length: > 0 } holder || _view.UntilDead(holder) == TimeSpan.Zero)
                await _leases.RemoveAsync(lease, cancel).ConfigureAwait(false);
        }

        return next;
    }

    // Each node waits another moment before it takes what is free, so that addresses spread over the nodes and few meet.
    private TimeSpan Turn(IPAddress address, V1Lease? lease)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes($"{_options.Node}#{address}"));
        var due = _notBefore.GetValueOrDefault(address);
        if (due == 0)
            due = _notBefore[address] = _time.GetTimestamp() + (long)((hash[0] * 0.7 / 1000 + (lease?.Spec?.HolderIdentity is { Length: > 0 } holder ? _view.UntilDead(holder).TotalSeconds : 0)) * _time.TimestampFrequency);
        var left = due - _time.GetTimestamp();
        return left <= 0 ? TimeSpan.Zero : TimeSpan.FromSeconds((double)left / _time.TimestampFrequency) + TimeSpan.FromMilliseconds(1);
    }

    private async Task<bool> TakeAsync(IPAddress address, V1ObjectReference service, V1Lease? lease, CancellationToken cancel)
    {
        // A watch may lag behind; what the server says now counts.
        if (lease?.Spec?.HolderIdentity is { Length: > 0 } holder)
        {
            var version = await _leases.SessionVersionAsync(holder, cancel).ConfigureAwait(false);
            if (version.Length > 0 && version != _view.VersionOf(holder))
            {
                _view.Saw(holder, version);
                return false;
            }
        }

        if (_held.Count == 0 && !await RenewAsync(first: true, cancel).ConfigureAwait(false))
            return false;
        _notBefore.Remove(address);
        if (await _leases.TakeAsync(address, lease, _session, cancel).ConfigureAwait(false) is not { } taken)
            return false;
        _held[address] = taken;
        if (await _announcer!.ProbeAsync(address, cancel).ConfigureAwait(false) is { } other)
        {
            _notBefore[address] = _time.GetTimestamp() + (long)(s_conflict.TotalSeconds * _time.TimestampFrequency);
            LogTaken(address, other.ToString());
            _events.Record(service, "Warning", "AddressInUse", $"{address} is answered by {other}, which is no node of this cluster; node {_options.Node} does not announce it. Take it from that host, or out of the pool");
            _held.Remove(address);
            await _leases.GiveAsync(taken, cancel).ConfigureAwait(false);
            return true;
        }

        if (!_view.MayAnswer)
            return false;
        _announcer.Add(address);
        _events.Record(service, "Normal", "AddressAnnounced", $"node {_options.Node} answers for {address}");
        return true;
    }

    private async Task<bool> RenewAsync(bool first, CancellationToken cancel)
    {
        if (first)
            _session = $"{_options.Node}#{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4))}";
        var sent = _time.GetTimestamp();
        await _leases.RenewAsync(_session, cancel).ConfigureAwait(false);
        if (!_view.Prolong(sent, first))
        {
            Lapse();
            return false;
        }

        _renewed = sent;
        return true;
    }

    // Too late: others may hold what was ours. The session's name goes with it, so nothing of it is taken for ours later.
    private void Lapse()
    {
        LogLapsed(string.Join(',', _held.Keys));
        foreach (var address in _held.Keys.ToList())
            Drop(address);
        _view.End();
    }

    private void Drop(IPAddress address)
    {
        _announcer!.Remove(address);
        _held.Remove(address);
    }

    // Silent first, then say so: others take over at once.
    private async Task LeaveAsync()
    {
        var held = _held.ToList();
        foreach (var (address, _) in held)
            Drop(address);
        _view.End();
        try
        {
            foreach (var (_, lease) in held)
                await _leases.GiveAsync(lease, CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception e) when (e is ApiException or HttpRequestException or IOException)
        {
            LogRetry(e.Message);
        }
    }

    private void OnConflict(IPAddress address, MacAddress other)
    {
        foreach (var service in _services.Values.Select(addresses => addresses.GetValueOrDefault(address)).OfType<V1ObjectReference>())
            _events.Record(service, "Warning", "AddressConflict", $"{other} says that it has {address}; node {_options.Node} holds it and said so again");
    }

    private Dictionary<IPAddress, V1ObjectReference?> Wanted()
    {
        var wanted = new Dictionary<IPAddress, V1ObjectReference?>();
        foreach (var (address, service) in _services.Values.SelectMany(addresses => addresses))
        {
            if (_announcer?.Speaks(address.AddressFamily) == true && _segments.Any(segment => segment.Contains(address)))
                wanted[address] = IsOut ? null : service ?? wanted.GetValueOrDefault(address);
        }

        return wanted;
    }

    private void ProgramKernel(IEnumerable<IPAddress> addresses)
    {
        try
        {
            _kernel.Program([.. addresses]);
        }
        catch (Linux.LinuxException e)
        {
            LogKernel(e.Message);
        }
    }

    private async Task WaitAsync(TimeSpan most, CancellationToken cancel)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        if (most != Timeout.InfiniteTimeSpan)
            limit.CancelAfter(Max(most, TimeSpan.FromMilliseconds(1)));
        try
        {
            await _wake.Reader.ReadAsync(limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
        }
    }

    private TimeSpan UntilRenewal() => Holding.Renewal - _time.GetElapsedTime(_renewed);

    private static bool IsRefused(Exception e) => e is HttpRequestException { InnerException: SocketException { SocketErrorCode: SocketError.ConnectionRefused } };

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a == Timeout.InfiniteTimeSpan ? b : b == Timeout.InfiniteTimeSpan || a < b ? a : b;

    private static TimeSpan Max(TimeSpan a, TimeSpan b) => a > b ? a : b;

    private static bool Same(IReadOnlyDictionary<IPAddress, V1ObjectReference?>? a, IReadOnlyDictionary<IPAddress, V1ObjectReference?> b) =>
        a is not null && a.Count == b.Count && b.All(pair => a.TryGetValue(pair.Key, out var known) && known?.Uid == pair.Value?.Uid);

    private static IPAddress Masked(IPAddress address, int prefix)
    {
        var bytes = address.GetAddressBytes();
        for (var bit = prefix; bit < bytes.Length * 8; bit++)
            bytes[bit / 8] &= (byte)~(0x80 >> (bit % 8));
        return new IPAddress(bytes);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "no Ethernet device has the node's address, load balancers' addresses are not announced address={Address}")]
    private partial void LogNoDevice(IPAddress? address);

    [LoggerMessage(Level = LogLevel.Warning, Message = "announcing failed, beginning anew: {Reason}")]
    private partial void LogFailed(string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "announcements lapsed, the API server did not take the renewal in time addresses={Addresses}")]
    private partial void LogLapsed(string addresses);

    [LoggerMessage(Level = LogLevel.Warning, Message = "address={Address} is answered by another host mac={Mac}; not announced")]
    private partial void LogTaken(IPAddress address, string mac);

    [LoggerMessage(Level = LogLevel.Debug, Message = "leases of addresses: {Reason}")]
    private partial void LogRetry(string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "rules for load balancers' addresses refused: {Reason}")]
    private partial void LogKernel(string reason);
}
