using System.Net;
using k8s.Models;
using Network.Host.Overlay;
using Network.Overlay;
using Xunit;

namespace Network.ControlPlane.Tests.Overlay;

/// <summary>When a node may say that its network works.</summary>
public sealed class OverlayReadinessTests
{
    private static readonly TimeSpan s_short = TimeSpan.FromSeconds(1), s_long = TimeSpan.FromMinutes(10);

    [Fact]
    public void First_node_is_up_when_the_patience_ends()
    {
        Assert.False(IsUp([], s_short));
        Assert.True(IsUp([], s_long));
    }

    [Fact]
    public void Answer_is_enough_at_once() => Assert.True(OverlayReadiness.IsUp(canTalk: true, ["w2"], TimeSpan.Zero));

    [Fact]
    public void Silence_of_living_nodes_holds_it_back_for_as_long_as_they_live()
    {
        Assert.False(IsUp([NodeOf("w2")], s_long));
        Assert.False(IsUp([NodeOf("w2"), NodeOf("w3", ready: "Unknown")], s_long));
    }

    [Fact]
    public void Last_one_of_a_dead_cluster_starts() => Assert.True(IsUp([NodeOf("w2", ready: "Unknown"), NodeOf("w3", ready: "False")], s_long));

    [Fact]
    public void Nodes_that_come_up_together_do_not_wait_for_each_other() =>
        Assert.True(IsUp([NodeOf("w2", unavailable: null), NodeOf("w3", unavailable: "True")], s_long));

    [Fact]
    public void Nodes_that_answer_no_probes_prove_nothing_by_silence() => Assert.True(IsUp([NodeOf("w2")], s_long, probePort: 0));

    private static bool IsUp(IReadOnlyList<V1Node> others, TimeSpan since, int probePort = 10246)
    {
        var readings = others.ToDictionary(node => node.Metadata.Name, node => new PeerReading(new Peer(node.Metadata.Name, IPNetwork.Parse("10.244.2.0/24"), null, IPAddress.Loopback) { ProbePort = probePort }, null));
        return OverlayReadiness.IsUp(canTalk: false, OverlayReadiness.Silent(others.Append(NodeOf("w1")), "w1", readings), since);
    }

    private static V1Node NodeOf(string name, string ready = "True", string? unavailable = "False") => new()
    {
        Metadata = new V1ObjectMeta { Name = name },
        Status = new V1NodeStatus
        {
            Conditions = [new V1NodeCondition { Type = "Ready", Status = ready }, .. unavailable is null ? (V1NodeCondition[])[] : [new V1NodeCondition { Type = "NetworkUnavailable", Status = unavailable }]],
        },
    };
}
