using k8s.Models;
using Network.ControlPlane.Tests.Client;
using Network.Scheduler;
using Xunit;

namespace Network.ControlPlane.Tests.Scheduler;

/// <summary>Where a pod may go. The refusals are kube-scheduler's words, which people and scripts read.</summary>
public sealed class DecisionTests
{
    private static readonly Random s_coin = new(1);

    [Fact]
    public void No_nodes_is_a_text_of_its_own() =>
        Assert.Equal("no nodes available to schedule pods", Decide("{containers: [{name: c}]}").Message);

    [Theory]
    [InlineData("{cpu: 500m, memory: 1Gi}", "w1")]
    [InlineData("{cpu: '2'}", "w1")]
    [InlineData("{cpu: 2001m}", "0/1 nodes are available: 1 Insufficient cpu.")]
    [InlineData("{cpu: '3', memory: 5Gi}", "0/1 nodes are available: 1 Insufficient cpu, 1 Insufficient memory.")]
    [InlineData("{'example.com/gpu': '2'}", "w1")]
    [InlineData("{'example.com/gpu': '3'}", "0/1 nodes are available: 1 Insufficient example.com/gpu.")]
    [InlineData("{'example.com/tpu': '1'}", "0/1 nodes are available: 1 Insufficient example.com/tpu.")]
    public void Requests_must_fit_what_the_node_gives(string requests, string expected) => Assert.Equal(expected, Outcome(
        Decide($"{{containers: [{{name: c, resources: {{requests: {requests}}}}}]}}", new NodeInfo(Node("w1"), []))));

    [Theory]
    // A node of 2 cpu with 1500m taken: 500m are left.
    [InlineData("containers: [{name: a, resources: {requests: {cpu: 300m}}}, {name: b, resources: {requests: {cpu: 200m}}}]", true)]
    [InlineData("containers: [{name: a, resources: {requests: {cpu: 300m}}}, {name: b, resources: {requests: {cpu: 201m}}}]", false)]
    [InlineData("initContainers: [{name: i, resources: {requests: {cpu: 500m}}}], containers: [{name: a, resources: {requests: {cpu: 400m}}}]", true)]
    [InlineData("initContainers: [{name: i, resources: {requests: {cpu: 501m}}}], containers: [{name: a}]", false)]
    [InlineData("initContainers: [{name: i, restartPolicy: Always, resources: {requests: {cpu: 200m}}}], containers: [{name: a, resources: {requests: {cpu: 300m}}}]", true)]
    [InlineData("initContainers: [{name: i, restartPolicy: Always, resources: {requests: {cpu: 201m}}}], containers: [{name: a, resources: {requests: {cpu: 300m}}}]", false)]
    [InlineData("initContainers: [{name: i, restartPolicy: Always, resources: {requests: {cpu: 200m}}}, {name: j, resources: {requests: {cpu: 301m}}}], containers: [{name: a}]", false)]
    [InlineData("initContainers: [{name: j, resources: {requests: {cpu: 500m}}}, {name: i, restartPolicy: Always, resources: {requests: {cpu: 200m}}}], containers: [{name: a}]", true)]
    [InlineData("overhead: {cpu: 101m}, containers: [{name: a, resources: {requests: {cpu: 400m}}}]", false)]
    [InlineData("overhead: {cpu: 100m}, containers: [{name: a, resources: {requests: {cpu: 400m}}}]", true)]
    public void Init_containers_count_one_by_one_and_sidecars_and_overhead_always(string spec, bool fits)
    {
        var node = new NodeInfo(Node("w1"), [Pod("{containers: [{name: c, resources: {requests: {cpu: 1500m}}}]}")]);

        Assert.Equal(fits ? "w1" : "0/1 nodes are available: 1 Insufficient cpu.", Outcome(Decide($"{{{spec}}}", node)));
    }

    [Fact]
    public void Number_of_pods_is_a_resource_too() => Assert.Equal("0/1 nodes are available: 1 Too many pods.",
        Outcome(Decide("{containers: [{name: c}]}", new NodeInfo(Node("w1"), Enumerable.Range(0, 5).Select(_ => Pod("{containers: [{name: c}]}"))))));

