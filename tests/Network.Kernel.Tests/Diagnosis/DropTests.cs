using System.Net;
using System.Net.Sockets;
using Network.Diagnosis.Drops;
using Network.Diagnosis.Trace;
using Network.Kernel.Tests.Capture;
using Network.Linux;
using Network.TestKit;
using Xunit;

namespace Network.Kernel.Tests.Diagnosis;

/// <summary>One fault at a time between two machines with a tunnel; the kernel's own account of it must name place and reason.</summary>
public sealed class DropTests : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);
    private static readonly KernelSymbols s_symbols = KernelSymbols.OfKernel();
    private readonly VxlanPair _pair;

    public DropTests()
    {
        Requires.Root();
        Requires.Tool("nft");
        _pair = new VxlanPair();
    }

    public void Dispose() => _pair.Dispose();

    [Fact]
    public async Task A_closed_port_is_told_with_who_asked()
    {
        var drop = await FirstAsync(() => Send("192.0.2.2", 4242), found => found.Reason == "NO_SOCKET" && found.Flow.Port == 4242);
        Assert.Equal(("b", "__udp4_lib_rcv", "UDP 192.0.2.1 > 192.0.2.2:4242"), (drop.Place.Node, drop.Function, drop.Flow.ToString()));
    }

    [Fact]
    public async Task Another_network_id_is_told_with_the_packet_inside()
    {
        _pair.B.Exec("ip", "link", "delete", "vx");
        _pair.B.Exec("ip", "link", "add", "vx", "type", "vxlan", "id", "78", "dstport", "4789", "remote", "192.0.2.1", "dev", "eth0");
        _pair.B.Exec("ip", "link", "set", "vx", "up");
        Neighbour("vx", "10.9.0.2");
        var drop = await FirstAsync(() => Send("10.9.0.2", 4242), found => found.Reason == "VXLAN_VNI_NOT_FOUND");
        Assert.Equal(("b", "eth0"), (drop.Place.Node, drop.Device));
        Assert.Equal("UDP 10.9.0.1 > 10.9.0.2:4242 in VXLAN 77 192.0.2.1 > 192.0.2.2", drop.Flow.ToString());
    }

    [Fact]
    public async Task A_tunnel_without_an_entry_for_the_peer_is_told_at_the_sender()
    {
        _pair.A.Exec("ip", "link", "add", "vy", "type", "vxlan", "id", "99", "dstport", "4790", "nolearning", "dev", "eth0");
        _pair.A.Exec("ip", "address", "add", "10.8.0.1/24", "dev", "vy");
        _pair.A.Exec("ip", "link", "set", "vy", "up");
        Neighbour("vy", "10.8.0.2");
        var drop = await FirstAsync(() => Send("10.8.0.2", 4242), found => found.Device == "vy" && found.Flow.Port == 4242);
        Assert.Equal(("a", "NO_TX_TARGET", "vxlan_xmit"), (drop.Place.Node, drop.Reason, drop.Function));
    }

    [Fact]
    public async Task A_rule_that_drops_is_told()
    {
        _pair.B.Exec("nft", "add table ip t; add chain ip t c { type filter hook input priority 0; }; add rule ip t c udp dport 4242 drop");
        var drop = await FirstAsync(() => Send("10.9.0.2", 4242), found => found.Reason == "NETFILTER_DROP");
        Assert.Equal(("b", "vx", "UDP 10.9.0.1 > 10.9.0.2:4242"), (drop.Place.Node, drop.Device, drop.Flow.ToString()));
    }

    [Fact]
    public async Task A_machine_that_does_not_forward_is_told()
    {
        _pair.A.Exec("ip", "route", "add", "198.51.100.0/24", "via", "192.0.2.2");
        _pair.B.Exec("sysctl", "-qw", "net.ipv4.ip_forward=0");
        var drop = await FirstAsync(() => Send("198.51.100.7", 4242), found => found.Flow.Destination?.ToString() == "198.51.100.7");
        Assert.Equal(("b", "IP_INADDRERRORS", "ip_error"), (drop.Place.Node, drop.Reason, drop.Function));
        Assert.Contains("ip_forward", DropMeanings.Of(drop.Reason, drop.Function).Look);
    }

    [Fact]
    public async Task A_source_behind_another_device_is_told()
    {
        _pair.A.Exec("ip", "address", "add", "203.0.113.5/32", "dev", "lo");
        _pair.B.Exec("ip", "route", "add", "203.0.113.0/24", "dev", "vx");
        _pair.B.Exec("sysctl", "-qw", "net.ipv4.conf.all.rp_filter=1", "net.ipv4.conf.eth0.rp_filter=1");
        // The request for the MAC would carry the strange source as well.
        VxlanPair.Ping(_pair.A, "192.0.2.2", 1);
        var drop = await FirstAsync(() => Send("192.0.2.2", 4242, "203.0.113.5"), found => found.Flow.Source?.ToString() == "203.0.113.5");
        Assert.Equal(("b", "IP_RPFILTER"), (drop.Place.Node, drop.Reason));
    }

    [Fact]
    public async Task What_other_namespaces_drop_is_not_counted()
    {
        using var trace = PacketTrace.Open(new PacketTraceSettings([PacketEventKind.Dropped], []));
        var elsewhere = new DropCounter(trace.Reasons, s_symbols) { Places = new Dictionary<uint, Place> { [(uint)NetNs.Inode(_pair.A.Path)] = new("a", "") } };
        var here = new DropCounter(trace.Reasons, s_symbols) { Places = new Dictionary<uint, Place> { [(uint)NetNs.Inode(_pair.B.Path)] = new("b", "") } };
        Send("192.0.2.2", 4242);
        await Eventually.TrueAsync(() =>
        {
            trace.Read((in PacketEvent packet) =>
            {
                elsewhere.Add(packet);
                here.Add(packet);
            });
            return here.Counts.Any(count => count.Drop.Flow.Port == 4242);
        }, s_patience);
        Assert.DoesNotContain(elsewhere.Counts, count => count.Drop.Flow.Port == 4242);
    }

    [Fact]
    public void The_running_kernel_knows_the_reasons_that_have_words()
    {
        using var trace = PacketTrace.Open(new PacketTraceSettings([PacketEventKind.Dropped], []));
        // A kernel may be older than a reason; most of them must be there, or the names are wrong.
        var known = DropMeanings.Reasons.Where(trace.Reasons.Values.Contains).ToList();
        Assert.True(known.Count >= DropMeanings.Reasons.Count() * 8 / 10, string.Join(", ", DropMeanings.Reasons.Except(known)));
    }

    private async Task<Drop> FirstAsync(Action cause, Func<Drop, bool> wanted)
    {
        using var trace = PacketTrace.Open(new PacketTraceSettings([PacketEventKind.Dropped], []));
        var places = new Dictionary<uint, Place> { [(uint)NetNs.Inode(_pair.A.Path)] = new("a", ""), [(uint)NetNs.Inode(_pair.B.Path)] = new("b", "") };
        var counter = new DropCounter(trace.Reasons, s_symbols) { Places = places, All = true };
        cause();
        Drop? found = null;
        await Eventually.TrueAsync(() =>
        {
            trace.Read((in PacketEvent packet) => counter.Add(packet));
            found = counter.Counts.Select(count => count.Drop).Where(drop => drop.Place.Node is "a" or "b").FirstOrDefault(wanted);
            return found is not null;
        }, s_patience, () => string.Join('\n', counter.Counts));
        Assert.Equal(0, trace.Lost);
        return found!;
    }

    private void Neighbour(string device, string address) =>
        _pair.A.Exec("ip", "neigh", "replace", address, "lladdr", "02:00:00:00:00:02", "dev", device, "nud", "permanent");

    private void Send(string target, int port, string? source = null)
    {
        using var socket = _pair.A.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));
        if (source is not null)
            socket.Bind(new IPEndPoint(IPAddress.Parse(source), 0));
        socket.SendTo(new byte[32], new IPEndPoint(IPAddress.Parse(target), port));
    }
}
