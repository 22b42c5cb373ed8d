using k8s.Models;
using Network.Client;
using Network.Controllers;
using Network.Controllers.GarbageCollection;
using Xunit;

namespace Network.ControlPlane.Tests.Controllers;

public sealed class OwnerGraphTests
{
    private static readonly CatalogEntry s_configMaps = new("", "v1", "configmaps", "ConfigMap", true, new HashSet<string>());
    private readonly OwnerGraph _graph = new();

    [Theory]
    [InlineData(1, 0, 0, nameof(Verdict.Keep))]
    [InlineData(1, 1, 0, nameof(Verdict.DropReferences))]
    [InlineData(1, 0, 1, nameof(Verdict.DropReferences))]
    [InlineData(0, 1, 1, nameof(Verdict.DeleteWithOwner))]
    [InlineData(0, 0, 1, nameof(Verdict.DeleteWithOwner))]
    [InlineData(0, 1, 0, nameof(Verdict.Delete))]
    public void One_owner_that_stays_keeps_the_object(int solid, int gone, int waiting, string verdict)
    {
        static List<V1OwnerReference> Some(int count) => [.. Enumerable.Range(0, count).Select(_ => new V1OwnerReference())];
        Assert.Equal(verdict, new OwnerJudgement(Some(solid), Some(gone), Some(waiting)).Verdict.ToString());
    }

    [Fact]
    public void Owner_is_looked_at_when_a_reference_goes_or_stops_blocking()
    {
        var before = Object("child", ("owner", true), ("other", true));
        Apply(null, before);
        Assert.Equal(["child", "owner"], Apply(before, Object("child", ("owner", false), ("other", true))).Order());
        Assert.Equal(["child", "owner"], Apply(before, Object("child", ("other", true))).Order());
        Assert.Empty(_graph.DependentsOf("owner"));
    }

    [Fact]
    public void Objects_of_owners_nobody_has_seen_are_remembered_until_the_owner_s_kind_is_watched()
    {
        Apply(null, Object("child", ("owner", true)));
        Assert.Equal(["child"], _graph.Strays());
        Apply(null, Object("owner"));
        Assert.Empty(_graph.Strays());
    }

    private IEnumerable<string> Apply(ObjectMetadata? old, ObjectMetadata now) => _graph.Apply(s_configMaps, new Change<ObjectMetadata>(old, now));

    private static ObjectMetadata Object(string uid, params (string Uid, bool Blocks)[] owners) => new()
    {
        Metadata = new V1ObjectMeta { Uid = uid, Name = uid, OwnerReferences = [.. owners.Select(owner => new V1OwnerReference { Uid = owner.Uid, BlockOwnerDeletion = owner.Blocks })] },
    };
}
