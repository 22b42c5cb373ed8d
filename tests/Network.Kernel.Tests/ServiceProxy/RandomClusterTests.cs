using System.Globalization;
using Network.Iptables;
using Network.Netlink.Netfilter;
using Network.ServiceProxy;
using Network.ServiceProxy.Backends;
using Network.ServiceProxy.Backends.Iptables;
using Network.ServiceProxy.Backends.Nftables;
using Network.ServiceProxy.Model;
using Network.ServiceProxy.Walk;
using Network.TestKit;
using Network.TestKit.Proxy;
using Xunit;

namespace Network.Kernel.Tests.ServiceProxy;

/// <summary>
/// Random clusters in the kernel, one after the other into the same rules as a proxy that runs would do it: real packets against the
/// oracle, and the rules as the kernel gives them back against it too.
/// </summary>
public sealed class RandomClusterTests
{
    private static int Rounds => int.Parse(Environment.GetEnvironmentVariable("PODNET_PROXY_KERNEL_CLUSTERS") ?? "12", CultureInfo.InvariantCulture);

    [Theory]
    [InlineData(ProxyMode.Nftables)]
    [InlineData(ProxyMode.Iptables)]
    public async Task Packets_go_where_the_services_say(ProxyMode mode)
    {
        Requires.Root();
        Requires.Tool("iptables");
        using var node = new PacketNode();
        using var socket = NftSocket.Open(node.Ns.Name);
        using var ledger = new NftLedger(change => change.Table == NftLayout.TableName);
        for (var seed = 0; seed < Rounds; seed++)
        {
            // Settings belong to a process; services change while it runs.
            var cluster = RandomCluster.Create(new Random(seed), sctp: false);
            var settings = cluster.Settings with { MasqueradeAll = false, NodePortAddresses = [], NetNs = node.Ns.Name };
            var services = mode == ProxyMode.Iptables ? cluster.Services.Select(service => service with { Affinity = null }).ToList() : cluster.Services;
            if (mode == ProxyMode.Nftables)
                (_nft ??= new NftProxier(NftFamily.Ip, settings, socket, ledger)).Program(services);
            else
                await (_iptables ??= new IptablesProxier(settings, ProxyNode.Direct(IptablesFamily.V4, node.Ns.Name))).ProgramAsync(services, TestContext.Current.CancellationToken);
            await CheckAsync(node, socket, seed, (services, cluster.Packets, settings), mode);
        }
    }

    private NftProxier? _nft;
    private IptablesProxier? _iptables;

    private static async Task CheckAsync(PacketNode node, NftSocket socket, int seed, (IReadOnlyList<ServicePort> Services, IReadOnlyList<Packet> Packets, ProxySettings Settings) cluster, ProxyMode mode)
    {
        var oracle = new ServiceOracle(cluster.Services, cluster.Settings, mode);
        var rules = mode == ProxyMode.Nftables ? NftRuleSet.Read(socket, NftFamily.Ip) : null;
        foreach (var packet in cluster.Packets)
        {
            var expected = oracle.Judge(packet);
            var got = await node.SendAsync(packet, expected);
            var same = expected.Kind == OutcomeKind.Forward && got.Kind == OutcomeKind.Forward ? expected.Endpoints.Contains(got.Endpoints[0]) : expected == got;
            Assert.True(same, $"seed {seed}, {mode}, {packet}: should {expected}, the kernel says {got}\n"
                + $"{new RandomCluster(cluster.Services, [packet], cluster.Settings)}\n{node.Ns.Exec("nft", "list", "ruleset")}");
            if (rules is not null)
                Assert.Equal(expected, NftWalk.Of(rules, packet, ServiceOracle.IsNode));
        }
    }
}
