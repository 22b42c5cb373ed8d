using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Network.ServiceProxy;
using Network.ServiceProxy.Model;
using Network.TestKit;
using Xunit;

namespace Network.Kernel.Tests.ServiceProxy;

/// <summary>Packets through the rules: who answers, and whom it sees.</summary>
public abstract class ServiceTrafficTests(ProxyMode mode) : IDisposable
{
    private readonly ProxyNode _node = Node();

    public void Dispose()
    {
        _node.Dispose();
        GC.SuppressFinalize(this);
    }

    [Theory]
    [InlineData(TransportProtocol.Tcp, ProtocolType.Tcp)]
    [InlineData(TransportProtocol.Udp, ProtocolType.Udp)]
    public async Task Cluster_address_spreads_over_the_endpoints_and_pods_keep_their_address(TransportProtocol protocol, ProtocolType socket)
    {
        ServerPod[] servers = [_node.AddServer(), _node.AddServer(), _node.AddServer()];
        await ProgramAsync(ProxyNode.Service("a", protocol, servers));

        var replies = Enumerable.Range(0, 90).Select(_ => Question.Ask(_node.Client, ProxyNode.ClusterIp("a"), 80, socket)).ToList();

        // 30 expected each, deviation 4.5: fewer than 8 means the choice is not even.
        Assert.All(servers, server => Assert.InRange(replies.Count(reply => reply.Server == server.Address.ToString()), 8, 90));
        Assert.Equal(["10.244.1.2"], replies.Select(reply => reply.SeenClient).Distinct());
    }

    [Fact]
    public async Task Node_itself_and_strangers_reach_the_cluster_address_under_the_nodes_address()
    {
        await ProgramAsync(ProxyNode.Service("a", TransportProtocol.Tcp, _node.AddServer()));

        Assert.Equal(ProxyNode.Gateway, Question.Ask(_node.Ns, ProxyNode.ClusterIp("a"), 80).SeenClient);
        Assert.Equal(ProxyNode.Gateway, Question.Ask(_node.Stranger, ProxyNode.ClusterIp("a"), 80).SeenClient);
    }

    [Theory]
    [InlineData(TransportProtocol.Tcp, ProtocolType.Tcp)]
    [InlineData(TransportProtocol.Udp, ProtocolType.Udp)]
    public async Task Pod_reaches_itself_through_its_service(TransportProtocol protocol, ProtocolType socket)
    {
        var server = _node.AddServer();
        await ProgramAsync(ProxyNode.Service("a", protocol, server));

        var reply = Question.Ask(server.Ns, ProxyNode.ClusterIp("a"), 80, socket);

        Assert.Equal(server.Address.ToString(), reply.Server);
        Assert.Equal(ProxyNode.Gateway, reply.SeenClient);
    }

    [Fact]
    public async Task Service_without_endpoints_refuses_at_once_wherever_the_client_is()
    {
        await ProgramAsync(
            ProxyNode.Service("a", TransportProtocol.Tcp) with { NodePort = 30080, ExternalIps = [IPAddress.Parse("203.0.113.7")] },
            ProxyNode.Service("b", TransportProtocol.Udp) with { NodePort = 30053 });
        var clock = Stopwatch.StartNew();

        Assert.Equal(SocketError.ConnectionRefused, Question.Fail(_node.Client, ProxyNode.ClusterIp("a"), 80));
        Assert.Equal(SocketError.ConnectionRefused, Question.Fail(_node.Ns, ProxyNode.ClusterIp("a"), 80));
        Assert.Equal(SocketError.ConnectionRefused, Question.Fail(_node.Stranger, ProxyNode.Address, 30080));
        Assert.Equal(SocketError.ConnectionRefused, Question.Fail(_node.Stranger, "203.0.113.7", 80));
        Assert.Equal(SocketError.ConnectionRefused, Question.Fail(_node.Client, ProxyNode.ClusterIp("b"), 80, ProtocolType.Udp));
        Assert.Equal(SocketError.ConnectionRefused, Question.Fail(_node.Stranger, ProxyNode.Address, 30053, ProtocolType.Udp));
        Assert.InRange(clock.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(2));
    }

    [Fact]
    public async Task Node_port_answers_strangers_pods_and_the_node()
    {
        var server = _node.AddServer();
        await ProgramAsync(ProxyNode.Service("a", TransportProtocol.Tcp, server) with { NodePort = 30080 });

        Assert.Equal(ProxyNode.Gateway, Question.Ask(_node.Stranger, ProxyNode.Address, 30080).SeenClient);
        Assert.Equal(server.Address.ToString(), Question.Ask(_node.Client, ProxyNode.Address, 30080).Server);
        Assert.Equal(server.Address.ToString(), Question.Ask(_node.Ns, ProxyNode.Address, 30080).Server);
    }

