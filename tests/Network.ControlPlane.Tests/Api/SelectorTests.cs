using System.Text.Json;
using Network.Api.Errors;
using Network.Api.Resources;
using Network.Api.Selectors;
using Xunit;

namespace Network.ControlPlane.Tests.Api;

public sealed class SelectorTests
{
    [Theory]
    [InlineData("a=1", true)]
    [InlineData("a==1,b=2", true)]
    [InlineData("a!=1", false)]
    [InlineData("c!=1", true)]
    [InlineData("a in (1,2), b notin (3)", true)]
    [InlineData("c notin (x)", true)]
    [InlineData("a,!c", true)]
    [InlineData("!a", false)]
    [InlineData("b>1,b<3", true)]
    [InlineData("", true)]
    public void Label_selectors_read_as_upstream(string text, bool matches) =>
        Assert.Equal(matches, LabelSelector.Parse(text).Matches(JsonDocument.Parse("""{"metadata":{"labels":{"a":"1","b":"2"}}}""").RootElement));

    [Theory]
    [InlineData("a in 1")]
    [InlineData("=x")]
    [InlineData("a b")]
    [InlineData("a in (1")]
    public void A_malformed_label_selector_is_a_bad_request(string text) =>
        Assert.Equal(400, Assert.Throws<ApiException>(() => LabelSelector.Parse(text)).Code);

    [Theory]
    [InlineData("spec.nodeName=", true)]
    [InlineData("status.phase!=Failed,metadata.name=p", true)]
    [InlineData("spec.host=n1", false)]
    public void Field_selectors_know_empty_values_and_aliases(string text, bool matches) =>
        Assert.Equal(matches, FieldSelector.Parse(text, ResourceCatalog.Get("pods"))
            .Matches(JsonDocument.Parse("""{"metadata":{"name":"p"},"status":{"phase":"Running"}}""").RootElement));

    [Fact]
    public void An_unknown_field_is_named() => Assert.Contains("field label not supported: foo",
        Assert.Throws<ApiException>(() => FieldSelector.Parse("foo=bar", ResourceCatalog.Get("pods"))).Message);
}
