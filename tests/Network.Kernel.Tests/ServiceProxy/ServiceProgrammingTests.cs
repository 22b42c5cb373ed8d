using System.Net;
using System.Text.RegularExpressions;
using Network.Iptables;
using Network.ServiceProxy;
using Network.ServiceProxy.Backends.Iptables;
using Network.ServiceProxy.Backends.Iptables.Stores;
using Network.ServiceProxy.Model;
using Network.TestKit;
using Xunit;

namespace Network.Kernel.Tests.ServiceProxy;

/// <summary>Rules straight to nf_tables.</summary>
public sealed class DirectProgrammingTests : ServiceProgrammingTests
{
    private protected override IRuleStore NewStore(string netNs) => ProxyNode.Direct(IptablesFamily.V4, netNs);
}

/// <summary>Rules by iptables-restore.</summary>
public sealed class RestoreProgrammingTests : ServiceProgrammingTests
{
    private protected override IRuleStore NewStore(string netNs) => new RestoreStore(IptablesRestore.Of(IptablesFamily.V4, netNs: netNs));
}

/// <summary>What a pass leaves in the kernel, as iptables-save shows it.</summary>
public abstract partial class ServiceProgrammingTests : IDisposable
{
    private static readonly ServicePort s_a = Service("a", 1, 2) with { NodePort = 30080 };
    private static readonly ServicePort s_b = Service("b", 3);
    private readonly ScratchNetNs _ns = Scratch();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _ns.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected abstract IRuleStore NewStore(string netNs);

    [Fact]
    public async Task Same_services_give_the_same_rules_whatever_was_there_before()
    {
        await NewProxier().ProgramAsync([s_a, s_b], Cancel);
        var fresh = Saved();
        var proxier = NewProxier();
        await proxier.ProgramAsync([Service("c", 4, 5), s_b with { Endpoints = [] }, s_a with { NodePort = 31000 }], Cancel);
        await proxier.ProgramAsync([s_b], Cancel);
        await proxier.ProgramAsync([s_a, s_b], Cancel);

        Assert.Equal(Sorted(fresh), Sorted(Saved()));
        Assert.Equal(1, IptablesSnapshot.Parse(fresh).Jumps("nat", "PREROUTING", "KUBE-SERVICES"));
        Assert.Equal(2, IptablesSnapshot.Parse(fresh).Jumps("filter", "FORWARD", "KUBE-SERVICES") + IptablesSnapshot.Parse(fresh).Jumps("filter", "OUTPUT", "KUBE-SERVICES"));
    }

    [Fact]
    public async Task Change_of_one_service_leaves_the_packet_counters_of_others()
    {
        using var node = new ProxyNode();
        var server = node.AddServer();
        var proxier = node.NewProxier();
        var counted = ProxyNode.Service("a", TransportProtocol.Tcp, server);
        await proxier.ProgramAsync([counted, s_b], Cancel);
        for (var i = 0; i < 3; i++)
            Question.Ask(node.Client, ProxyNode.ClusterIp("a"), 80);
        var before = Counters(node, counted);

        await proxier.ProgramAsync([counted, s_b with { Endpoints = [] }], Cancel);

        Assert.Equal([3, 3], before);
        Assert.Equal(before, Counters(node, counted));
        Assert.Equal(0, proxier.WrittenChains);
    }

    [Fact]
    public async Task Restart_adopts_the_rules_removes_stale_chains_and_keeps_connections()
    {
        using var node = new ProxyNode();
        var kept = ProxyNode.Service("a", TransportProtocol.Tcp, node.AddServer());
        var gone = ProxyNode.Service("b", TransportProtocol.Tcp, node.AddServer());
        await node.NewProxier().ProgramAsync([kept, gone], Cancel);
        using var connection = Question.Open(node.Client, ProxyNode.ClusterIp("a"), 80);
        connection.Again();

        await node.NewProxier().ProgramAsync([kept], Cancel);

        connection.Again();
        Question.Ask(node.Client, ProxyNode.ClusterIp("a"), 80);
        var saved = IptablesSnapshot.Parse(node.Saved());
        Assert.True(saved.HasChain("nat", Chains.Service(kept)));
        Assert.False(saved.HasChain("nat", Chains.Service(gone)));
        Assert.False(saved.HasChain("nat", Chains.Endpoint(gone, gone.Endpoints[0])));
        Assert.All(BaseRules.Jumps, jump => Assert.Single(saved.Rules(jump.Table, jump.Chain), jump.Rule.ToString()));
    }

    [Fact]
    public async Task Removed_services_and_endpoints_leave_no_chain()
    {
        var proxier = NewProxier();
        await proxier.ProgramAsync([s_a, s_b], Cancel);
        await proxier.ProgramAsync([s_a with { Endpoints = [.. s_a.Endpoints.Take(1)] }], Cancel);

        var chains = IptablesSnapshot.Parse(Saved()).Chains.Where(pair => Chains.IsPerService(pair.Chain)).Select(pair => pair.Chain);
        Assert.Equal(new[] { Chains.Service(s_a), Chains.External(s_a), Chains.Endpoint(s_a, s_a.Endpoints[0]) }.Order(), chains.Order());
        await proxier.ProgramAsync([], Cancel);
        Assert.DoesNotContain(IptablesSnapshot.Parse(Saved()).Chains, pair => Chains.IsPerService(pair.Chain));
    }

