using System.Text.Json.Nodes;
using Network.Api.Patches;
using Network.Api.Schema;
using Xunit;

namespace Network.ControlPlane.Tests.Api;

public sealed class StrategicMergePatchTests
{
    // Cases after apimachinery's strategicpatch tests, on a pod spec.
    [Theory]
    [InlineData("""{"containers":[{"name":"a","image":"1"}]}""", """{"containers":[{"name":"b","image":"2"}]}""", """{"containers":[{"name":"a","image":"1"},{"name":"b","image":"2"}]}""")]
    [InlineData("""{"containers":[{"name":"a","image":"1","tty":true}]}""", """{"containers":[{"name":"a","image":"2"}]}""", """{"containers":[{"name":"a","image":"2","tty":true}]}""")]
    [InlineData("""{"containers":[{"name":"a"},{"name":"b"}]}""", """{"containers":[{"name":"a","$patch":"delete"}]}""", """{"containers":[{"name":"b"}]}""")]
    [InlineData("""{"containers":[{"name":"a"}]}""", """{"containers":[{"name":"z"},{"$patch":"replace"}]}""", """{"containers":[{"name":"z"}]}""")]
    [InlineData("""{"containers":[{"name":"a"},{"name":"b"}]}""", """{"$setElementOrder/containers":[{"name":"b"},{"name":"a"}],"containers":[{"name":"a","image":"1"}]}""", """{"containers":[{"name":"b"},{"name":"a","image":"1"}]}""")]
    [InlineData("""{"volumes":[{"name":"v","emptyDir":{}}]}""", """{"volumes":[{"name":"v","$retainKeys":["name","hostPath"],"hostPath":{"path":"/x"}}]}""", """{"volumes":[{"name":"v","hostPath":{"path":"/x"}}]}""")]
    [InlineData("""{"nodeSelector":{"a":"1","b":"2"}}""", """{"nodeSelector":{"a":null,"c":"3"}}""", """{"nodeSelector":{"b":"2","c":"3"}}""")]
    [InlineData("""{"nodeSelector":{"a":"1"}}""", """{"nodeSelector":{"$patch":"replace","z":"9"}}""", """{"nodeSelector":{"z":"9"}}""")]
    [InlineData("""{"tolerations":[{"key":"a"}]}""", """{"tolerations":[{"key":"b"}]}""", """{"tolerations":[{"key":"b"}]}""")]
    public void Patch_merges_like_upstream(string original, string patch, string expected)
    {
        var result = StrategicMergePatch.Apply((JsonObject)JsonNode.Parse(original)!, (JsonObject)JsonNode.Parse(patch)!, ApiSchema.Get("core.v1.PodSpec"));
        Assert.Equal(expected, result.ToJsonString());
    }

    [Fact]
    public void Primitive_lists_lose_what_the_directive_names()
    {
        var result = StrategicMergePatch.Apply((JsonObject)JsonNode.Parse("""{"finalizers":["a","b"]}""")!,
            (JsonObject)JsonNode.Parse("""{"$deleteFromPrimitiveList/finalizers":["a"],"finalizers":["c"]}""")!, ApiSchema.Get("meta.v1.ObjectMeta"));
        Assert.Equal("""{"finalizers":["b","c"]}""", result.ToJsonString());
    }
}