    [Theory]
    [InlineData("[]", "0/1 nodes are available: 1 node(s) had untolerated taint {team: red}.")]
    [InlineData("[{key: team, operator: Equal, value: red, effect: NoSchedule}]", "w1")]
    [InlineData("[{key: team, value: red}]", "w1")]
    [InlineData("[{key: team, operator: Exists}]", "w1")]
    [InlineData("[{operator: Exists}]", "w1")]
    [InlineData("[{key: team, operator: Equal, value: blue, effect: NoSchedule}]", "0/1 nodes are available: 1 node(s) had untolerated taint {team: red}.")]
    [InlineData("[{key: team, operator: Equal, value: red, effect: NoExecute}]", "0/1 nodes are available: 1 node(s) had untolerated taint {team: red}.")]
    [InlineData("[{key: other, operator: Exists}]", "0/1 nodes are available: 1 node(s) had untolerated taint {team: red}.")]
    public void Taints_keep_away_who_does_not_tolerate_them(string tolerations, string expected) => Assert.Equal(expected, Outcome(
        Decide($"{{containers: [{{name: c}}], tolerations: {tolerations}}}", new NodeInfo(Node("w1", spec: "{taints: [{key: team, value: red, effect: NoSchedule}]}"), []))));

    [Theory]
    [InlineData("[]", "0/1 nodes are available: 1 node(s) were unschedulable.")]
    [InlineData("[{key: node.kubernetes.io/unschedulable, operator: Exists}]", "w1")]
    public void Cordoned_nodes_take_only_who_tolerates_it(string tolerations, string expected) => Assert.Equal(expected, Outcome(
        Decide($"{{containers: [{{name: c}}], tolerations: {tolerations}}}", new NodeInfo(Node("w1",
            spec: "{unschedulable: true, taints: [{key: node.kubernetes.io/unschedulable, effect: NoSchedule}]}"), []))));

    [Fact]
    public void Soft_taints_only_push_away() => Assert.All(Enumerable.Range(0, 20), _ => Assert.Equal("w2", Decide("{containers: [{name: c}]}",
        new NodeInfo(Node("w1", spec: "{taints: [{key: slow, effect: PreferNoSchedule}]}"), []), new NodeInfo(Node("w2"), [])).Node));

    [Theory]
    [InlineData("nodeSelector: {disk: ssd}", "w1")]
    [InlineData("nodeSelector: {disk: hdd}", "w2")]
    [InlineData("nodeSelector: {disk: tape}", "")]
    [InlineData("nodeSelector: {disk: ssd, zone: b}", "")]
    [InlineData("affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: disk, operator: In, values: [hdd, tape]}]}]}}}", "w2")]
    [InlineData("affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: disk, operator: NotIn, values: [hdd]}]}]}}}", "w1")]
    [InlineData("affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: cores, operator: Exists}]}]}}}", "w2")]
    [InlineData("affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: cores, operator: DoesNotExist}]}]}}}", "w1")]
    [InlineData("affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: cores, operator: Gt, values: ['7']}]}]}}}", "w2")]
    [InlineData("affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: cores, operator: Gt, values: ['8']}]}]}}}", "")]
    [InlineData("affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: cores, operator: Lt, values: ['9']}]}]}}}", "w2")]
    [InlineData("affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchFields: [{key: metadata.name, operator: In, values: [w1]}]}]}}}", "w1")]
    [InlineData("affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchFields: [{key: metadata.name, operator: NotIn, values: [w1]}]}]}}}", "w2")]
    [InlineData("affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{}, {matchExpressions: [{key: disk, operator: In, values: [ssd]}]}]}}}", "w1")]
    [InlineData("affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{}]}}}", "")]
    [InlineData("affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: disk, operator: Exists}, {key: zone, operator: Exists}]}]}}}", "")]
    public void Selectors_and_affinity_choose_among_nodes(string spec, string expected)
    {
        var decision = Decide($"{{containers: [{{name: c}}], {spec}}}",
            new NodeInfo(Node("w1", labels: "{disk: ssd}"), []), new NodeInfo(Node("w2", labels: "{disk: hdd, cores: '8'}"), []));

        Assert.Equal(expected.Length > 0 ? expected : "0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector.", Outcome(decision));
    }

