using k8s.Models;
using Network.Controllers.Pods;
using Network.ControlPlane.Tests.Client;
using Xunit;

namespace Network.ControlPlane.Tests.Controllers;

public sealed class PodStateTests
{
    private static readonly DateTimeOffset s_now = new(2030, 1, 1, 0, 1, 0, TimeSpan.Zero);

    /// <summary>Upstream's ActivePodsWithRanks: each goes before the next, however they were listed.</summary>
    [Fact]
    public void Pods_that_are_worth_least_go_first()
    {
        string[] order =
        [
            "{metadata: {name: unassigned}, spec: {}, status: {phase: Running, conditions: [{type: Ready, status: 'True'}]}}",
            "{metadata: {name: pending}, spec: {nodeName: a}, status: {phase: Pending}}",
            "{metadata: {name: unknown}, spec: {nodeName: b}, status: {phase: Unknown}}",
            "{metadata: {name: notready}, spec: {nodeName: c}, status: {phase: Running}}",
            Ready("cheap", "d", annotations: "{controller.kubernetes.io/pod-deletion-cost: '-5'}"),
            Ready("doubled1", "e", restarts: 1),
            Ready("doubled2", "e"),
            Ready("restarted", "f", restarts: 7),
            Ready("newer", "g", created: 30),
            Ready("older", "h", created: 10),
            Ready("dear", "i", annotations: "{controller.kubernetes.io/pod-deletion-cost: '100'}"),
        ];
        var pods = order.Select(text => Yaml.To<V1Pod>(text)).ToList();
        var random = new Random(7);

        for (var round = 0; round < 20; round++)
        {
            var shuffled = pods.ToArray();
            random.Shuffle(shuffled);
            Assert.Equal(pods.Select(pod => pod.Metadata.Name), PodState.DeletionOrder(shuffled).Select(pod => pod.Metadata.Name));
        }
    }

    [Theory]
    [InlineData("{}", true)]
    [InlineData("{phase: Running}", true)]
    [InlineData("{phase: Succeeded}", false)]
    [InlineData("{phase: Failed}", false)]
    public void Ended_pods_do_not_count(string status, bool active)
    {
        Assert.Equal(active, PodState.IsActive(Yaml.To<V1Pod>($"{{metadata: {{name: p}}, status: {status}}}")));
        Assert.False(PodState.IsActive(Yaml.To<V1Pod>($"{{metadata: {{name: p, deletionTimestamp: '2030-01-01T00:00:00Z'}}, status: {status}}}")));
    }

    [Theory]
    [InlineData("'True'", 0, true)]
    [InlineData("'True'", 60, true)]
    [InlineData("'True'", 61, false)]
    [InlineData("'False'", 0, false)]
    public void Ready_pod_is_available_after_its_time(string ready, int seconds, bool available)
    {
        var pod = Yaml.To<V1Pod>($"{{metadata: {{name: p}}, status: {{conditions: [{{type: Ready, status: {ready}, lastTransitionTime: '2030-01-01T00:00:00Z'}}]}}}}");

        Assert.Equal(available, PodState.IsAvailable(pod, seconds, s_now));
    }

    private static string Ready(string name, string node, int restarts = 0, int created = 20, string annotations = "{}") =>
        $"{{metadata: {{name: {name}, annotations: {annotations}, creationTimestamp: '2030-01-01T00:00:{created}Z'}}, spec: {{nodeName: {node}}}, "
        + $"status: {{phase: Running, conditions: [{{type: Ready, status: 'True'}}], containerStatuses: [{{restartCount: {restarts}}}]}}}}";
}
