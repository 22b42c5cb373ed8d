using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using Network.Netlink;
using Network.ServiceProxy.Announce;

namespace Network.EndToEnd.Tests.Cluster;

/// <summary>
/// Asks again and again who has an address, each time under another sender address, so that every answer says which question it is to.
/// </summary>
internal sealed class ArpObserver : IAsyncDisposable
{
    private static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(5);
    private readonly PacketSocket _socket;
    private readonly MacAddress _own;
    private readonly IPAddress _address;
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<IPAddress, ConcurrentBag<MacAddress>> _answers = new();
    private readonly Task _running;
    private volatile Answered? _last;

    internal ArpObserver(string netNs, string device, IPAddress address)
    {
        using var route = RouteSocket.Open(netNs);
        var link = route.Link(device)!;
        (_own, _address) = (link.Mac!.Value, address);
        _socket = PacketSocket.Open(netNs, link.Index, ArpFrame.EtherType);
        _running = Task.WhenAll(AskAsync(), ListenAsync());
    }

    /// <summary>Questions that more than one answered.</summary>
    internal IReadOnlyList<string> Doubles => _answers.Where(pair => pair.Value.Distinct().Count() > 1).Select(pair => $"{pair.Key}: {string.Join(" and ", pair.Value.Distinct())}").ToList();

    internal int Answers => _answers.Count(pair => !pair.Value.IsEmpty);

    /// <summary>Who answered last.</summary>
    internal MacAddress? Holder => _last?.By;

    /// <summary>Waits for an answer of somebody else; how long that took.</summary>
    internal async Task<TimeSpan> UntilMovedAsync(MacAddress from, TimeSpan deadline)
    {
        var clock = Stopwatch.StartNew();
        while (Holder is null || Holder == from)
        {
            if (clock.Elapsed > deadline)
                throw new TimeoutException($"{_address} is still with {from} after {deadline.TotalSeconds:0.#} s");
            await Task.Delay(1);
        }

        return clock.Elapsed;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _socket.Dispose();
        _stop.Dispose();
    }

    private async Task AskAsync()
    {
        for (var number = 0; ; number = (number + 1) % (254 * 256))
        {
            // Of 169.254/16, which nobody here has.
            var asker = new IPAddress([169, 254, (byte)(1 + (number / 256)), (byte)(number % 256)]);
            _answers[asker] = [];
            _socket.Send(new ArpFrame(ArpFrame.Broadcast, _own, true, _own, asker, default, _address).ToBytes());
            await Task.Delay(s_interval, _stop.Token);
        }
    }

    private async Task ListenAsync()
    {
        var buffer = new byte[2048];
        while (true)
        {
            var length = await _socket.ReceiveAsync(buffer, _stop.Token);
            if (!ArpFrame.TryParse(buffer.AsSpan(0, length), out var frame) || frame.IsRequest || !frame.Sender.Equals(_address) || !_answers.TryGetValue(frame.Target, out var bag))
                continue;
            bag.Add(frame.SenderMac);
            _last = new Answered(frame.SenderMac);
        }
    }

    private sealed record Answered(MacAddress By);
}
