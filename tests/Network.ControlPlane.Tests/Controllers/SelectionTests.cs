using k8s.Models;
using Network.Api.Placement;
using Network.ControlPlane.Tests.Client;
using Xunit;

namespace Network.ControlPlane.Tests.Controllers;

public sealed class SelectionTests
{
    private static readonly Dictionary<string, string> s_labels = new() { ["app"] = "web", ["tier"] = "front" };

    [Theory]
    [InlineData("{}", true)]
    [InlineData("{matchLabels: {app: web}}", true)]
    [InlineData("{matchLabels: {app: web, tier: back}}", false)]
    [InlineData("{matchLabels: {zone: a}}", false)]
    [InlineData("{matchExpressions: [{key: app, operator: In, values: [db, web]}]}", true)]
    [InlineData("{matchExpressions: [{key: zone, operator: In, values: [a]}]}", false)]
    [InlineData("{matchExpressions: [{key: app, operator: NotIn, values: [db]}]}", true)]
    [InlineData("{matchExpressions: [{key: zone, operator: NotIn, values: [a]}]}", true)]
    [InlineData("{matchExpressions: [{key: app, operator: NotIn, values: [web]}]}", false)]
    [InlineData("{matchExpressions: [{key: app, operator: Exists}]}", true)]
    [InlineData("{matchExpressions: [{key: zone, operator: Exists}]}", false)]
    [InlineData("{matchExpressions: [{key: zone, operator: DoesNotExist}]}", true)]
    [InlineData("{matchExpressions: [{key: app, operator: DoesNotExist}]}", false)]
    [InlineData("{matchLabels: {app: web}, matchExpressions: [{key: tier, operator: In, values: [back]}]}", false)]
    [InlineData("{matchExpressions: [{key: app, operator: Sounds, values: [web]}]}", false)]
    public void Label_selector_matches(string selector, bool expected) =>
        Assert.Equal(expected, Selection.Matches(Yaml.To<V1LabelSelector>(selector), s_labels));

    [Fact]
    public void Absent_selector_matches_nothing_and_an_empty_one_even_the_unlabelled()
    {
        Assert.False(Selection.Matches((V1LabelSelector?)null, s_labels));
        Assert.True(Selection.Matches(new V1LabelSelector(), null));
        Assert.False(Selection.Matches(Yaml.To<V1LabelSelector>("{matchLabels: {app: web}}"), null));
    }
}