    [Theory]
    [InlineData("{hostPort: 80, containerPort: 80}", "{hostPort: 80, containerPort: 80}", false)]
    [InlineData("{hostPort: 80, containerPort: 80}", "{hostPort: 81, containerPort: 80}", true)]
    [InlineData("{hostPort: 53, containerPort: 53, protocol: UDP}", "{hostPort: 53, containerPort: 53, protocol: TCP}", true)]
    [InlineData("{hostPort: 80, containerPort: 80, hostIP: 192.0.2.1}", "{hostPort: 80, containerPort: 80, hostIP: 192.0.2.2}", true)]
    [InlineData("{hostPort: 80, containerPort: 80, hostIP: 192.0.2.1}", "{hostPort: 80, containerPort: 80, hostIP: 192.0.2.1}", false)]
    [InlineData("{hostPort: 80, containerPort: 80, hostIP: 192.0.2.1}", "{hostPort: 80, containerPort: 80, hostIP: 0.0.0.0}", false)]
    [InlineData("{hostPort: 80, containerPort: 80}", "{hostPort: 80, containerPort: 80, hostIP: 192.0.2.1}", false)]
    [InlineData("{containerPort: 80}", "{containerPort: 80}", true)]
    public void Host_ports_have_one_owner_by_protocol_and_address(string taken, string wanted, bool fits)
    {
        var node = new NodeInfo(Node("w1"), [Pod($"{{containers: [{{name: c, ports: [{taken}]}}]}}")]);

        Assert.Equal(fits ? "w1" : "0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports.",
            Outcome(Decide($"{{containers: [{{name: c, ports: [{wanted}]}}]}}", node)));
    }

    [Fact]
    public void Reasons_of_many_nodes_are_counted_and_sorted_as_text()
    {
        var nodes = Enumerable.Range(1, 10).Select(i => new NodeInfo(Node($"a{i}", spec: "{taints: [{key: team, value: red, effect: NoExecute}]}"), []))
            .Append(new NodeInfo(Node("b", spec: "{unschedulable: true}"), []))
            .Append(new NodeInfo(Node("c"), []))
            .Append(new NodeInfo(Node("d", labels: "{disk: ssd}"), []));

        var decision = Decide("{nodeSelector: {disk: ssd}, containers: [{name: c, resources: {requests: {cpu: '9'}}}]}", [.. nodes]);

        Assert.Equal("0/13 nodes are available: 1 Insufficient cpu, 1 node(s) didn't match Pod's node affinity/selector, "
            + "1 node(s) were unschedulable, 10 node(s) had untolerated taint {team: red}.", decision.Message);
        Assert.Equal(13, decision.Verdicts.Count);
        Assert.Equal(["Insufficient cpu"], decision.Verdicts[^1].Reasons);
    }

    [Fact]
    public void Emptier_node_wins_and_ties_fall_to_the_coin()
    {
        var busy = new NodeInfo(Node("w1"), [Pod("{containers: [{name: c, resources: {requests: {cpu: '1'}}}]}")]);

        Assert.All(Enumerable.Range(0, 20), _ => Assert.Equal("w2", Decide("{containers: [{name: c}]}", busy, new NodeInfo(Node("w2"), [])).Node));
        Assert.Equal(2, Enumerable.Range(0, 50).Select(_ => Decide("{containers: [{name: c}]}", new NodeInfo(Node("w1"), []), new NodeInfo(Node("w2"), [])).Node)
            .Distinct().Count());
    }

    [Fact]
    public void Siblings_of_one_controller_are_spread()
    {
        var sibling = Pod("{containers: [{name: c}]}", owner: "u1");
        var decision = Decision.For(Pod("{containers: [{name: c}]}", owner: "u1"),
            [new NodeInfo(Node("w1"), [sibling, sibling]), new NodeInfo(Node("w2"), [sibling, Pod("{containers: [{name: c}]}")])], s_coin);

        Assert.Equal("w2", decision.Node);
    }

    private static Decision Decide(string spec, params NodeInfo[] nodes) => Decision.For(Pod(spec), nodes, s_coin);

    private static string Outcome(Decision decision) => decision.Node ?? decision.Message;

    private static V1Pod Pod(string spec, string? owner = null)
    {
        var pod = Yaml.To<V1Pod>($"{{apiVersion: v1, kind: Pod, metadata: {{name: p, namespace: default}}, spec: {spec}}}");
        if (owner is not null)
            pod.Metadata.OwnerReferences = [new V1OwnerReference { Uid = owner, Kind = "ReplicaSet", Name = "r", ApiVersion = "apps/v1", Controller = true }];
        return pod;
    }

    private static V1Node Node(string name, string spec = "{}", string labels = "{}") => Yaml.To<V1Node>(
        $"{{apiVersion: v1, kind: Node, metadata: {{name: {name}, labels: {labels}}}, spec: {spec}, "
        + "status: {allocatable: {cpu: '2', memory: 4Gi, pods: '5', 'example.com/gpu': '2'}}}");
}
