using k8s.Models;
using Network.Controllers;
using Network.Controllers.Namespaces;
using Xunit;

namespace Network.ControlPlane.Tests.Controllers;

public sealed class NamespaceConditionsTests
{
    private static readonly DateTimeOffset s_now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
    private static readonly CatalogEntry s_configMaps = new("", "v1", "configmaps", "ConfigMap", true, new HashSet<string>());
    private static readonly CatalogEntry s_deployments = new("apps", "v1", "deployments", "Deployment", true, new HashSet<string>());

    [Fact]
    public void What_is_left_and_whose_finalizers_hold_it_is_named_in_upstream_s_words()
    {
        var conditions = NamespaceConditions.Of(
            [new(s_deployments, 1, new Dictionary<string, int> { ["a/b"] = 1 }), new(s_configMaps, 2, new Dictionary<string, int> { ["a/b"] = 1, ["c/d"] = 2 })], [], null, s_now)!;
        Assert.Equal(5, conditions.Count);
        string Message(string type) => (string)conditions.Single(condition => (string?)condition!["type"] == type && (string?)condition["status"] == "True")!["message"]!;
        Assert.Equal("Some resources are remaining: configmaps. has 2 resource instances, deployments.apps has 1 resource instances", Message("NamespaceContentRemaining"));
        Assert.Equal("Some content in the namespace has finalizers remaining: a/b in 2 resource instances, c/d in 2 resource instances", Message("NamespaceFinalizersRemaining"));
    }

    [Fact]
    public void Nothing_is_written_when_nothing_changed_and_a_condition_keeps_its_time_while_its_status_stays()
    {
        var first = NamespaceConditions.Of([new(s_configMaps, 2, new Dictionary<string, int>())], [], null, s_now)!;
        var known = first.Select(condition => new V1NamespaceCondition
        {
            Type = (string)condition!["type"]!, Status = (string)condition["status"]!, Message = (string)condition["message"]!, LastTransitionTime = s_now.UtcDateTime,
        }).ToList();
        Assert.Null(NamespaceConditions.Of([new(s_configMaps, 2, new Dictionary<string, int>())], [], known, s_now.AddHours(1)));
        var fewer = NamespaceConditions.Of([new(s_configMaps, 1, new Dictionary<string, int> { ["a/b"] = 1 })], [], known, s_now.AddHours(1))!;
        string Time(string type) => (string)fewer.Single(condition => (string?)condition!["type"] == type)!["lastTransitionTime"]!;
        Assert.Equal("2026-01-02T03:04:05Z", Time("NamespaceContentRemaining"));
        Assert.Equal("2026-01-02T04:04:05Z", Time("NamespaceFinalizersRemaining"));
    }
}
