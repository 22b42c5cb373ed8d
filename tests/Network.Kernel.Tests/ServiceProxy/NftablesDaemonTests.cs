using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Network.ServiceProxy;
using Network.ServiceProxy.Backends.Iptables;
using Network.ServiceProxy.Model;
using Network.TestKit;
using Xunit;

namespace Network.Kernel.Tests.ServiceProxy;

public sealed class NftablesDaemonTests : IAsyncLifetime
{
    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(30);
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _running = [];
    private ProxyNode _node = null!;

    public ValueTask InitializeAsync()
    {
        Requires.Root();
        Requires.Tool("nft");
        Requires.Tool("conntrack");
        _node = new ProxyNode();
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        try
        {
            foreach (var running in _running)
                await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        }
        finally
        {
            // A daemon that failed leaves no namespace either.
            _node?.Dispose();
            _stop.Dispose();
        }
    }

    [Theory]
    [InlineData("delete", "table", "ip", "podnet-proxy")]
    [InlineData("flush", "ruleset")]
    [InlineData("flush", "map", "ip", "podnet-proxy", "services")]
    [InlineData("flush", "chain", "ip", "podnet-proxy", "services")]
    public async Task Damage_by_others_is_repaired_when_the_kernel_tells_of_it(params string[] damage)
    {
        var daemon = Start(ProxyMode.Nftables);
        daemon.Apply([ProxyNode.Service("a", TransportProtocol.Tcp, _node.AddServer())]);
        await ReadyAsync(daemon);
        var before = Sorted();

        _node.Ns.Exec("nft", damage);

        await Eventually.TrueAsync(() => Sorted() == before, s_deadline, Rules);
        Question.Ask(_node.Client, ProxyNode.ClusterIp("a"), 80);
    }

    [Theory]
    [InlineData(ProxyMode.Nftables)]
    [InlineData(ProxyMode.Iptables)]
    public async Task Nobody_is_refused_while_all_rules_are_flushed_by_hand_again_and_again(ProxyMode mode)
    {
        var daemon = Start(mode);
        daemon.Apply([ProxyNode.Service("a", TransportProtocol.Tcp, _node.AddServer())]);
        await ReadyAsync(daemon);
        using var standing = Question.Open(_node.Client, ProxyNode.ClusterIp("a"), 80);
        var clock = System.Diagnostics.Stopwatch.StartNew();
        var (asked, flushed) = (0, 0);
        while (clock.Elapsed < TimeSpan.FromSeconds(3))
        {
            if (clock.Elapsed > TimeSpan.FromMilliseconds(300 * (flushed + 1)))
            {
                _node.Ns.Exec("nft", "flush", "ruleset");
                flushed++;
            }

            Question.Ask(_node.Client, ProxyNode.ClusterIp("a"), 80);
            standing.Again();
            asked++;
        }

        Assert.True(flushed >= 3 && asked > 50, $"{asked} questions, {flushed} times flushed");
    }

    [Fact]
    public async Task Commits_of_others_elsewhere_do_not_keep_a_change_from_the_kernel()
    {
        var daemon = Start(ProxyMode.Nftables);
        daemon.Apply([ProxyNode.Service("a", TransportProtocol.Tcp)]);
        await ReadyAsync(daemon);
        for (var i = 0; i < 20; i++)
        {
            _node.Ns.Exec("nft", "add", "table", "ip", $"foreign{i}");
            daemon.Change([ProxyNode.Service("a", TransportProtocol.Tcp) with { Port = 100 + i }], []);
        }

        await Eventually.TrueAsync(() => Rules().Contains($"{ProxyNode.ClusterIp("a")} . tcp . 119"), s_deadline, Rules);
        Assert.Null(daemon.Refusal);
    }

    [Theory]
    [InlineData(ProxyMode.Nftables, ProxyMode.Iptables)]
    [InlineData(ProxyMode.Iptables, ProxyMode.Nftables)]
    public async Task Change_of_mode_leaves_nothing_of_the_other_and_serves_all_the_while(ProxyMode before, ProxyMode after)
    {
        Requires.Tool("iptables");
        var service = ProxyNode.Service("a", TransportProtocol.Tcp, _node.AddServer());
        await _node.ProgramAsync(before, [service]);
        Question.Ask(_node.Client, ProxyNode.ClusterIp("a"), 80);

        var daemon = Start(after);
        daemon.Apply([service]);
        await ReadyAsync(daemon);

        Question.Ask(_node.Client, ProxyNode.ClusterIp("a"), 80);
        Assert.Equal(after == ProxyMode.Iptables, _node.Saved().Contains(Chains.Service(service)));
        Assert.Equal(after == ProxyMode.Nftables, Rules().Contains("table ip podnet-proxy"));
    }

    [Fact]
    public void Chains_that_nobody_uses_any_more_do_not_pile_up()
    {
        var proxier = _node.NewNftProxier();
        var kept = ProxyNode.Service("a", TransportProtocol.Tcp, _node.AddServer());
        ServicePort[] last = [];
        for (var count = 1; count <= 100; count++)
        {
            last = [kept, ProxyNode.Service("b", TransportProtocol.Tcp) with { Endpoints = [.. Enumerable.Range(1, count).Select(i => new ServiceEndpoint(IPAddress.Parse($"10.244.9.{i}"), 80))] }];
            proxier.Program(last);
        }

        Assert.InRange(Rules().Split("\tchain ").Length, 10, 75);
        Question.Ask(_node.Client, ProxyNode.ClusterIp("a"), 80);
        // One that starts now finds all as it would have written it itself.
        var next = _node.NewNftProxier();
        next.Program(last);
        Assert.Equal(0, next.WrittenElements);
    }

