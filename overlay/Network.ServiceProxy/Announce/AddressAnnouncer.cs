using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Network.Netlink;

namespace Network.ServiceProxy.Announce;

/// <summary>
/// Answers ARP and neighbour discovery for the addresses this node was given, and for no others. Which those are is decided elsewhere; here they are told to
/// the segment, told again, and defended. The kernel does not know the addresses, so an agent that is gone answers nothing.
/// </summary>
/// <param name="mayAnswer">Asked before every answer: what this node was given may have run out a moment ago.</param>
public sealed partial class AddressAnnouncer(string? netNs, Link link, Func<bool> mayAnswer, TimeProvider time, ILogger logger) : IDisposable
{
    // Neighbours that missed the first may hear a later one; a switch that forgot hears the last again and again.
    private static readonly TimeSpan[] s_repeats = [TimeSpan.Zero, TimeSpan.FromMilliseconds(150), TimeSpan.FromSeconds(1.1), TimeSpan.FromSeconds(2.2), TimeSpan.FromSeconds(4.4)];
    private static readonly TimeSpan s_refresh = TimeSpan.FromSeconds(60), s_probe = TimeSpan.FromMilliseconds(100), s_defence = TimeSpan.FromSeconds(1);
    private readonly MacAddress _own = Mac(link);
    private readonly IReadOnlyList<NeighbourProtocol> _protocols =
        [ArpProtocol.Open(netNs, link, Mac(link)), .. NdpProtocol.Open(netNs, link, Mac(link)) is { } discovery ? new NeighbourProtocol[] { discovery } : []];

    private readonly ConcurrentDictionary<IPAddress, CancellationTokenSource> _owned = new();
    private readonly ConcurrentDictionary<IPAddress, TaskCompletionSource<MacAddress>> _probes = new();
    private readonly ConcurrentDictionary<IPAddress, long> _defended = new();

    /// <summary>Somebody else says that an address of ours is its.</summary>
    public event Action<IPAddress, MacAddress>? Conflict;

    public IEnumerable<IPAddress> Owned => _owned.Keys;

    public bool Owns(IPAddress address) => _owned.ContainsKey(address);

    /// <summary>Whether addresses of a family can be announced on this device.</summary>
    public bool Speaks(AddressFamily family) => _protocols.Any(protocol => protocol.Family == family);

    public Task RunAsync(CancellationToken cancel) => Task.WhenAll(_protocols.Select(protocol => ReceiveAsync(protocol, cancel)));

    private async Task ReceiveAsync(NeighbourProtocol protocol, CancellationToken cancel)
    {
        var buffer = new byte[2048];
        while (!cancel.IsCancellationRequested)
        {
            try
            {
                var length = await protocol.Socket.ReceiveAsync(buffer, cancel).ConfigureAwait(false);
                if (protocol.TryParse(buffer.AsSpan(0, length), out var heard) && heard.From != _own)
                    Take(protocol, heard);
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
            Send(Of(address), Of(address).Probe(address));
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
        Of(address).Listen(address);
        _ = RepeatAsync(address, stop.Token);
    }

    /// <summary>From now on this node is silent about an address.</summary>
    public void Remove(IPAddress address)
    {
        if (!_owned.TryRemove(address, out var stop))
            return;
        stop.Cancel();
        stop.Dispose();
        Of(address).Unlisten(address);
        LogGiven(address, link.Name);
    }

    public void Dispose()
    {
        foreach (var address in _owned.Keys)
            Remove(address);
        foreach (var protocol in _protocols)
            protocol.Dispose();
    }

    private static MacAddress Mac(Link link) => link.Mac ?? throw new ArgumentException($"{link.Name} has no Ethernet address, so nothing can be announced there");

    private NeighbourProtocol Of(IPAddress address) => _protocols.FirstOrDefault(protocol => protocol.Family == address.AddressFamily)
        ?? throw new ArgumentException($"{link.Name} has no {(address.AddressFamily == AddressFamily.InterNetworkV6 ? "IPv6" : "IPv4")}, so {address} cannot be announced there");

    private void Take(NeighbourProtocol protocol, Heard heard)
    {
        if (heard.Claims is { } probed && _probes.TryGetValue(probed, out var probe))
            probe.TrySetResult(heard.From);
        if (heard.Claims is { } claimed && _owned.ContainsKey(claimed) && mayAnswer())
            Defend(claimed, heard.From);
        else if (heard.Asks is { } asked && _owned.ContainsKey(asked) && mayAnswer())
            Send(protocol, protocol.Answer(heard));
    }

    // At most once a second, else two that both defend would do nothing else (RFC 5227, section 2.4).
    private void Defend(IPAddress address, MacAddress other)
    {
        if (_defended.TryGetValue(address, out var last) && time.GetElapsedTime(last) < s_defence)
            return;
        _defended[address] = time.GetTimestamp();
        LogConflict(address, other.ToString());
        Conflict?.Invoke(address, other);
        Announce(address);
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
        foreach (var frame in Of(address).Announcements(address))
        {
            if (mayAnswer() && _owned.ContainsKey(address))
                Send(Of(address), frame);
        }
    }

    private void Send(NeighbourProtocol protocol, byte[] frame)
    {
        try
        {
            protocol.Socket.Send(frame);
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
