using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Network.Netlink;

namespace Network.ServiceProxy.Announce;

/// <summary>
/// Answers ARP for the addresses this node was given, and for no others. Which those are is decided elsewhere; here they are told to
/// the segment, told again, and defended. The kernel does not know the addresses, so an agent that is gone answers nothing.
/// </summary>
/// <param name="mayAnswer">Asked before every answer: what this node was given may have run out a moment ago.</param>
public sealed partial class AddressAnnouncer(string? netNs, Link link, Func<bool> mayAnswer, TimeProvider time, ILogger logger) : IDisposable
{
    // Neighbours that missed the first may hear a later one; a switch that forgot hears the last again and again.
    private static readonly TimeSpan[] s_repeats = [TimeSpan.Zero, TimeSpan.FromMilliseconds(150), TimeSpan.FromSeconds(1.1), TimeSpan.FromSeconds(2.2), TimeSpan.FromSeconds(4.4)];
    private static readonly TimeSpan s_refresh = TimeSpan.FromSeconds(60), s_probe = TimeSpan.FromMilliseconds(100), s_defence = TimeSpan.FromSeconds(1);
    private readonly MacAddress _own = link.Mac ?? throw new ArgumentException($"{link.Name} has no Ethernet address, so nothing can be announced there");
    private readonly PacketSocket _socket = PacketSocket.Open(netNs, link.Index, ArpFrame.EtherType);
    private readonly ConcurrentDictionary<IPAddress, CancellationTokenSource> _owned = new();
    private readonly ConcurrentDictionary<IPAddress, TaskCompletionSource<MacAddress>> _probes = new();
    private readonly ConcurrentDictionary<IPAddress, long> _defended = new();

    /// <summary>Somebody else says that an address of ours is its.</summary>
    public event Action<IPAddress, MacAddress>? Conflict;

    public IEnumerable<IPAddress> Owned => _owned.Keys;

    public bool Owns(IPAddress address) => _owned.ContainsKey(address);

    public async Task RunAsync(CancellationToken cancel)
    {
        var buffer = new byte[2048];
        while (!cancel.IsCancellationRequested)
        {
            try
            {
                var length = await _socket.ReceiveAsync(buffer, cancel).ConfigureAwait(false);
                if (ArpFrame.TryParse(buffer.AsSpan(0, length), out var frame) && frame.SenderMac != _own)
                    Take(frame);
            }
            catch (SocketException e)
            {
                // The device went down; it may come back.
                LogSocket(link.Name, e.Message);
                await Task.Delay(s_probe, time, cancel).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Who has an address already; null when nobody answers in time.</summary>
    public async Task<MacAddress?> ProbeAsync(IPAddress address, CancellationToken cancel)
    {
        var answer = _probes[address] = new TaskCompletionSource<MacAddress>(TaskCreationOptions.RunContinuationsAsynchronously);
        try
        {
            Send(ArpFrame.Probe(address, _own));
            return await answer.Task.WaitAsync(s_probe, time, cancel).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            return null;
        }
        finally
        {
            _probes.TryRemove(address, out _);
        }
    }

    /// <summary>From now on this node answers for an address.</summary>
    public void Add(IPAddress address)
    {
        var stop = new CancellationTokenSource();
        if (!_owned.TryAdd(address, stop))
        {
            stop.Dispose();
            return;
        }

        LogOwned(address, link.Name);
        _ = RepeatAsync(address, stop.Token);
    }

    /// <summary>From now on this node is silent about an address.</summary>
    public void Remove(IPAddress address)
    {
        if (!_owned.TryRemove(address, out var stop))
            return;
        stop.Cancel();
        stop.Dispose();
        LogGiven(address, link.Name);
    }

    public void Dispose()
    {
        foreach (var address in _owned.Keys)
            Remove(address);
        _socket.Dispose();
    }

    private void Take(ArpFrame frame)
    {
        if (_probes.TryGetValue(frame.Sender, out var probe))
            probe.TrySetResult(frame.SenderMac);
        if (_owned.ContainsKey(frame.Sender) && mayAnswer())
            Defend(frame);
        else if (frame.IsRequest && _owned.ContainsKey(frame.Target) && mayAnswer())
            Send(frame.Answer(_own));
    }

    // At most once a second, else two that both defend would do nothing else (RFC 5227, section 2.4).
    private void Defend(ArpFrame frame)
    {
        if (_defended.TryGetValue(frame.Sender, out var last) && time.GetElapsedTime(last) < s_defence)
            return;
        _defended[frame.Sender] = time.GetTimestamp();
        LogConflict(frame.Sender, frame.SenderMac.ToString());
        Conflict?.Invoke(frame.Sender, frame.SenderMac);
        Announce(frame.Sender);
    }

    private async Task RepeatAsync(IPAddress address, CancellationToken stop)
    {
        try
        {
            var before = TimeSpan.Zero;
            foreach (var at in s_repeats)
            {
                await Task.Delay(at - before, time, stop).ConfigureAwait(false);
                before = at;
                Announce(address);
            }

            while (true)
            {
                await Task.Delay(s_refresh, time, stop).ConfigureAwait(false);
                Announce(address);
            }
        }
        catch (OperationCanceledException)
        {
        }
    }

    private void Announce(IPAddress address)
    {
        foreach (var frame in ArpFrame.Announcements(address, _own))
        {
            if (mayAnswer() && _owned.ContainsKey(address))
                Send(frame);
        }
    }

    private void Send(ArpFrame frame)
    {
        try
        {
            _socket.Send(frame.ToBytes());
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            LogSocket(link.Name, e.Message);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "announcing address={Address} device={Device}")]
    private partial void LogOwned(IPAddress address, string device);

    [LoggerMessage(Level = LogLevel.Information, Message = "announcing no more address={Address} device={Device}")]
    private partial void LogGiven(IPAddress address, string device);

    [LoggerMessage(Level = LogLevel.Warning, Message = "another host says it has our address={Address} mac={Mac}; defended")]
    private partial void LogConflict(IPAddress address, string mac);

    [LoggerMessage(Level = LogLevel.Warning, Message = "announcements on device={Device}: {Reason}")]
    private partial void LogSocket(string device, string reason);
}
