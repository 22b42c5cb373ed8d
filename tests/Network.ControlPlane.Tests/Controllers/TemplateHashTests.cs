using k8s.Models;
using Network.Controllers.Pods;
using Network.ControlPlane.Tests.Client;
using Xunit;

namespace Network.ControlPlane.Tests.Controllers;

public sealed class TemplateHashTests
{
    private const string Web = "{metadata: {labels: {app: web, tier: front}}, spec: {containers: [{name: c, image: 'web:1'}]}}";

    [Fact]
    public void Hash_does_not_change_between_versions_of_this_program() =>
        // Pinned: another value would make every upgrade a rollout under new names.
        Assert.Equal("7d7fc88b56", TemplateHash.Of(Template(Web), null));

    [Theory]
    [InlineData("{metadata: {labels: {tier: front, app: web}}, spec: {containers: [{name: c, image: 'web:1'}]}}", true)]
    [InlineData("{metadata: {labels: {app: web, tier: front, pod-template-hash: abc}}, spec: {containers: [{name: c, image: 'web:1'}]}}", true)]
    [InlineData("{metadata: {creationTimestamp: null, labels: {app: web, tier: front}}, spec: {containers: [{name: c, image: 'web:1'}]}}", true)]
    [InlineData("{metadata: {labels: {app: web, tier: back}}, spec: {containers: [{name: c, image: 'web:1'}]}}", false)]
    [InlineData("{metadata: {labels: {app: web, tier: front}}, spec: {containers: [{name: c, image: 'web:2'}]}}", false)]
    [InlineData("{metadata: {labels: {app: web, tier: front}, annotations: {restartedAt: now}}, spec: {containers: [{name: c, image: 'web:1'}]}}", false)]
    public void Templates_are_the_same_when_they_differ_in_the_hash_label_only(string other, bool same)
    {
        Assert.Equal(same, TemplateHash.Same(Template(Web), Template(other)));
        Assert.Equal(same, TemplateHash.Of(Template(Web), null) == TemplateHash.Of(Template(other), null));
    }

    [Fact]
    public void Collision_gives_the_same_template_another_name() => Assert.Equal(5, new int?[] { null, 0, 1, 2, 3 }
        .Select(count => TemplateHash.Of(Template(Web), count)).Distinct().Count());

    [Fact]
    public void Hash_is_a_part_of_a_name_and_spells_nothing()
    {
        for (var i = 0; i < 200; i++)
            Assert.Matches("^[bcdfghjklmnpqrstvwxz2456789]{1,10}$", TemplateHash.Of(Template(Web), i));
    }

    private static V1PodTemplateSpec Template(string text) => Yaml.To<V1PodTemplateSpec>(text);
}