    [Fact]
    public async Task External_policy_Local_shows_the_stranger_to_the_local_endpoint_only()
    {
        ServerPod near = _node.AddServer(), far = _node.AddServer();
        var service = ProxyNode.Service("a", TransportProtocol.Tcp, near, far);
        await ProgramAsync(service with
        {
            NodePort = 30080,
            ExternalPolicy = TrafficPolicy.Local,
            ExternalIps = [IPAddress.Parse("203.0.113.7")],
            Endpoints = [service.Endpoints[0], service.Endpoints[1] with { IsLocal = false }],
        });

        var strangers = Enumerable.Range(0, 20).Select(_ => Question.Ask(_node.Stranger, ProxyNode.Address, 30080)).Distinct();
        var pods = Enumerable.Range(0, 60).Select(_ => Question.Ask(_node.Client, "203.0.113.7", 80).Server).Distinct();

        Assert.Equal([new Reply(near.Address.ToString(), ProxyNode.StrangerAddress)], strangers);
        Assert.Equal(2, pods.Count());
    }

    [Fact]
    public async Task External_policy_Local_without_a_local_endpoint_is_silent_to_strangers_and_open_to_pods()
    {
        var far = _node.AddServer();
        await ProgramAsync(ProxyNode.Elsewhere(ProxyNode.Service("a", TransportProtocol.Tcp, far)) with
        {
            NodePort = 30080,
            ExternalPolicy = TrafficPolicy.Local,
            ExternalIps = [IPAddress.Parse("203.0.113.7")],
        });

        Assert.Equal(SocketError.TimedOut, Question.Fail(_node.Stranger, ProxyNode.Address, 30080));
        Assert.Equal(SocketError.TimedOut, Question.Fail(_node.Stranger, "203.0.113.7", 80));
        Assert.Equal(far.Address.ToString(), Question.Ask(_node.Client, "203.0.113.7", 80).Server);
        Assert.Equal(far.Address.ToString(), Question.Ask(_node.Ns, ProxyNode.Address, 30080).Server);
    }

    [Fact]
    public async Task Internal_policy_Local_binds_pods_to_the_node_and_leaves_the_node_port_alone()
    {
        ServerPod near = _node.AddServer(), far = _node.AddServer();
        var service = ProxyNode.Service("a", TransportProtocol.Tcp, near, far);
        await ProgramAsync(service with
        {
            NodePort = 30080,
            InternalPolicy = TrafficPolicy.Local,
            Endpoints = [service.Endpoints[0], service.Endpoints[1] with { IsLocal = false }],
        });

        var pods = Enumerable.Range(0, 40).Select(_ => Question.Ask(_node.Client, ProxyNode.ClusterIp("a"), 80).Server).Distinct();
        var strangers = Enumerable.Range(0, 60).Select(_ => Question.Ask(_node.Stranger, ProxyNode.Address, 30080).Server).Distinct();

        Assert.Equal([near.Address.ToString()], pods);
        Assert.Equal(2, strangers.Count());
    }

    [Fact]
    public async Task Client_with_affinity_stays_with_its_endpoint_and_moves_on_when_it_is_gone()
    {
        if (mode == ProxyMode.Iptables)
            RequiresRecent();
        ServerPod[] servers = [_node.AddServer(), _node.AddServer(), _node.AddServer()];
        var service = ProxyNode.Service("a", TransportProtocol.Tcp, servers) with { Affinity = TimeSpan.FromMinutes(3) };
        await ProgramAsync(service);

        var chosen = Enumerable.Range(0, 30).Select(_ => Question.Ask(_node.Client, ProxyNode.ClusterIp("a"), 80).Server).Distinct().Single();
        await ProgramAsync(service with { Endpoints = service.Endpoints.Where(endpoint => endpoint.Address.ToString() != chosen).ToList() });
        var next = Enumerable.Range(0, 30).Select(_ => Question.Ask(_node.Client, ProxyNode.ClusterIp("a"), 80).Server).Distinct().Single();

        Assert.NotEqual(chosen, next);
    }

    private Task ProgramAsync(params ServicePort[] services) => _node.ProgramAsync(mode, services);

    private static void RequiresRecent() => Assert.SkipUnless(
        File.Exists("/proc/net/ip_tables_matches") && File.ReadAllLines("/proc/net/ip_tables_matches").Contains("recent"), "the kernel lacks xt_recent");

    private static ProxyNode Node()
    {
        Requires.Root();
        Requires.Tool("iptables");
        return new ProxyNode();
    }
}
