using System.Net;
using k8s.Models;
using Network.Controllers.Nodes;
using Network.ControlPlane.Tests.Client;
using Xunit;

namespace Network.ControlPlane.Tests.Controllers;

public sealed class NodeTests
{
    private static readonly DateTime s_now = new(2030, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    [Theory]
    [InlineData("10.244.0.0/16", 24, "", "10.244.0.0/24")]
    [InlineData("10.244.0.0/16", 24, "10.244.0.0/24", "10.244.1.0/24")]
    [InlineData("10.244.0.0/16", 24, "10.244.0.0/24 10.244.2.0/24", "10.244.1.0/24")]
    [InlineData("10.244.0.0/16", 24, "10.244.0.0/20", "10.244.16.0/24")]
    [InlineData("10.244.0.0/16", 24, "10.244.0.128/25", "10.244.1.0/24")]
    [InlineData("10.244.0.0/23", 24, "10.244.0.0/24 10.244.1.0/24", null)]
    [InlineData("10.244.0.0/24", 24, "", "10.244.0.0/24")]
    [InlineData("10.244.0.0/16", 24, "10.0.0.0/8", null)]
    [InlineData("255.255.255.0/24", 26, "255.255.255.0/26 255.255.255.64/26 255.255.255.128/26", "255.255.255.192/26")]
    [InlineData("10.244.0.0/16", 24, "192.168.0.0/24 fd00::/64", "10.244.0.0/24")]
    // A part cannot be larger than the whole.
    [InlineData("10.244.0.0/26", 24, "", null)]
    [InlineData("fd00::/56", 64, "", null)]
    public void Node_gets_the_lowest_part_that_nobody_has(string cluster, int mask, string taken, string? expected)
    {
        var next = PodCidrAllocation.Next(IPNetwork.Parse(cluster), mask, taken.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(text => IPNetwork.Parse(text)));

        Assert.Equal(expected, next?.ToString());
    }

    [Fact]
    public void Parts_handed_out_one_after_another_fill_the_cluster_without_overlap()
    {
        var taken = new List<IPNetwork>();
        while (PodCidrAllocation.Next(IPNetwork.Parse("10.244.0.0/16"), 24, taken) is { } next)
            taken.Add(next);

        Assert.Equal(Enumerable.Range(0, 256).Select(i => $"10.244.{i}.0/24"), taken.Select(part => part.ToString()));
    }

    [Theory]
    [InlineData("{}", "[{type: Ready, status: 'True'}]", "")]
    [InlineData("{}", "[{type: Ready, status: 'False'}]", "not-ready:NoExecute not-ready:NoSchedule")]
    [InlineData("{}", "[{type: Ready, status: Unknown}]", "unreachable:NoExecute unreachable:NoSchedule")]
    [InlineData("{}", "[]", "not-ready:NoSchedule")]
    [InlineData("{unschedulable: true}", "[{type: Ready, status: 'True'}]", "unschedulable:NoSchedule")]
    [InlineData("{}", "[{type: Ready, status: 'True'}, {type: MemoryPressure, status: 'True'}, {type: DiskPressure, status: Unknown}]", "memory-pressure:NoSchedule")]
    [InlineData("{}", "[{type: Ready, status: 'True'}, {type: DiskPressure, status: 'True'}, {type: PIDPressure, status: 'True'}, {type: NetworkUnavailable, status: 'True'}]",
        "disk-pressure:NoSchedule network-unavailable:NoSchedule pid-pressure:NoSchedule")]
    [InlineData("{taints: [{key: node.kubernetes.io/not-ready, effect: NoExecute}, {key: node.kubernetes.io/unschedulable, effect: NoSchedule}]}", "[{type: Ready, status: 'True'}]", "")]
    [InlineData("{taints: [{key: team, value: red, effect: NoExecute}]}", "[{type: Ready, status: Unknown}]", "team=red:NoExecute unreachable:NoExecute unreachable:NoSchedule")]
    public void Taints_follow_conditions_and_leave_those_of_others(string spec, string conditions, string expected)
    {
        var node = Node(spec, conditions);

        var taints = NodeTaints.For(node, s_now);

        Assert.Equal(expected, string.Join(' ', taints.Select(Text).Order(StringComparer.Ordinal)));
        Assert.Equal(taints.Select(Text).Order().SequenceEqual((node.Spec.Taints ?? []).Select(Text).Order()), NodeTaints.Same(taints, node.Spec.Taints));
    }

    [Fact]
    public void Time_of_an_evicting_taint_starts_once()
    {
        var before = s_now.AddMinutes(-3);
        var node = Node("{}", "[{type: Ready, status: Unknown}]");
        node.Spec.Taints = NodeTaints.For(node, before);

        var taints = NodeTaints.For(node, s_now);

        Assert.Equal(before, taints.Single(taint => taint.Effect == "NoExecute").TimeAdded);
        Assert.True(NodeTaints.Same(taints, node.Spec.Taints));
    }

    private static V1Node Node(string spec, string conditions) =>
        Yaml.To<V1Node>($"{{metadata: {{name: w1}}, spec: {spec}, status: {{conditions: {conditions}}}}}");

    private static string Text(V1Taint taint) =>
        $"{taint.Key.Replace("node.kubernetes.io/", "")}{(string.IsNullOrEmpty(taint.Value) ? "" : $"={taint.Value}")}:{taint.Effect}";
}
