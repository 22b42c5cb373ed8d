using System.Text.Json.Nodes;
using Network.Api.Schema;
using Network.TestKit;
using Xunit;

namespace Network.ControlPlane.Tests.Api;

public sealed class ProtobufDecoderTests
{
    [Fact]
    public void Every_served_kind_decodes_from_protobuf_to_the_same_object_as_its_json()
    {
        var folder = Requires.Data("golden");
        var wrong = new List<string>();
        var count = 0;
        foreach (var type in Kinds())
        {
            var (file, json) = Golden(folder, type);
            if (json is null)
                continue;
            count++;
            Assert.True(ProtobufDecoder.TryReadEnvelope(File.ReadAllBytes(file + ".pb"), out var apiVersion, out var kind, out var raw));
            Assert.Equal((type.ApiVersion, type.Kind), (apiVersion, kind));
            Assert.True(ProtobufDecoder.TryDecode(raw, type, out var decoded), file);
            decoded["kind"] = kind;
            decoded["apiVersion"] = apiVersion;
            var strict = JsonDecoder.Decode(File.ReadAllBytes(file + ".json"), type);
            Assert.Empty(strict.TypeFaults);
            Assert.Empty(strict.StrictFaults);
            var (want, got) = (System.Text.Encoding.UTF8.GetString(CanonicalJson.Write(strict.Object, type)), System.Text.Encoding.UTF8.GetString(CanonicalJson.Write(decoded, type)));
            if (want != got)
                wrong.Add($"{file}\nwant {want}\ngot  {got}");
            if (!JsonNode.DeepEquals(Trim(json), Trim(JsonNode.Parse(want)!)))
                wrong.Add($"{file}\njson {Trim(json)!.ToJsonString()}\nours {Trim(JsonNode.Parse(want)!)!.ToJsonString()}");
        }

        Assert.True(wrong.Count == 0, string.Join("\n\n", wrong));
        Assert.True(count > 40, $"only {count} kinds had golden data");
    }

    [Fact]
    public void Truncated_and_random_bytes_are_refused_or_decoded_but_never_throw()
    {
        var folder = Requires.Data("golden");
        var type = ApiSchema.Get("core.v1.Pod");
        var body = File.ReadAllBytes(Golden(folder, type).File + ".pb");
        for (var length = 0; length < body.Length; length++)
        {
            if (ProtobufDecoder.TryReadEnvelope(body.AsSpan(0, length), out _, out _, out var raw))
                ProtobufDecoder.TryDecode(raw, type, out _);
        }

        var random = new Random(7);
        for (var round = 0; round < 2000; round++)
        {
            var copy = body.ToArray();
            for (var flips = random.Next(1, 8); flips > 0; flips--)
                copy[random.Next(4, copy.Length)] = (byte)random.Next(256);
            if (ProtobufDecoder.TryReadEnvelope(copy, out _, out _, out var raw))
                ProtobufDecoder.TryDecode(raw, type, out _);
        }

        Assert.False(ProtobufDecoder.TryReadEnvelope(body.AsSpan(0, body.Length / 2), out _, out _, out _));
    }

    [Fact]
    public void A_zero_written_by_gogo_counts_as_absent_and_a_pointer_zero_as_a_value()
    {
        // ReplicaSetSpec.replicas (1, pointer) = 0 and minReadySeconds (4, plain) = 0.
        Assert.True(ProtobufDecoder.TryDecode([0x08, 0x00, 0x20, 0x00], ApiSchema.Get("apps.v1.ReplicaSetSpec"), out var spec));
        Assert.Equal("""{"replicas":0}""", spec.ToJsonString());
    }

    private static IEnumerable<MessageType> Kinds() => ApiSchema.Groups.SelectMany(g => ApiSchema.Messages(g).Values).Where(m => m.Kind is not null);

    private static (string File, JsonNode? Json) Golden(string folder, MessageType type)
    {
        var group = type.ApiVersion!.Contains('/') ? type.ApiVersion.Replace('/', '.') : "core." + type.ApiVersion;
        var file = Path.Combine(folder, $"{group}.{type.Kind}");
        return (file, File.Exists(file + ".json") ? JsonNode.Parse(File.ReadAllText(file + ".json")) : null);
    }

    private static JsonNode? Trim(JsonNode? node)
    {
        switch (node)
        {
            case JsonObject map:
                return new JsonObject(map.Where(p => p.Value is not null && p.Value is not JsonArray { Count: 0 })
                    .OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => KeyValuePair.Create(p.Key, Trim(p.Value))));
            case JsonArray list:
                return new JsonArray([.. list.Select(Trim)]);
            default:
                return node?.DeepClone();
        }
    }
}
