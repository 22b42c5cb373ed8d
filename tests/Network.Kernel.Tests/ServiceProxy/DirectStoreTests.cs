using System.Net;
using System.Text.RegularExpressions;
using Network.Iptables;
using Network.Netlink.Netfilter;
using Network.ServiceProxy;
using Network.ServiceProxy.Backends.Iptables;
using Network.ServiceProxy.Backends.Iptables.Stores;
using Network.ServiceProxy.Model;
using Network.TestKit;
using Network.TestKit.Proxy;
using Xunit;

namespace Network.Kernel.Tests.ServiceProxy;

/// <summary>What is written straight to nf_tables is what iptables-restore would have written: iptables-save says the same of both.</summary>
public sealed partial class DirectStoreTests : IDisposable
{
    private readonly ScratchNetNs _direct, _restored;

    public DirectStoreTests()
    {
        Requires.Root();
        Requires.Tool("iptables-nft-restore");
        (_direct, _restored) = (new ScratchNetNs("direct"), new ScratchNetNs("restored"));
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _direct.Dispose();
        _restored.Dispose();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Random_clusters_read_the_same(bool nativePorts)
    {
        for (var seed = 0; seed < 12; seed++)
        {
            var cluster = RandomCluster.Create(new Random(seed), sctp: true);
            var both = Both(IptablesFamily.V4, cluster.Settings, nativePorts);
            await both.ForAsync(proxier => proxier.ProgramAsync(cluster.Services.Select(service => service.Of(System.Net.Sockets.AddressFamily.InterNetwork)).OfType<ServicePort>().ToList(), Cancel));
            Assert.Equal(both.Restored.Refused, both.Direct.Refused);
            Assert.Equal(Saved(_restored, "iptables-nft-save"), Saved(_direct, "iptables-nft-save"));
        }
    }

    [Fact]
    public async Task Second_family_reads_the_same()
    {
        var service = new ServicePort("default", "six", "http", TransportProtocol.Tcp)
        {
            ClusterIps = [IPAddress.Parse("fd00:96::a")], ExternalIps = [IPAddress.Parse("2001:db8::1")], LoadBalancerIps = [IPAddress.Parse("2001:db8::2")],
            SourceRanges = [IPNetwork.Parse("2001:db8:1::/52")], Port = 80, NodePort = 30080, Affinity = TimeSpan.FromSeconds(30),
            Endpoints = [new ServiceEndpoint(IPAddress.Parse("fd00:244::2"), 8080), new ServiceEndpoint(IPAddress.Parse("fd00:244::3"), 8080)],
        };
        var settings = new ProxySettings("w1") { ClusterCidr = IPNetwork.Parse("fd00:244::/56") };
        await Both(IptablesFamily.V6, settings).ForAsync(proxier => proxier.ProgramAsync([service, service with { Name = "none", ClusterIps = [IPAddress.Parse("fd00:96::b")], NodePort = 0, ExternalIps = [], LoadBalancerIps = [], Endpoints = [] }], Cancel));

        var saved = Saved(_direct, "ip6tables-nft-save");
        Assert.Equal(Saved(_restored, "ip6tables-nft-save"), saved);
        Assert.Contains("--to-destination [fd00:244::2]:8080", saved);
    }

    [Fact]
    public async Task Either_finds_and_removes_what_the_other_wrote()
    {
        var settings = new ProxySettings("w1") { ClusterCidr = IPNetwork.Parse("10.244.0.0/16") };
        var (restored, direct) = (new IptablesProxier(settings, new RestoreStore(IptablesRestore.Of(IptablesFamily.V4, IptablesVariant.Nft, _direct.Name))), new IptablesProxier(settings, ProxyNode.Direct(IptablesFamily.V4, _direct.Name)));
        ServicePort[] services = [ProxyNode.Service("a", TransportProtocol.Udp) with { Endpoints = [new ServiceEndpoint(IPAddress.Parse("10.244.9.1"), 53)] }];
        await restored.ProgramAsync(services, Cancel);
        await direct.ProgramAsync(services, Cancel);
        Assert.All(BaseRules.Jumps, jump => Assert.Single(IptablesSnapshot.Parse(_direct.Exec("iptables-nft-save")).Rules(jump.Table, jump.Chain), jump.Rule.ToString()));

        await restored.RemoveAsync(Cancel);
        Assert.DoesNotContain("KUBE", _direct.Exec("iptables-nft-save"));
        await restored.ProgramAsync(services, Cancel);
        await direct.RemoveAsync(Cancel);
        Assert.DoesNotContain("KUBE", _direct.Exec("iptables-nft-save"));
    }

    [Fact]
    public async Task Policy_of_a_chain_of_the_kernels_stays()
    {
        _direct.Exec("iptables-nft", "-P", "FORWARD", "DROP");

        await new IptablesProxier(new ProxySettings("w1"), ProxyNode.Direct(IptablesFamily.V4, _direct.Name)).ProgramAsync([], Cancel);

        Assert.Contains("-P FORWARD DROP", _direct.Exec("iptables-nft", "-S", "FORWARD"));
    }

    [Fact]
    public void Only_a_change_that_can_hurt_concerns_us()
    {
        Assert.True(DirectStore.Concerns(Change("nat", "KUBE-SERVICES")));
        Assert.True(DirectStore.Concerns(Change("nat", "PREROUTING", removal: true)));
        Assert.True(DirectStore.Concerns(new NftEvent(NftEventKind.Change, NftFamily.Ip6, NftEventObject.Table, "nat", IsRemoval: true)));
        Assert.False(DirectStore.Concerns(new NftEvent(NftEventKind.Change, NftFamily.Ip, NftEventObject.Table, "nat")));
        Assert.False(DirectStore.Concerns(new NftEvent(NftEventKind.Change, NftFamily.Ip, NftEventObject.Other, "nat")));
        Assert.False(DirectStore.Concerns(new NftEvent(NftEventKind.Change, NftFamily.Inet, NftEventObject.Rule, "nat", "KUBE-SERVICES")));
        Assert.False(DirectStore.Concerns(Change("nat", "PREROUTING")));
        Assert.False(DirectStore.Concerns(Change("filter", "DOCKER", removal: true)));
        Assert.False(DirectStore.Concerns(Change("kube-proxy", "KUBE-SERVICES", removal: true)));

        static NftEvent Change(string table, string chain, bool removal = false) => new(NftEventKind.Change, NftFamily.Ip, NftEventObject.Rule, table, chain, removal);
    }

    private Twins Both(IptablesFamily family, ProxySettings settings, bool nativePorts = true) => new(
        new IptablesProxier(settings, new RestoreStore(IptablesRestore.Of(family, IptablesVariant.Nft, _restored.Name))), new IptablesProxier(settings, ProxyNode.Direct(family, _direct.Name, nativePorts)));

    // Chains in the order of the kernel, which is that of their making; rules in their order within a chain.
    private static string Saved(ScratchNetNs ns, string save) => string.Join('\n', Counters().Replace(ns.Exec(save), "").Split('\n')
        .Where(line => !line.StartsWith('#')).Select((line, i) => (line, i)).OrderBy(pair => pair.line.StartsWith("-A", StringComparison.Ordinal) ? pair.line.Split(' ')[1] : "", StringComparer.Ordinal)
        .ThenBy(pair => pair.line.StartsWith("-A", StringComparison.Ordinal) ? pair.i.ToString("000000") : pair.line, StringComparer.Ordinal).Select(pair => pair.line));

    [GeneratedRegex(@"\[\d+:\d+\]")]
    private static partial Regex Counters();

    private sealed record Twins(IptablesProxier Restored, IptablesProxier Direct)
    {
        internal async Task ForAsync(Func<IptablesProxier, Task> act)
        {
            await act(Restored);
            await act(Direct);
        }
    }
}
