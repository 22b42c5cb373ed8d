using System.Net;
using System.Text.Json;
using k8s.Models;
using Network.Host.Dns.FallBack;
using Network.TestKit;
using Xunit;

namespace Network.ControlPlane.Tests.Dns;

public sealed class FallBackPlanTests
{
    private static readonly IPAddress s_server = IPAddress.Parse("10.96.0.10"), s_own = IPAddress.Parse("172.30.0.2");

    [Fact]
    public void Ready_nodes_are_asked_and_all_others_are_answered()
    {
        var plan = FallBackPlan.For(s_server, s_own, [Node("w3", "172.30.0.4", "True"), Node("w1", "172.30.0.2", "True"), Node("w2", "172.30.0.3", "Unknown"), Node("w4", null, "True"), Node("w5", "fd00::5", "True")]);
        Assert.Equal(["172.30.0.3", "172.30.0.4"], plan.Askers.Select(address => address.ToString()));
        Assert.Equal(["172.30.0.4"], plan.Answerers.Select(address => address.ToString()));
    }

    [Fact]
    public void The_order_of_the_list_makes_no_other_plan_and_readiness_does()
    {
        var (one, two) = (Node("w2", "172.30.0.3", "True"), Node("w3", "172.30.0.4", "True"));
        Assert.Equal(FallBackPlan.For(s_server, s_own, [one, two]), FallBackPlan.For(s_server, s_own, [two, one]));
        Assert.NotEqual(FallBackPlan.For(s_server, s_own, [one, two]), FallBackPlan.For(s_server, s_own, [one, Node("w3", "172.30.0.4", "False")]));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(300)]
    public void The_kernel_takes_the_rules_as_nft_shows_them_and_a_second_time_changes_nothing(int others)
    {
        Requires.Root();
        Requires.Tool("nft");
        using var ns = new ScratchNetNs("dnsfall");
        using var table = new FallBackTable(ns.Name);
        var plan = FallBackPlan.For(s_server, s_own, Enumerable.Range(0, others).Select(i => Node($"n{i}", $"172.31.{i / 250}.{1 + (i % 250)}", "True")));
        table.Apply(plan);
        var first = ns.Exec("nft", "list", "table", "ip", FallBackRules.TableName);
        table.Apply(plan);
        Assert.Equal(first, ns.Exec("nft", "list", "table", "ip", FallBackRules.TableName));
        Assert.Equal(others, Elements(ns, "set", "askers"));
        Assert.Equal(others, Elements(ns, "map", "answerers"));
        Assert.Equal(others > 0 ? 2 : 0, first.Split('\n').Count(line => line.Contains($"dnat to numgen random mod {others} map @answerers:10053")));
        Assert.Contains("socket wildcard 0 notrack accept", first);
        table.Remove();
        Assert.DoesNotContain(FallBackRules.TableName, ns.Exec("nft", "list", "tables"));
        table.Remove();
    }

    [Fact]
    public void A_table_of_another_layout_is_replaced_and_what_is_alive_survives_a_new_plan()
    {
        Requires.Root();
        Requires.Tool("nft");
        using var ns = new ScratchNetNs("dnsfall");
        using var table = new FallBackTable(ns.Name);
        ns.Exec("nft", "add table ip podnet-dns { comment \"older\"; set alive { type inet_service; }; chain old { counter drop; }; }");
        var plan = FallBackPlan.For(s_server, s_own, [Node("w2", "172.30.0.3", "True")]);
        table.Apply(plan);
        Assert.DoesNotContain("chain old", ns.Exec("nft", "list", "table", "ip", FallBackRules.TableName));
        ns.Exec("nft", "add", "element", "ip", FallBackRules.TableName, "alive", "{ 10.96.0.10 timeout 1h }");
        table.Apply(FallBackPlan.For(s_server, s_own, []));
        Assert.Equal(1, Elements(ns, "set", "alive"));
    }

    private static int Elements(ScratchNetNs ns, string kind, string name)
    {
        using var json = JsonDocument.Parse(ns.Exec("nft", "-j", "list", kind, "ip", FallBackRules.TableName, name));
        return json.RootElement.GetProperty("nftables")[1].GetProperty(kind).TryGetProperty("elem", out var elements) ? elements.GetArrayLength() : 0;
    }

    private static V1Node Node(string name, string? address, string ready) => new()
    {
        Metadata = new V1ObjectMeta { Name = name },
        Status = new V1NodeStatus
        {
            Addresses = address is null ? [] : [new V1NodeAddress { Type = "Hostname", Address = name }, new V1NodeAddress { Type = "InternalIP", Address = address }],
            Conditions = [new V1NodeCondition { Type = "Ready", Status = ready }],
        },
    };
}
