using Network.Api.Schema;
using Network.TestKit;
using Xunit;

namespace Network.ControlPlane.Tests.Api;

public sealed class ProtobufDecoderTests
{
    [Fact]
    public void Truncated_and_random_bytes_are_refused_or_decoded_but_never_throw()
    {
        var folder = Requires.Data("golden");
        var type = ApiSchema.Get("core.v1.Pod");
        var body = File.ReadAllBytes(Path.Combine(folder, "core.v1.Pod.pb"));
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

    [Fact]
    public void Envelopes_nested_without_end_are_refused()
    {
        byte[] body = [];
        for (var depth = 0; depth < 1_000; depth++)
        {
            using var wire = new ProtobufWriter();
            var raw = ProtobufEncoder.BeginEnvelope(wire, "apps/v1", "ControllerRevision");
            var data = wire.Open(2);
            wire.Bytes(1, body);
            wire.Close(data);
            ProtobufEncoder.EndEnvelope(wire, raw);
            body = wire.Written.ToArray();
        }

        Assert.True(ProtobufDecoder.TryReadEnvelope(body, out _, out _, out var inner));
        Assert.False(ProtobufDecoder.TryDecode(inner, ApiSchema.Get("apps.v1.ControllerRevision"), out _));
    }

    [Fact]
    public void A_writer_keeps_every_byte_wherever_its_buffer_ends()
    {
        for (var lead = 0; lead < 2100; lead++)
        {
            using var wire = new ProtobufWriter();
            wire.Raw(new byte[lead]);
            var outer = wire.Open(1);
            wire.Text(2, "x");
            wire.Bytes(3, new byte[200]);
            wire.Close(outer);
            var reader = new ProtobufReader(wire.Written.Span[lead..]);
            Assert.True(reader.TryReadField(out var number, out _) && number == 1 && reader.TryReadBytes(out var bytes) && bytes.Length == 206, $"after {lead} bytes");
        }
    }

    [Fact]
    public void A_definition_with_schemas_that_are_schemas_or_flags_survives_protobuf()
    {
        var type = ApiSchema.Get("apiextensions.v1.CustomResourceDefinition");
        var decoded = JsonDecoder.Decode("""
            {"kind":"CustomResourceDefinition","apiVersion":"apiextensions.k8s.io/v1","metadata":{"name":"a.b"},"spec":{"group":"b","names":{"plural":"a","kind":"A"},
            "scope":"Cluster","versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object","minProperties":0,"properties":{
            "flag":{"type":"object","additionalProperties":true},"closed":{"type":"object","additionalProperties":false},
            "map":{"type":"object","additionalProperties":{"type":"string","maxLength":5}},"list":{"type":"array","items":{"type":"number","minimum":0.5,"maximum":-3}},
            "tuple":{"items":[{"type":"string"},{"type":"integer"}]},"any":{"default":{"b":[1,null]},"enum":["x",1,null],"x-kubernetes-int-or-string":true},
            "deps":{"dependencies":{"a":["b","c"],"d":{"type":"object"}}}}}}}]}}
            """u8, type);
        Assert.Empty(decoded.TypeFaults.Concat(decoded.StrictFaults));
        var json = CanonicalJson.Write(decoded.Object, type);
        using var wire = new ProtobufWriter();
        ProtobufEncoder.WriteMessage(wire, json, type);
        Assert.True(ProtobufDecoder.TryDecode(wire.Written.Span, type, out var back));
        (back["kind"], back["apiVersion"]) = (type.Kind, type.ApiVersion);
        Assert.Equal(System.Text.Encoding.UTF8.GetString(json), System.Text.Encoding.UTF8.GetString(CanonicalJson.Write(back, type)));
        // JSONSchemaProps.additionalProperties (30) = {allows (1): true}.
        Assert.True(wire.Written.Span.IndexOf<byte>([0xf2, 0x01, 0x02, 0x08, 0x01]) > 0);
    }
}
