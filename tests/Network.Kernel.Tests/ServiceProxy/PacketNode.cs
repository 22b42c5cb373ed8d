using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Network.Netlink.Netfilter;
using Network.ServiceProxy.Model;
using Network.ServiceProxy.Walk;
using Network.TestKit;
using Network.TestKit.Proxy;

namespace Network.Kernel.Tests.ServiceProxy;

/// <summary>
/// A node between its pods and everybody else, who send single packets; conntrack tells what became of each. Nobody listens:
/// how far a packet comes is all that is asked.
/// </summary>
internal sealed class PacketNode : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(3), s_silence = TimeSpan.FromMilliseconds(60);
    private readonly ScratchNetNs _pods = new("pods"), _outside = new("outside");
    private readonly ConntrackMonitor _monitor;
    private readonly ConcurrentDictionary<int, ConntrackEntry> _seen = [];
    private int _sourcePort = 10_000;

    internal PacketNode()
    {
        Join(_outside, "eth0", "192.0.2.1/24", [$"{RandomCluster.Neighbour}/24", $"{RandomCluster.Stranger}/32", "10.244.2.2/32", "10.244.2.3/32", "10.244.3.2/32"], "192.0.2.1");
        Join(_pods, "pods", "10.244.1.1/24", ["10.244.1.2/24", "10.244.1.3/24", "10.244.1.4/24"], "10.244.1.1");
        Ns.Exec("ip", "route", "add", "default", "via", RandomCluster.Neighbour);
        foreach (var setting in new[] { "ip_forward=1", "conf.all.rp_filter=0", "conf.eth0.rp_filter=0", "conf.pods.rp_filter=0", "conf.all.send_redirects=0", "conf.pods.send_redirects=0", "conf.eth0.send_redirects=0", "icmp_ratelimit=0", "icmp_msgs_per_sec=100000" })
            Ns.Exec("sysctl", "-qw", $"net.ipv4.{setting}");
        _monitor = ConntrackMonitor.Open(Ns.Name);
        _ = FollowAsync();
    }

    internal ScratchNetNs Ns { get; } = new("node");

    /// <summary>What became of a packet. Silence is told from slowness by what is expected.</summary>
    internal async Task<Outcome> SendAsync(Packet packet, Outcome expected)
    {
        var port = ++_sourcePort;
        var sender = packet.FromNode ? Ns : packet.Source.ToString().StartsWith("10.244.1.", StringComparison.Ordinal) ? _pods : _outside;
        using var socket = sender.Run(() => new Socket(AddressFamily.InterNetwork, packet.Protocol == TransportProtocol.Tcp ? SocketType.Stream : SocketType.Dgram,
            packet.Protocol == TransportProtocol.Tcp ? ProtocolType.Tcp : ProtocolType.Udp));
        socket.Bind(new IPEndPoint(packet.Source, port));
        using var given = new CancellationTokenSource();
        var connecting = socket.ConnectAsync(new IPEndPoint(packet.Destination, packet.Port), given.Token).AsTask();
        var refused = false;
        if (packet.Protocol == TransportProtocol.Udp)
        {
            await connecting;
            try
            {
                await socket.SendAsync("?"u8.ToArray());
            }
            catch (SocketException e) when (e.SocketErrorCode is SocketError.AccessDenied or SocketError.ConnectionRefused)
            {
                // The node's own programs are told at once, also of silence; a refusal may follow.
                refused = e.SocketErrorCode == SocketError.ConnectionRefused;
            }
        }

        var clock = System.Diagnostics.Stopwatch.StartNew();
        try
        {
            // A refusal by whom the packet reached looks like one by the rules, but only the first has left a connection behind.
            var quiet = expected.Kind is OutcomeKind.Drop or OutcomeKind.Reject ? s_silence : s_patience;
            while (true)
            {
                if (_seen.TryGetValue(port, out var entry))
                    return Read(packet, entry);
                if (clock.Elapsed > quiet)
                    return Outcome.Of(IsRefused() ? OutcomeKind.Reject : OutcomeKind.Drop);
                await Task.Delay(1);
            }
        }
        finally
        {
            await given.CancelAsync();
        }

        bool IsRefused() => refused || (packet.Protocol == TransportProtocol.Tcp ? connecting.IsFaulted : socket.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Error) is not 0);
    }

    public void Dispose()
    {
        _monitor.Dispose();
        _pods.Dispose();
        _outside.Dispose();
        Ns.Dispose();
    }

    // A connection that is refused at once is gone before anybody could list it.
    private async Task FollowAsync()
    {
        await foreach (var happened in _monitor.Events.ReadAllAsync())
        {
            if (happened.Kind == ConntrackEventKind.New)
                _seen.TryAdd(happened.Entry!.Original.SourcePort, happened.Entry);
        }
    }

    private static Outcome Read(Packet packet, ConntrackEntry entry) => entry.Reply.Source.Equals(packet.Destination) && entry.Reply.SourcePort == packet.Port
        ? Outcome.Of(OutcomeKind.Pass)
        : Outcome.To([(new IPEndPoint(entry.Reply.Source, entry.Reply.SourcePort), !entry.Reply.Destination.Equals(packet.Source) || entry.IsSourceRewritten)]);

    private void Join(ScratchNetNs other, string name, string address, string[] addresses, string gateway)
    {
        other.Exec("ip", "link", "add", "eth0", "up", "type", "veth", "peer", "name", name, "netns", Ns.Name);
        foreach (var own in addresses)
            other.Exec("ip", "address", "add", own, "dev", "eth0");
        Ns.Exec("ip", "address", "add", address, "dev", name);
        Ns.Exec("ip", "link", "set", name, "up");
        other.Exec("ip", "route", "add", "default", "via", gateway);
        other.Exec("sysctl", "-qw", "net.ipv4.icmp_ratelimit=0");
    }
}
