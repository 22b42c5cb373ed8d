using k8s.Models;
using Network.Controllers.DaemonSets;
using Network.ControlPlane.Tests.Client;
using Xunit;

namespace Network.ControlPlane.Tests.Controllers;

public sealed class DaemonViewTests
{
    private const string Hash = "h1";
    private static readonly V1Node[] s_nodes = [Node("w1"), Node("w2", "{disk: ssd, cores: '8'}"), Node("w3")];

    [Fact]
    public void Every_node_without_a_pod_misses_one()
    {
        var view = View("{}", Pod("a", "w2"));

        Assert.Equal((3, "w1 w3", "a", "", ""), Text(view));
    }

    [Fact]
    public void Pod_that_is_tied_to_a_node_counts_before_it_is_bound()
    {
        var pod = Pod("a", null);
        Placement.Pin(pod, "w3", Hash);

        Assert.Equal("w1 w2", Text(View("{}", pod)).Missing);
    }

    [Fact]
    public void Second_pod_of_a_node_goes_and_the_ready_one_stays()
    {
        var view = View("{}", Pod("a", "w1", "{phase: Pending}"), Pod("b", "w1", "{phase: Running, conditions: [{type: Ready, status: 'True'}]}"));

        Assert.Equal((3, "w2 w3", "b", "", "a"), Text(view));
    }

    [Fact]
    public void Terminating_pod_keeps_its_place_until_it_is_gone()
    {
        var view = View("{}", Pod("a", "w1", metadata: ", deletionTimestamp: '2030-01-01T00:00:00Z'"));

        Assert.Equal((3, "w2 w3", "", "", ""), Text(view));
    }

    [Fact]
    public void Ended_pod_is_removed_and_replaced()
    {
        var view = View("{}", Pod("a", "w1", "{phase: Failed}"), Pod("b", "w2", "{phase: Succeeded}"));

        Assert.Equal((3, "w1 w2 w3", "", "", "a b"), Text(view));
    }

    [Fact]
    public void Pods_of_another_template_are_outdated_and_those_on_lost_nodes_misplaced()
    {
        var view = View("{}", Pod("a", "w1", hash: "h0"), Pod("b", "w2"), Pod("c", "w9"));

        Assert.Equal((3, "w3", "a b", "a", "c"), Text(view));
    }

    [Theory]
    [InlineData("{nodeSelector: {disk: ssd}}", "w2")]
    [InlineData("{affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: disk, operator: DoesNotExist}]}]}}}}", "w1 w3")]
    [InlineData("{affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: cores, operator: Gt, values: ['7']}]}]}}}}", "w2")]
    [InlineData("{affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: cores, operator: Lt, values: ['8']}]}]}}}}", "")]
    [InlineData("{affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchFields: [{key: metadata.name, operator: In, values: [w1]}]}]}}}}", "w1")]
    [InlineData("{affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchFields: [{key: metadata.name, operator: NotIn, values: [w1]}]}]}}}}", "w2 w3")]
    [InlineData("{affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{}]}}}}", "")]
    public void Selectors_and_affinity_choose_the_nodes_as_the_scheduler_does(string spec, string nodes)
    {
        var view = View(spec);

        Assert.Equal((nodes.Split(' ', StringSplitOptions.RemoveEmptyEntries).Length, nodes), (view.Desired, string.Join(' ', view.Missing)));
    }

