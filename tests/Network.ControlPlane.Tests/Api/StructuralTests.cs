using System.Text.Json;
using System.Text.Json.Nodes;
using Network.Api.Errors;
using Network.Api.Structural;
using Xunit;

namespace Network.ControlPlane.Tests.Api;

public sealed class StructuralTests
{
    [Theory]
    [InlineData(".a.b", "1")]
    [InlineData("{.a.b}", "1")]
    [InlineData("$.a['x.y']", "2")]
    [InlineData(".a.x\\.y", "")]
    [InlineData(".list[0].v", "p")]
    [InlineData(".list[-1].v", "q")]
    [InlineData(".list[9].v", "")]
    [InlineData(".list[*].v", "p,q")]
    [InlineData(".list[?(@.k==\"two\")].v", "q")]
    [InlineData(".list[?(@.k=='none')].v", "")]
    [InlineData(".missing.deep[0]", "")]
    public void Path_leads_to_values(string path, string expected)
    {
        using var document = JsonDocument.Parse("""{"a":{"b":1,"x.y":2},"list":[{"k":"one","v":"p"},{"k":"two","v":"q"}]}""");
        Assert.Equal(expected, string.Join(',', new JsonPathQuery(path).Of(document.RootElement).Select(value => value.ToString())));
    }

    [Theory]
    [InlineData("a.b")]
    [InlineData(".a[")]
    [InlineData(".a[x]")]
    [InlineData(".a[?(@.b)]")]
    public void Path_of_another_form_is_refused(string path) => Assert.Throws<FormatException>(() => new JsonPathQuery(path));

    [Theory]
    [InlineData("""{"oneOf":[{"required":["a"]},{"required":["b"]}]}""", """{"a":1}""", "")]
    [InlineData("""{"oneOf":[{"required":["a"]},{"required":["b"]}]}""", """{"a":1,"b":1}""", "one and only one schema (oneOf). Found 2 valid")]
    [InlineData("""{"anyOf":[{"required":["a"]},{"required":["b"]}]}""", "{}", "at least one schema (anyOf)")]
    [InlineData("""{"not":{"required":["a"]}}""", """{"a":1}""", "must not validate the schema (not)")]
    [InlineData("""{"allOf":[{"minProperties":1}]}""", "{}", "at least 1 properties")]
    [InlineData("""{"properties":{"n":{"type":"number","multipleOf":0.5,"exclusiveMinimum":true,"minimum":0}}}""", """{"n":0}""", "should be greater than 0")]
    [InlineData("""{"properties":{"n":{"type":"number","multipleOf":0.5}}}""", """{"n":1.25}""", "multiple of 0.5")]
    [InlineData("""{"properties":{"n":{"type":"integer"}}}""", """{"n":1.0}""", "")]
    [InlineData("""{"properties":{"n":{"type":"integer"}}}""", """{"n":1.5}""", "must be of type integer: \"number\"")]
    [InlineData("""{"properties":{"s":{"type":"string","nullable":true}}}""", """{"s":null}""", "")]
    [InlineData("""{"properties":{"s":{"type":"string"}}}""", """{"s":null}""", "must be of type string: \"null\"")]
    [InlineData("""{"properties":{"s":{"type":"string","maxLength":2}}}""", """{"s":"äöü"}""", "may not be more than 2")]
    [InlineData("""{"properties":{"s":{"type":"string","format":"ipv4"}}}""", """{"s":"10.0.0"}""", "must be of type ipv4")]
    [InlineData("""{"properties":{"s":{"type":"string","format":"cidr"}}}""", """{"s":"10.0.0.0/8"}""", "")]
    [InlineData("""{"properties":{"l":{"type":"array","x-kubernetes-list-type":"set","items":{"type":"string"}}}}""", """{"l":["a","a"]}""", "Duplicate value: \"a\"")]
    public void Value_passes_or_every_fault_is_named(string schema, string value, string fault)
    {
        var part = (JsonObject)JsonNode.Parse(schema)!;
        part["type"] = "object";
        var root = StructuralSchema.Parse(new JsonObject { ["type"] = "object", ["properties"] = new JsonObject { ["spec"] = part } });
        var faults = new List<FieldFault>();

        StructuralValidator.Validate((JsonObject)JsonNode.Parse($$"""{"spec":{{value}}}""")!, root, faults);

        if (fault.Length == 0)
            Assert.Empty(faults);
        else
            Assert.Contains(fault, Assert.Single(faults).ToString());
    }

    [Fact]
    public void Defaults_fill_only_where_the_parent_is_there()
    {
        var schema = StructuralSchema.Parse((JsonObject)JsonNode.Parse("""
            {"type":"object","properties":{"spec":{"type":"object","properties":{
              "a":{"type":"integer","default":1},
              "inner":{"type":"object","properties":{"b":{"type":"integer","default":2}}},
              "list":{"type":"array","items":{"type":"object","properties":{"c":{"type":"integer","default":3}}}}}}}}
            """)!);
        var value = JsonNode.Parse("""{"spec":{"list":[{},{"c":9}]}}""")!;

        StructuralDefaults.Apply(value, schema);

        Assert.True(JsonNode.DeepEquals(JsonNode.Parse("""{"spec":{"list":[{"c":3},{"c":9}],"a":1}}"""), value), value.ToJsonString());
    }

    [Fact]
    public void A_pattern_that_would_backtrack_for_ever_is_matched_in_linear_time()
    {
        var schema = StructuralSchema.Parse((JsonObject)JsonNode.Parse("""{"type":"object","properties":{"s":{"type":"string","pattern":"^(a+)+$"}}}""")!);
        var faults = new List<FieldFault>();

        StructuralValidator.Validate(new JsonObject { ["s"] = new string('a', 5000) + "!" }, schema, faults);

        Assert.Single(faults);
    }
}
