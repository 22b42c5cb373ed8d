using k8s.Models;
using Network.Controllers.Deployments;
using Network.ControlPlane.Tests.Client;
using Xunit;

namespace Network.ControlPlane.Tests.Controllers;

public sealed class RolloutArithmeticTests
{
    [Theory]
    [InlineData(10, "25%", "25%", 3, 2)]
    [InlineData(4, "25%", "25%", 1, 1)]
    [InlineData(3, "25%", "25%", 1, 0)]
    [InlineData(1, "25%", "25%", 1, 0)]
    [InlineData(0, "25%", "25%", 0, 0)]
    [InlineData(10, null, null, 3, 2)]
    [InlineData(7, "10%", "10%", 1, 0)]
    [InlineData(100, "1%", "1%", 1, 1)]
    [InlineData(5, "100%", "100%", 5, 5)]
    [InlineData(5, "2", "1", 2, 1)]
    [InlineData(5, "0", "9", 0, 5)]
    // Both zero would never move, so one may be missing (upstream's ResolveFenceposts); with no replicas none can.
    [InlineData(5, "0", "0", 0, 1)]
    [InlineData(5, "0%", "10%", 0, 1)]
    [InlineData(0, "0", "0", 0, 0)]
    public void Surge_rounds_up_and_unavailability_down(int replicas, string? maxSurge, string? maxUnavailable, int surge, int unavailable)
    {
        var deployment = new V1Deployment
        {
            Spec = new V1DeploymentSpec
            {
                Replicas = replicas,
                Strategy = new V1DeploymentStrategy
                {
                    RollingUpdate = maxSurge is null ? null : new V1RollingUpdateDeployment { MaxSurge = maxSurge, MaxUnavailable = maxUnavailable },
                },
            },
        };

        Assert.Equal((surge, unavailable), RolloutArithmetic.Bounds(deployment));
    }

    [Theory]
    // wanted, surge, of the new set, of all sets -> new set
    [InlineData(10, 3, 0, 10, 3)]
    [InlineData(10, 3, 3, 13, 3)]
    [InlineData(10, 3, 3, 11, 5)]
    [InlineData(10, 3, 9, 10, 10)]
    [InlineData(10, 0, 0, 10, 0)]
    [InlineData(10, 3, 0, 0, 10)]
    [InlineData(3, 1, 5, 5, 3)]
    [InlineData(0, 0, 2, 2, 0)]
    public void New_set_grows_into_the_room_that_surge_gives(int wanted, int surge, int have, int all, int expected) =>
        Assert.Equal(expected, RolloutArithmetic.NewSize(wanted, surge, have, all));

    [Theory]
    // Sets as size/available, oldest first; the new one last.
    [InlineData(10, 2, "10/10", "3/0", "8")]
    [InlineData(10, 2, "8/8", "5/2", "6")]
    [InlineData(10, 2, "10/10", "0/0", "8")]
    [InlineData(10, 0, "10/10", "3/3", "7")]
    [InlineData(10, 0, "10/10", "3/0", "10")]
    [InlineData(10, 2, "5/0 5/5", "3/3", "0 5")]
    [InlineData(10, 2, "2/2 8/8", "3/3", "0 5 ")]
    [InlineData(10, 2, "8/5", "5/0", "8")]
    [InlineData(1, 0, "1/1", "1/0", "1")]
    [InlineData(1, 0, "1/1", "1/1", "0")]
    [InlineData(1, 0, "1/0", "1/0", "1")]
    [InlineData(0, 0, "3/3", "0/0", "0")]
    [InlineData(3, 1, "", "3/3", "")]
    public void Old_sets_lose_what_is_not_available_first_and_never_more_than_allowed(int wanted, int unavailable, string old, string fresh, string expected)
    {
        var sets = Sets(old);

        var sizes = RolloutArithmetic.ShrinkOld(sets, Sets(fresh).Single(), wanted, unavailable);

        Assert.Equal(expected.Trim(), string.Join(' ', sets.Select(set => sizes[set.Metadata.Name])));
    }

    [Fact]
    public void Rollout_always_ends_and_never_breaks_its_bounds()
    {
        var random = new Random(25);
        for (var round = 0; round < 500; round++)
        {
            var wanted = random.Next(0, 20);
            var (surge, unavailable) = (random.Next(0, 5), random.Next(0, 5));
            unavailable = Math.Min(surge + unavailable == 0 ? 1 : unavailable, wanted);
            int oldSize = wanted, newSize = 0, newAvailable = 0, steps = 0;
            while (oldSize > 0 || newSize != wanted || newAvailable != wanted)
            {
                newSize = RolloutArithmetic.NewSize(wanted, surge, newSize, newSize + oldSize);
                oldSize = RolloutArithmetic.ShrinkOld([Set("old", oldSize, oldSize, 0)], Set("new", newSize, newAvailable, 1), wanted, unavailable)["old"];
                Assert.InRange(oldSize + newSize, 0, wanted + surge);
                Assert.InRange(oldSize + newAvailable, wanted - unavailable, int.MaxValue);
                newAvailable = random.Next(newAvailable, newSize + 1);
                Assert.True(++steps < 1000, $"{wanted} replicas, surge {surge}, unavailable {unavailable}: stuck at old {oldSize} new {newSize}");
            }
        }
    }

    private static List<V1ReplicaSet> Sets(string text) => text.Split(' ', StringSplitOptions.RemoveEmptyEntries)
        .Select((pair, index) => Set($"s{index}", int.Parse(pair.Split('/')[0]), int.Parse(pair.Split('/')[1]), index)).ToList();

    private static V1ReplicaSet Set(string name, int size, int available, int age) =>
        Yaml.To<V1ReplicaSet>($"{{metadata: {{name: {name}, creationTimestamp: '2030-01-01T00:00:0{age}Z'}}, spec: {{replicas: {size}, selector: {{}}}}, status: {{replicas: {size}, availableReplicas: {available}}}}}");
}
