using System.Globalization;
using Network.Iptables;
using Network.Netlink.Netfilter;
using Network.ServiceProxy;
using Network.ServiceProxy.Backends.Iptables;
using Network.ServiceProxy.Backends.Nftables;
using Network.ServiceProxy.Walk;
using Network.TestKit.Proxy;
using Xunit;

namespace Network.Overlay.Tests.ServiceProxy;

/// <summary>Random clusters: the same packets through the oracle and through the rules of both renderers.</summary>
public sealed class RuleWalkTests
{
    private static int Rounds => int.Parse(Environment.GetEnvironmentVariable("PODNET_PROXY_CLUSTERS") ?? "500", CultureInfo.InvariantCulture);

    [Fact]
    public void Rules_of_both_renderers_say_what_the_services_say()
    {
        var seen = new HashSet<OutcomeKind>();
        for (var seed = 0; seed < Rounds; seed++)
        {
            var cluster = RandomCluster.Create(new Random(seed));
            foreach (var mode in new[] { ProxyMode.Nftables, ProxyMode.Iptables })
            {
                if (Disagreement(cluster, mode) is null)
                    continue;
                var smallest = cluster.Shrink(smaller => Disagreement(smaller, mode) is not null);
                Assert.Fail($"seed {seed}, {mode}: {Disagreement(smallest, mode)}\n{smallest}");
            }

            seen.UnionWith(cluster.Packets.Select(packet => new ServiceOracle(cluster.Services, cluster.Settings, ProxyMode.Iptables).Judge(packet).Kind));
        }

        Assert.Equal(4, seen.Count);
    }

    [Fact]
    public void Wrong_rule_is_found_and_shrunk_to_the_service_it_is_of()
    {
        // The renderer is told of a masquerading that the oracle does not know.
        var cluster = RandomCluster.Create(new Random(1)) is var made ? made with { Settings = made.Settings with { MasqueradeAll = false } } : null!;
        var fails = (RandomCluster candidate) => candidate.Packets.Any(packet => Walk(candidate with { Settings = candidate.Settings with { MasqueradeAll = true } }, ProxyMode.Nftables, packet)
            != new ServiceOracle(candidate.Services, candidate.Settings, ProxyMode.Nftables).Judge(packet));
        while (!fails(cluster))
            cluster = cluster with { Packets = RandomCluster.Create(new Random(cluster.Packets.Count)).Packets, Services = RandomCluster.Create(new Random(cluster.GetHashCode())).Services };

        var smallest = cluster.Shrink(fails);

        Assert.Single(smallest.Services);
        Assert.Single(smallest.Services[0].Endpoints);
        Assert.Single(smallest.Packets);
    }

    private static string? Disagreement(RandomCluster cluster, ProxyMode mode)
    {
        var oracle = new ServiceOracle(cluster.Services, cluster.Settings, mode);
        foreach (var packet in cluster.Packets)
        {
            var (wanted, got) = (oracle.Judge(packet), Walk(cluster, mode, packet));
            if (wanted != got)
                return $"{packet}: should {wanted}, rules say {got}";
        }

        return null;
    }

    private static Outcome Walk(RandomCluster cluster, ProxyMode mode, Packet packet)
    {
        if (mode == ProxyMode.Nftables)
        {
            var addresses = cluster.Settings.NodePortAddresses.Count == 0 || cluster.Settings.NodePortAddresses.Any(range => range.Contains(cluster.Settings.NodeAddresses[0])) ? cluster.Settings.NodeAddresses : [];
            return NftWalk.Of(NftRuleSet.Compile(new NftView(NftFamily.Ip, cluster.Settings, addresses), cluster.Services), packet, ServiceOracle.IsNode);
        }

        return IptablesWalk.Of(Compile(cluster), packet, ServiceOracle.IsNode);
    }

    private static IptablesRuleSet Compile(RandomCluster cluster)
    {
        var transaction = new IptablesTransaction();
        foreach (var (table, chain, rule) in BaseRules.Jumps)
            transaction.Insert(table, chain, rule);
        foreach (var rule in BaseRules.Nat())
            transaction.Append("nat", rule.Chain, rule.Rule);
        foreach (var rule in BaseRules.Filter(cluster.Settings))
            transaction.Append("filter", rule.Chain, rule.Rule);
        var services = cluster.Services.Select(service => ServiceRules.For(service, cluster.Settings)).ToList();
        foreach (var rule in services.SelectMany(service => service.OwnRules.Concat(service.NatEntries)).Concat(BaseRules.NodePortJumps(cluster.Settings, IptablesFamily.V4)))
            transaction.Append("nat", rule.Chain, rule.Rule);
        foreach (var rule in services.SelectMany(service => service.FilterEntries))
            transaction.Append("filter", rule.Chain, rule.Rule);
        var rules = new IptablesRuleSet();
        rules.Apply(transaction.ToString());
        return rules;
    }
}
