using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Network.Api.Resources;
using Network.Api.Schema;
using Network.ApiServer.Storage;
using Network.Store;

namespace Network.ApiServer.Http;

/// <summary>Answers in Kubernetes protobuf, encoded from stored bytes token by token.</summary>
internal static class ProtobufResponse
{
    public const string ContentType = "application/vnd.kubernetes.protobuf";

    /// <summary>Watches are a sequence of frames: four bytes of length (big endian), then a WatchEvent.</summary>
    public const string WatchContentType = ContentType + ";stream=watch";

    private const int FrameHead = 4;

    private static MessageType PartialType => ApiSchema.Get("meta.v1.PartialObjectMetadata");

    private static MessageType ListMeta => ApiSchema.Get("meta.v1.ListMeta");

    /// <summary>Protobuf is the first thing the client accepts that this server has.</summary>
    public static bool IsWanted(HttpRequest request) =>
        request.Headers.Accept.ToString().Split(',')[0].Split(';')[0].Trim() == ContentType;

    public static async Task WriteObjectAsync(ApiRequest request, int code, ReadOnlyMemory<byte> json)
    {
        using var wire = new ProtobufWriter();
        var form = FormOf(request);
        ProtobufEncoder.WriteEnvelope(wire, form.ApiVersion, form.Kind, json.Span, form.Type);
        await ObjectResponse.WriteBytesAsync(request.Http, code, ContentType, wire.Written);
    }

    public static async Task WriteAsync(HttpContext http, int code, JsonNode value, MessageType type)
    {
        using var wire = new ProtobufWriter();
        ProtobufEncoder.WriteEnvelope(wire, type.ApiVersion!, type.Kind!, Encoding.UTF8.GetBytes(value.ToJsonString()), type);
        await ObjectResponse.WriteBytesAsync(http, code, ContentType, wire.Written);
    }

    public static async Task WriteListAsync(ApiRequest request, JsonObject metadata, IReadOnlyList<StoreEntry> entries)
    {
        using var wire = new ProtobufWriter();
        var form = FormOf(request);
        var raw = ProtobufEncoder.BeginEnvelope(wire, form.ApiVersion, request.Format.Shape == ResponseShape.PartialMetadata ? "PartialObjectMetadataList" : request.Target.Resource.ListKind);
        var mark = wire.Open(1);
        ProtobufEncoder.WriteMessage(wire, Encoding.UTF8.GetBytes(metadata.ToJsonString()), ListMeta);
        wire.Close(mark);
        var json = new ArrayBufferWriter<byte>(1024);
        foreach (var entry in entries)
        {
            json.ResetWrittenCount();
            ObjectBytes.Write(json, request.Target.Resource, entry);
            var item = wire.Open(2);
            ProtobufEncoder.WriteMessage(wire, json.WrittenSpan, form.Type);
            wire.Close(item);
        }

        ProtobufEncoder.EndEnvelope(wire, raw);
        await ObjectResponse.WriteBytesAsync(request.Http, 200, ContentType, wire.Written);
    }

    /// <summary>A watch event around an object of the resource.</summary>
    public static byte[] Frame(string eventType, ResourceInfo resource, ReadOnlySpan<byte> json) =>
        Frame(eventType, (resource.ApiVersion, resource.Kind, resource.Schema), json);

    /// <summary>A watch event in the shape the client asked for.</summary>
    public static byte[] Frame(ApiRequest request, string eventType, ReadOnlySpan<byte> json) => Frame(eventType, FormOf(request), json);

    public static byte[] ErrorFrame(JsonObject status) =>
        Frame("ERROR", ("v1", "Status", ApiSchema.Get("meta.v1.Status")), Encoding.UTF8.GetBytes(status.ToJsonString()));

    private static byte[] Frame(string eventType, (string ApiVersion, string Kind, MessageType Type) form, ReadOnlySpan<byte> json)
    {
        using var wire = new ProtobufWriter();
        wire.Text(1, eventType);
        var value = wire.Open(2);
        var raw = wire.Open(1);
        ProtobufEncoder.WriteEnvelope(wire, form.ApiVersion, form.Kind, json, form.Type);
        wire.Close(raw);
        wire.Close(value);
        var frame = new byte[FrameHead + wire.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame, wire.Length);
        wire.Written.CopyTo(frame.AsMemory(FrameHead));
        return frame;
    }

    private static (string ApiVersion, string Kind, MessageType Type) FormOf(ApiRequest request) => request.Format.Shape == ResponseShape.PartialMetadata
        ? ("meta.k8s.io/v1", "PartialObjectMetadata", PartialType)
        : (request.Target.Resource.ApiVersion, request.Target.Resource.Kind, request.Target.Resource.Schema);
}