    [Theory]
    // A taint; whether a new pod comes, whether a pod that is there stays.
    [InlineData("{key: team, value: red, effect: NoSchedule}", "{}", false, true)]
    [InlineData("{key: team, value: red, effect: NoExecute}", "{}", false, false)]
    [InlineData("{key: team, value: red, effect: PreferNoSchedule}", "{}", true, true)]
    [InlineData("{key: team, value: red, effect: NoExecute}", "{tolerations: [{key: team, operator: Exists}]}", true, true)]
    [InlineData("{key: team, value: red, effect: NoExecute}", "{tolerations: [{key: team, operator: Exists, effect: NoSchedule}]}", false, false)]
    [InlineData("{key: node.kubernetes.io/not-ready, effect: NoExecute}", "{}", true, true)]
    [InlineData("{key: node.kubernetes.io/unreachable, effect: NoSchedule}", "{}", true, true)]
    [InlineData("{key: node.kubernetes.io/unschedulable, effect: NoSchedule}", "{}", true, true)]
    [InlineData("{key: node.kubernetes.io/network-unavailable, effect: NoSchedule}", "{}", false, true)]
    [InlineData("{key: node.kubernetes.io/network-unavailable, effect: NoSchedule}", "{hostNetwork: true}", true, true)]
    public void Taints_turn_new_pods_away_and_only_NoExecute_removes_old_ones(string taint, string spec, bool comes, bool stays)
    {
        var node = Node("w1", taints: $"[{taint}]");
        var set = Set(spec);

        var without = DaemonView.Of(set, Hash, [node], []);
        var with = DaemonView.Of(set, Hash, [node], [Pod("a", "w1")]);

        Assert.Equal(comes ? ["w1"] : [], without.Missing);
        Assert.Equal(comes ? 1 : 0, without.Desired);
        Assert.Equal(stays ? [] : ["a"], with.Misplaced.Select(pod => pod.Metadata.Name));
        Assert.Equal(stays && !comes ? ["a"] : [], with.Staying.Select(pod => pod.Metadata.Name));
        Assert.Empty(with.Missing);
    }

    [Fact]
    public void Pinned_pod_tolerates_what_daemons_must_live_with_and_keeps_its_own_tolerations()
    {
        var pod = Pod("a", null);
        pod.Spec.Tolerations = [new V1Toleration { Key = "team", OperatorProperty = "Exists" }];
        pod.Spec.HostNetwork = true;

        Placement.Pin(pod, "w1", Hash);

        Assert.Equal("w1", Placement.NodeOf(pod));
        Assert.Equal(
            [
                "node.kubernetes.io/disk-pressure:NoSchedule", "node.kubernetes.io/memory-pressure:NoSchedule", "node.kubernetes.io/network-unavailable:NoSchedule",
                "node.kubernetes.io/not-ready:NoExecute", "node.kubernetes.io/pid-pressure:NoSchedule", "node.kubernetes.io/unreachable:NoExecute",
                "node.kubernetes.io/unschedulable:NoSchedule", "team:",
            ],
            pod.Spec.Tolerations.Select(toleration => $"{toleration.Key}:{toleration.Effect}").Order(StringComparer.Ordinal));
    }

    private static DaemonView View(string spec, params V1Pod[] pods) => DaemonView.Of(Set(spec), Hash, s_nodes, pods);

    private static (int Desired, string Missing, string Current, string Outdated, string Misplaced) Text(DaemonView view) =>
        (view.Desired, string.Join(' ', view.Missing), Names(view.Current), Names(view.Outdated), Names(view.Misplaced));

    private static string Names(IEnumerable<V1Pod> pods) => string.Join(' ', pods.Select(pod => pod.Metadata.Name));

    private static V1DaemonSet Set(string spec) => Yaml.To<V1DaemonSet>($"{{metadata: {{name: d}}, spec: {{selector: {{}}, template: {{spec: {spec}}}}}}}");

    private static V1Node Node(string name, string labels = "{}", string taints = "[]") =>
        Yaml.To<V1Node>($"{{metadata: {{name: {name}, labels: {labels}}}, spec: {{taints: {taints}}}}}");

    private static V1Pod Pod(string name, string? node, string status = "{phase: Running}", string hash = Hash, string metadata = "") =>
        Yaml.To<V1Pod>($"{{metadata: {{name: {name}, labels: {{controller-revision-hash: {hash}}}{metadata}}}, spec: {{{(node is null ? "" : $"nodeName: {node}")}}}, status: {status}}}");
}