    [Fact]
    public async Task Client_of_UDP_that_keeps_its_port_follows_endpoints_that_go_come_and_change()
    {
        ServerPod first = _node.AddServer(), second = _node.AddServer();
        var service = ProxyNode.Service("a", TransportProtocol.Udp, first);
        var daemon = Start(ProxyMode.Nftables);
        daemon.Apply([service]);
        await ReadyAsync(daemon);
        using var client = Question.Open(_node.Client, ProxyNode.ClusterIp("a"), 80, ProtocolType.Udp);
        Assert.Equal(first.Address.ToString(), client.Again().Server);

        daemon.Change([service with { Endpoints = [] }], []);
        await Eventually.TrueAsync(() => !Connections().Contains(first.Address.ToString()), s_deadline, Connections);
        daemon.Change([ProxyNode.Service("a", TransportProtocol.Udp, second)], []);
        await AnsweredAsync(client, second);

        daemon.Change([], [service.Key]);
        await Eventually.TrueAsync(() => !Connections().Contains(second.Address.ToString()), s_deadline, Connections);
    }

    [Fact]
    public async Task Connections_to_former_endpoints_are_removed_after_a_restart()
    {
        ServerPod first = _node.AddServer(), second = _node.AddServer();
        await _node.ProgramAsync(ProxyMode.Nftables, [ProxyNode.Service("a", TransportProtocol.Udp, first)]);
        using var client = Question.Open(_node.Client, ProxyNode.ClusterIp("a"), 80, ProtocolType.Udp);
        client.Again();

        var daemon = Start(ProxyMode.Nftables);
        daemon.Apply([ProxyNode.Service("a", TransportProtocol.Udp, second)]);
        await ReadyAsync(daemon);

        await AnsweredAsync(client, second);
    }

    [Fact]
    public async Task Address_that_two_services_want_is_the_first_ones_until_it_goes()
    {
        var daemon = Start(ProxyMode.Nftables);
        ServerPod first = _node.AddServer(), second = _node.AddServer();
        IPAddress[] shared = [IPAddress.Parse("203.0.113.7")];
        var (a, b) = (ProxyNode.Service("a", TransportProtocol.Tcp, first) with { ExternalIps = shared }, ProxyNode.Service("b", TransportProtocol.Tcp, second) with { ExternalIps = shared });
        daemon.Apply([b, a]);
        await ReadyAsync(daemon);
        Assert.Equal(first.Address.ToString(), Question.Ask(_node.Client, "203.0.113.7", 80).Server);
        Assert.Equal([b.Key], daemon.RefusedServices.Keys);

        daemon.Change([], [a.Key]);

        await Eventually.TrueAsync(() => daemon.RefusedServices.Count == 0, s_deadline, Rules);
        Assert.Equal(second.Address.ToString(), Question.Ask(_node.Client, "203.0.113.7", 80).Server);
    }

    [Fact]
    public async Task The_range_of_services_is_closed_but_for_what_the_node_itself_has_of_it()
    {
        const int port = 5300;
        _node.Ns.Exec("ip", "address", "add", "10.96.0.10/32", "dev", "lo");
        _node.Stranger.Exec("ip", "address", "add", "10.96.0.77/32", "dev", "lo");
        using var own = Listen(_node.Ns, "10.96.0.10", port);
        using var nobodys = Listen(_node.Stranger, "10.96.0.77", port);
        Send("10.96.0.77", port);
        await Eventually.TrueAsync(() => nobodys.Available > 0, s_deadline, () => "without rules the packet takes the node's route");
        nobodys.Receive(new byte[16]);

        var daemon = Start(ProxyMode.Nftables, IPNetwork.Parse("10.96.0.0/16"));
        daemon.Apply([ProxyNode.Service("a", TransportProtocol.Tcp, _node.AddServer())]);
        await ReadyAsync(daemon);
        Send("10.96.0.77", port);
        Send("10.96.0.10", port);

        await Eventually.TrueAsync(() => own.Available > 0, s_deadline, Rules);
        Assert.Equal(0, nobodys.Available);
    }

    private static Socket Listen(ScratchNetNs where, string address, int port)
    {
        var socket = where.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));
        socket.Bind(new IPEndPoint(IPAddress.Parse(address), port));
        return socket;
    }

    private void Send(string address, int port)
    {
        using var socket = _node.Client.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));
        socket.SendTo("hello"u8, new IPEndPoint(IPAddress.Parse(address), port));
    }

    private ServiceProxyDaemon Start(ProxyMode mode, params IReadOnlyList<IPNetwork> ranges)
    {
        var daemon = new ServiceProxyDaemon(_node.Settings with { Mode = mode, ServiceCidrs = ranges }, TimeProvider.System, NullLogger.Instance);
        _running.Add(daemon.RunAsync(_stop.Token));
        return daemon;
    }

    private Task ReadyAsync(ServiceProxyDaemon daemon) => Eventually.TrueAsync(() => daemon.IsReady, s_deadline, () => $"{daemon.Refusal}\n{Rules()}");

    private static Task AnsweredAsync(Question client, ServerPod server) => Eventually.TrueAsync(() =>
    {
        try
        {
            return client.Again().Server == server.Address.ToString();
        }
        catch (SocketException)
        {
            return false;
        }
    }, s_deadline);

    private string Connections() => _node.Ns.Exec("conntrack", "-L", "-p", "udp");

    // The kernel lists tables and elements in an order of its own.
    private string Sorted() => string.Join('\n', Rules().Split([',', '\n', '{', '}']).Select(part => part.Trim()).Order(StringComparer.Ordinal));

    private string Rules() => _node.Ns.Exec("nft", "-s", "list", "ruleset");
}
