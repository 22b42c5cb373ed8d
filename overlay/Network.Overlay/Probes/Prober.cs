using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;

namespace Network.Overlay;

/// <summary>
/// Asks every peer's daemon through the way pods' packets take, and answers theirs: round trip, loss, path MTU, and
/// whether checksums survive. One loop owns all state; answers come to it from the sockets by a queue.
/// </summary>
internal sealed class Prober : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(1), s_reopen = TimeSpan.FromSeconds(1);

    // All questions together: thousands of new peers are asked in turn, never at once.
    private static readonly TimeSpan s_leastGap = TimeSpan.FromMilliseconds(1);
    private readonly OverlaySettings _settings;
    private readonly TimeProvider _time;
    private readonly Channel<Command> _commands = Channel.CreateUnbounded<Command>(new UnboundedChannelOptions { SingleReader = true });
    private readonly ConcurrentDictionary<IPAddress, byte> _known = new();
    private readonly ConcurrentDictionary<(string Node, AddressFamily Family), ProbeState> _states = new();
    private readonly Dictionary<int, ProbeTarget> _targets = [];
    private readonly Dictionary<string, List<int>> _targetsOf = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Peer> _peers = new(StringComparer.Ordinal);
    private readonly PriorityQueue<int, long> _due = new();
    private readonly Dictionary<AddressFamily, (IPAddress Local, Socket Checked, Socket? Unchecked, CancellationTokenSource Stop)> _sockets = [];
    private readonly ConcurrentDictionary<AddressFamily, string> _faults = new();
    private readonly List<ProbeQuestion> _lost = [];
    private readonly byte[] _buffer = new byte[ushort.MaxValue];
    private readonly SemaphoreSlim _wake = new(0);
    private readonly ChecksumTest _checksum = new();
    private OverlayPlan? _plan;
    private int _lastTarget;
    private long _opened;
    private long _freeSlot;

    internal Prober(OverlaySettings settings, TimeProvider time) => (_settings, _time) = (settings, time);

    /// <summary>Raised on the prober's loop when a way was found to carry another size than before.</summary>
    internal event Action<string, int>? PathMtuFound;

    /// <summary>Raised on the prober's loop when the device should compute checksums, or should not.</summary>
    internal event Action<bool>? OffloadWanted;

    /// <summary>Raised on the prober's loop when a family cannot be probed, once a reason.</summary>
    internal event Action<string>? Faulted;

    /// <summary>Why a family is not probed at present; null when all are.</summary>
    internal string? Fault => _faults.IsEmpty ? null : string.Join("; ", _faults.Values.Distinct());

    internal ChecksumVerdict Checksum => _checksum.Verdict;

    internal void Follow(OverlayPlan plan) => Post(new Command { Plan = plan });

    internal void Follow(PeerChange change) => Post(new Command { Change = change });

    /// <summary>What is known of a peer by one family; null when it is not asked.</summary>
    internal ProbeState? StateOf(string node, AddressFamily family) => _states.GetValueOrDefault((node, family));

    internal IEnumerable<KeyValuePair<(string Node, AddressFamily Family), ProbeState>> States => _states;

    internal async Task RunAsync(CancellationToken cancel)
    {
        try
        {
            while (true)
            {
                while (_commands.Reader.TryRead(out var command))
                    Obey(command);
                Reopen();
                AskDue();
                await _wake.WaitAsync(UntilNext(), cancel).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            // Asked to stop; what was learned stays readable.
        }
    }

    public void Dispose()
    {
        foreach (var family in _sockets.Keys.ToList())
            Close(family);
        _wake.Dispose();
    }

    // One sign is enough until the loop has looked.
    private void Post(Command command)
    {
        _commands.Writer.TryWrite(command);
        if (_wake.CurrentCount == 0)
            _wake.Release();
    }

    private TimeSpan UntilNext()
    {
        var most = _faults.IsEmpty ? Timeout.InfiniteTimeSpan : s_reopen;
        if (!_due.TryPeek(out _, out var due))
            return most;
        var left = TimeSpan.FromSeconds((due - _time.GetTimestamp()) / (double)_time.TimestampFrequency);
        if (most != Timeout.InfiniteTimeSpan && left > most)
            return most;
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }

    private void Obey(Command command)
    {
        if (command.Plan is { } plan)
            Adopt(plan);
        if (command.Change is { } change)
            Replace(change.NodeName, change.Former, change.Current);
        if (command.Answer is { } answer)
            Take(answer, command.At);
    }

    private void Adopt(OverlayPlan plan)
    {
        _plan = plan;
        foreach (var family in PerFamily<int>.Families)
        {
            var local = LocalAddress(plan, family);
            if (_sockets.TryGetValue(family, out var open) && open.Local.Equals(local))
                continue;
            Close(family);
            _faults.TryRemove(family, out _);
            if (local is not null)
                Open(family, local);
        }

        AskAnew();
    }

    private void AskAnew()
    {
        foreach (var peer in _peers.Values.ToList())
            Replace(peer.NodeName, peer, peer);
    }

    // Whoever holds the port may leave it.
    private void Reopen()
    {
        if (_faults.IsEmpty || _plan is not { } plan || _time.GetElapsedTime(_opened) < s_reopen)
            return;
        var opened = false;
        foreach (var family in _faults.Keys)
            opened |= LocalAddress(plan, family) is { } local && Open(family, local);
        if (opened)
            AskAnew();
    }

    // Plain routes need no device, and without one there is no address of our own in the pod range.
    private static IPAddress? LocalAddress(OverlayPlan plan, AddressFamily family) => plan.Tunnels.Count == 0
        ? plan.Underlay.AddressOf(family)
        : plan.Settings.PodCidrs[family]?.BaseAddress;

    private static IPAddress? RemoteAddress(OverlayPlan plan, Peer peer, AddressFamily family) => plan.Tunnels.Count == 0
        ? peer.Ends[family]?.Address
        : peer.PodCidrs[family]?.BaseAddress;

    private bool Open(AddressFamily family, IPAddress local)
    {
        _opened = _time.GetTimestamp();
        try
        {
            var ordinary = ProbeSocket.Open(_settings.NetNs, new IPEndPoint(local, _settings.ProbePort), withChecksum: true);
            var without = family == AddressFamily.InterNetwork ? ProbeSocket.Open(_settings.NetNs, new IPEndPoint(local, 0), withChecksum: false) : null;
            var stop = new CancellationTokenSource();
            _sockets[family] = (local, ordinary, without, stop);
            _ = ListenAsync(ordinary, ordinary, without, stop.Token);
            if (without is not null)
                _ = ListenAsync(without, ordinary, without, stop.Token);
            _faults.TryRemove(family, out _);
            return true;
        }
        catch (SocketException e)
        {
            var fault = $"no probes by {local}: UDP port {_settings.ProbePort} cannot be bound ({e.SocketErrorCode}); end who holds it, or choose another --probe-port";
            if (_faults.GetValueOrDefault(family) != fault)
                Faulted?.Invoke(fault);
            _faults[family] = fault;
            return false;
        }
    }

    private void Close(AddressFamily family)
    {
        if (!_sockets.Remove(family, out var open))
            return;
        open.Stop.Cancel();
        open.Checked.Dispose();
        open.Unchecked?.Dispose();
        open.Stop.Dispose();
    }

    private void Replace(string node, Peer? former, Peer? current)
    {
        foreach (var old in _targetsOf.GetValueOrDefault(node) ?? [])
        {
            if (_targets.Remove(old, out var gone))
                _states.TryRemove((node, gone.Address.AddressFamily), out _);
        }

        _targetsOf.Remove(node);
        _peers.Remove(node);
        foreach (var address in Addresses(former))
            _known.TryRemove(address, out _);
        if (current is null || _plan is not { } plan)
            return;
        _peers[node] = current;
        foreach (var address in Addresses(current))
            _known[address] = 0;
        if (current.ProbePort == 0)
            return;
        var ids = new List<int>();
        foreach (var family in PerFamily<int>.Families.Where(_sockets.ContainsKey))
        {
            if (RemoteAddress(plan, current, family) is not { } address)
                continue;
            var least = family == AddressFamily.InterNetwork ? 576 : 1280;
            var target = new ProbeTarget(node, new IPEndPoint(address, current.ProbePort), new PathMtuSearch(least, Math.Max(plan.PodMtu, least)), _settings.ProbeInterval);
            ids.Add(++_lastTarget);
            _targets[_lastTarget] = target;
            _states[(node, family)] = target.State;
            _freeSlot = Math.Max(_freeSlot, _time.GetTimestamp());
            _due.Enqueue(_lastTarget, _freeSlot);
            _freeSlot += Ticks(s_leastGap);
        }

        _targetsOf[node] = ids;
    }

    private static IEnumerable<IPAddress> Addresses(Peer? peer) => peer is null
        ? []
        : peer.PodCidrs.Present.Select(range => range.BaseAddress).Concat(peer.Ends.Present.Select(end => end.Address));

    private void AskDue()
    {
        var now = _time.GetTimestamp();
        var patience = Ticks(s_patience);
        while (_due.TryPeek(out var id, out var due) && due <= now)
        {
            _due.Dequeue();
            if (!_targets.TryGetValue(id, out var target))
                continue;
            Expire(target, now - patience);
            foreach (var size in target.NextSizes())
                Send(id, target, size, withoutChecksum: false);
            if (_checksum.WantsUnchecked)
                Send(id, target, 0, withoutChecksum: true);
            Announce(target);
            _due.Enqueue(id, now + Math.Max(Ticks(target.Pause()), _targets.Count * Ticks(s_leastGap)));
        }
    }

    private long Ticks(TimeSpan time) => (long)(time.TotalSeconds * _time.TimestampFrequency);

    private void Expire(ProbeTarget target, long before)
    {
        var offload = _checksum.OffloadOn;
        _lost.Clear();
        target.Expire(before, _lost);
        foreach (var lost in _lost)
        {
            if (lost is { Size: 0, Unchecked: false })
                _checksum.OrdinaryLost();
        }

        if (_checksum.OffloadOn != offload)
            OffloadWanted?.Invoke(_checksum.OffloadOn);
    }

    private void Send(int id, ProbeTarget target, int size, bool withoutChecksum)
    {
        var family = target.Address.AddressFamily;
        if (!_sockets.TryGetValue(family, out var sockets) || (withoutChecksum ? sockets.Unchecked : sockets.Checked) is not { } socket)
            return;
        var headers = family == AddressFamily.InterNetwork ? 28 : 48;
        var length = size == 0 ? ProbePacket.HeaderSize : Math.Max(size - headers, ProbePacket.HeaderSize);
        var question = target.Ask(size, withoutChecksum, _time.GetTimestamp());
        new ProbePacket(IsAnswer: false, withoutChecksum, size, id, question.Sequence, question.SentAt).Write(_buffer);
        try
        {
            socket.SendTo(_buffer.AsSpan(0, length), SocketFlags.None, target.Serialized);
        }
        catch (SocketException e)
        {
            // Too large for the device; or no way at present, which shows as loss when the patience ends.
            if (e.SocketErrorCode == SocketError.MessageSize)
                target.Refused(question);
        }
    }

    private void Take(ProbePacket answer, long at)
    {
        if (!_targets.TryGetValue(answer.Target, out var target)
            || target.Answered(answer.Sequence, _time.GetElapsedTime(answer.SentAt, at), _time.GetUtcNow()) is not { } question)
            return;
        if (question.Unchecked)
            _checksum.UncheckedArrived();
        else
            _checksum.OrdinaryArrived();
        Announce(target);
    }

    private void Announce(ProbeTarget target)
    {
        var key = (target.Node, target.Address.AddressFamily);
        var former = _states.GetValueOrDefault(key)?.PathMtu ?? 0;
        _states[key] = target.State;
        if (target.State.PathMtu != 0 && target.State.PathMtu != former)
            PathMtuFound?.Invoke(target.Node, _targetsOf[target.Node].Select(id => _targets[id].State.PathMtu).Where(mtu => mtu != 0).Min());
    }

    private async Task ListenAsync(Socket socket, Socket ordinary, Socket? without, CancellationToken stop)
    {
        var buffer = GC.AllocateUninitializedArray<byte>(ushort.MaxValue);
        var from = new SocketAddress(socket.AddressFamily);
        while (!stop.IsCancellationRequested)
        {
            try
            {
                var length = await socket.ReceiveFromAsync(buffer, SocketFlags.None, from, stop).ConfigureAwait(false);
                if (!ProbePacket.TryRead(buffer.AsSpan(0, length), out var packet) || new IPEndPoint(0, 0).Create(from) is not IPEndPoint sender || !_known.ContainsKey(Plain(sender.Address)))
                    continue;
                if (packet.IsAnswer)
                {
                    Post(new Command { Answer = packet, At = _time.GetTimestamp() });
                    continue;
                }

                (packet with { IsAnswer = true }).Write(buffer);
                var speaker = packet.Unchecked ? without ?? ordinary : ordinary;
                await speaker.SendToAsync(buffer.AsMemory(0, ProbePacket.HeaderSize), SocketFlags.None, sender, stop).ConfigureAwait(false);
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException)
            {
                // An ICMP error of an earlier answer, or no way back at present; the next question is another try.
            }
        }
    }

    private static IPAddress Plain(IPAddress address) => address.AddressFamily != AddressFamily.InterNetworkV6 || address.ScopeId == 0 ? address : new IPAddress(address.GetAddressBytes());

    /// <summary>One thing told to the loop; the members that are not null.</summary>
    private readonly record struct Command
    {
        internal OverlayPlan? Plan { get; init; }

        internal PeerChange? Change { get; init; }

        internal ProbePacket? Answer { get; init; }

        internal long At { get; init; }
    }
}
