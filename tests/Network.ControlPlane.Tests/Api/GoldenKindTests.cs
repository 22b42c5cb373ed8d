using System.Text;
using System.Text.Json.Nodes;
using Network.Api.Schema;
using Network.TestKit;
using Xunit;

namespace Network.ControlPlane.Tests.Api;

/// <summary>Every kind of the API in all three encodings, every field filled in, as upstream's encoders wrote them.</summary>
public sealed class GoldenKindTests
{
    [Fact]
    public void Every_kind_is_the_same_object_in_json_yaml_and_protobuf_and_nothing_is_lost()
    {
        var wrong = new List<string>();
        foreach (var kind in Kinds())
        {
            var json = Canonical(kind, JsonDecoder.Decode(kind.Json, kind.Type), wrong);
            var yaml = Canonical(kind, JsonDecoder.Decode(YamlBody.ToJson(Encoding.UTF8.GetString(kind.Yaml)), kind.Type), wrong);
            var wire = Encoding.UTF8.GetString(CanonicalJson.Write(FromProtobuf(kind, kind.Protobuf), kind.Type));
            if (json != yaml)
                wrong.Add($"{kind.Name}\njson {json}\nyaml {yaml}");
            if (json != wire)
                wrong.Add($"{kind.Name}\njson {json}\nwire {wire}");
            // Canonical spelling leaves out nulls and empty lists; nothing else may go.
            if (!JsonNode.DeepEquals(Trim(JsonNode.Parse(kind.Json)), Trim(JsonNode.Parse(json))))
                wrong.Add($"{kind.Name}\ngolden {JsonNode.Parse(kind.Json)!.ToJsonString()}\nours   {json}");
        }

        Assert.True(wrong.Count == 0, string.Join("\n\n", wrong));
    }

    [Fact]
    public void Every_kind_is_encoded_to_the_very_bytes_of_upstream()
    {
        var wrong = new List<string>();
        foreach (var kind in Kinds())
        {
            var canonical = CanonicalJson.Write(FromProtobuf(kind, kind.Protobuf), kind.Type);
            using var wire = new ProtobufWriter();
            ProtobufEncoder.WriteEnvelope(wire, kind.ApiVersion, kind.KindName, canonical, kind.Type);
            if (!wire.Written.Span.SequenceEqual(kind.Protobuf))
                wrong.Add($"{kind.Name}\nwant {Convert.ToHexString(kind.Protobuf)}\ngot  {Convert.ToHexString(wire.Written.Span)}");
        }

        Assert.True(wrong.Count == 0, string.Join("\n\n", wrong));
    }

    private static List<Kind> Kinds()
    {
        var folder = Requires.Data("golden");
        var kinds = Directory.EnumerateFiles(folder, "*.json").Select(f => new Kind(f[..^".json".Length])).ToList();
        Assert.True(kinds.Count >= 185, $"only {kinds.Count} kinds have golden data");
        return kinds;
    }

    private static string Canonical(Kind kind, Decoded decoded, List<string> wrong)
    {
        wrong.AddRange(decoded.TypeFaults.Concat(decoded.StrictFaults).Select(f => $"{kind.Name}: {f}"));
        return Encoding.UTF8.GetString(CanonicalJson.Write(decoded.Object, kind.Type));
    }

    private static JsonObject FromProtobuf(Kind kind, byte[] bytes)
    {
        Assert.True(ProtobufDecoder.TryReadEnvelope(bytes, out var apiVersion, out var name, out var raw), kind.Name);
        Assert.Equal((kind.ApiVersion, kind.KindName), (apiVersion, name));
        Assert.True(ProtobufDecoder.TryDecode(raw, kind.Type, out var value), kind.Name);
        if (name.Length > 0)
            (value["kind"], value["apiVersion"]) = (name, apiVersion);
        return value;
    }

    private static JsonNode? Trim(JsonNode? node) => node switch
    {
        JsonObject map => new JsonObject(map.Where(p => p.Value is not (null or JsonArray { Count: 0 }))
            .OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => KeyValuePair.Create(p.Key, Trim(p.Value)))),
        JsonArray list => new JsonArray([.. list.Select(Trim)]),
        _ => node?.DeepClone(),
    };

    private sealed class Kind(string path)
    {
        public string Name { get; } = Path.GetFileName(path);

        public byte[] Json { get; } = File.ReadAllBytes(path + ".json");

        public byte[] Yaml { get; } = File.ReadAllBytes(path + ".yaml");

        public byte[] Protobuf { get; } = File.ReadAllBytes(path + ".pb");

        public string ApiVersion => field ??= JsonNode.Parse(Json).Text("apiVersion");

        public string KindName => field ??= JsonNode.Parse(Json).Text("kind");

        // A watch event says no kind of itself.
        public MessageType Type => field ??= ApiSchema.FindKind(ApiVersion, KindName) ?? ApiSchema.Get("meta.v1." + Name.Split('.')[^1]);
    }
}
