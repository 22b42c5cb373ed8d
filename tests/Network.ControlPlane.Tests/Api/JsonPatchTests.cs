using System.Text.Json.Nodes;
using Network.Api.Errors;
using Network.Api.Patches;
using Xunit;

namespace Network.ControlPlane.Tests.Api;

public sealed class JsonPatchTests
{
    // Examples of RFC 6902, appendix A.
    [Theory]
    [InlineData("""{"foo":"bar"}""", """[{"op":"add","path":"/baz","value":"qux"}]""", """{"foo":"bar","baz":"qux"}""")]
    [InlineData("""{"foo":["bar","baz"]}""", """[{"op":"add","path":"/foo/1","value":"qux"}]""", """{"foo":["bar","qux","baz"]}""")]
    [InlineData("""{"foo":["bar","qux","baz"]}""", """[{"op":"remove","path":"/foo/1"}]""", """{"foo":["bar","baz"]}""")]
    [InlineData("""{"foo":{"bar":"baz","waldo":"fred"},"qux":{"corge":"grault"}}""", """[{"op":"move","from":"/foo/waldo","path":"/qux/thud"}]""", """{"foo":{"bar":"baz"},"qux":{"corge":"grault","thud":"fred"}}""")]
    [InlineData("""{"/":9,"~1":10}""", """[{"op":"test","path":"/~01","value":10}]""", """{"/":9,"~1":10}""")]
    [InlineData("""{"foo":["bar"]}""", """[{"op":"add","path":"/foo/-","value":["abc"]}]""", """{"foo":["bar",["abc"]]}""")]
    public void Operations_follow_the_rfc(string document, string patch, string expected) =>
        Assert.Equal(expected, JsonPatch.Apply((JsonObject)JsonNode.Parse(document)!, (JsonArray)JsonNode.Parse(patch)!).ToJsonString());

    [Theory]
    [InlineData("""[{"op":"test","path":"/foo","value":"x"}]""", 422)]
    [InlineData("""[{"op":"add","path":"/a/b","value":1}]""", 422)]
    [InlineData("""[{"op":"remove","path":"/nope"}]""", 422)]
    [InlineData("""[{"op":"jump","path":"/foo"}]""", 400)]
    [InlineData("""[{"path":"/foo"}]""", 400)]
    public void A_patch_that_does_not_fit_is_refused_whole(string patch, int code) =>
        Assert.Equal(code, Assert.Throws<ApiException>(() => JsonPatch.Apply(new JsonObject { ["foo"] = "bar" }, (JsonArray)JsonNode.Parse(patch)!)).Code);
}