    [Theory]
    [InlineData("-t", "nat", "-F")]
    [InlineData("-t", "nat", "-F", "KUBE-SERVICES")]
    [InlineData("-t", "nat", "-F", "KUBE-POSTROUTING")]
    [InlineData("-t", "nat", "-F", "KUBE-MARK-MASQ")]
    [InlineData("-t", "nat", "-F", "KUBE-NODEPORTS")]
    [InlineData("-t", "nat", "-D", "KUBE-SERVICES", "1")]
    [InlineData("-t", "nat", "-D", "POSTROUTING", "1")]
    [InlineData("-t", "filter", "-F")]
    [InlineData("-t", "filter", "-F", "KUBE-SERVICES")]
    [InlineData("-t", "filter", "-F", "KUBE-FORWARD")]
    [InlineData("-t", "mangle", "-X")]
    public async Task Damage_is_seen_and_undone(params string[] damage)
    {
        var proxier = NewProxier();
        ServicePort[] services = [s_a, s_b, Service("c")];
        await proxier.ProgramAsync(services, Cancel);
        var whole = Saved();
        Assert.True(await proxier.IsIntactAsync(Cancel));

        _ns.Exec("iptables", damage);

        Assert.False(await proxier.IsIntactAsync(Cancel));
        proxier.Forget();
        await proxier.ProgramAsync(services, Cancel);
        Assert.Equal(Sorted(whole), Sorted(Saved()));
        Assert.True(await proxier.IsIntactAsync(Cancel));
    }

    [Fact]
    public async Task Removal_takes_everything_of_ours_and_nothing_of_others()
    {
        // kubelets make this one; others share the prefix too.
        _ns.Exec("iptables", "-N", "KUBE-FIREWALL");
        _ns.Exec("iptables", "-A", "KUBE-FIREWALL", "-s", "198.51.100.0/24", "-j", "DROP");
        _ns.Exec("iptables", "-A", "INPUT", "-j", "KUBE-FIREWALL");
        _ns.Exec("iptables", "-t", "nat", "-A", "POSTROUTING", "-s", "10.0.0.0/8", "-j", "MASQUERADE");
        _ns.Exec("iptables", "-t", "mangle", "-A", "INPUT", "-j", "ACCEPT");
        var before = Saved();
        var proxier = NewProxier();
        await proxier.ProgramAsync([s_a, s_b, Service("c")], Cancel);

        await proxier.RemoveAsync(Cancel);

        Assert.Equal(before, Saved());
        await proxier.RemoveAsync(Cancel);
        Assert.Equal(before, Saved());
    }

    [Fact]
    public async Task Service_given_twice_is_programmed_once()
    {
        await NewProxier().ProgramAsync([s_b, s_a, s_b], Cancel);
        var twice = Saved();
        await NewProxier().ProgramAsync([s_b, s_a], Cancel);

        Assert.Equal(twice, Saved());
    }

    private static ServicePort Service(string name, params int[] endpoints) => ProxyNode.Service(name, TransportProtocol.Tcp) with
    {
        Endpoints = endpoints.Select(number => new ServiceEndpoint(IPAddress.Parse($"10.244.9.{number}"), 8080)).ToList(),
    };

    private IptablesProxier NewProxier() => new(new ProxySettings("w1") { ClusterCidr = IPNetwork.Parse("10.244.0.0/16"), NetNs = _ns.Name },
        NewStore(_ns.Name));

    private string Saved() => Volatile().Replace(_ns.Exec("iptables-save"), "");

    private static IEnumerable<string> Sorted(string saved) => saved.Split('\n').Order(StringComparer.Ordinal);

    // Packets that passed the balancing rule and the DNAT rule of the service.
    private static List<int> Counters(ProxyNode node, ServicePort service) => node.Saved("-c", "-t", "nat").Split('\n')
        .Where(line => line.Contains($"-A {Chains.Service(service)} ") || line.Contains($"-A {Chains.Endpoint(service, service.Endpoints[0])} "))
        .Where(line => !line.Contains("KUBE-MARK-MASQ"))
        .Select(line => int.Parse(line[1..line.IndexOf(':', StringComparison.Ordinal)])).ToList();

    private static ScratchNetNs Scratch()
    {
        Requires.Root();
        Requires.Tool("iptables");
        return new ScratchNetNs("proxy");
    }

    // Dates and the counters of the kernel's own chains.
    [GeneratedRegex(@"^# .*$|\[\d+:\d+\]", RegexOptions.Multiline)]
    private static partial Regex Volatile();
}
