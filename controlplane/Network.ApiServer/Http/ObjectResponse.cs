using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Network.Api.Errors;
using Network.Api.Schema;
using Network.ApiServer.Auditing;
using Network.ApiServer.Printing;
using Network.ApiServer.Storage;
using Network.Store;

namespace Network.ApiServer.Http;

/// <summary>Writes single objects and refusals in the shape the client asked for.</summary>
internal static class ObjectResponse
{
    private static readonly JsonSerializerOptions s_indented = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly JsonSerializerOptions s_plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static Task WriteEntryAsync(ApiRequest request, StoreEntry entry, int code = 200)
    {
        var bytes = ObjectBytes.ToArray(request.Target.Resource, entry);
        if (request.Format.Protobuf)
            return ProtobufResponse.WriteObjectAsync(request, code, bytes);
        if (request.Format is { Shape: ResponseShape.Object, Yaml: false, Pretty: false })
            return WriteBytesAsync(request.Http, code, "application/json", bytes);
        using var document = JsonDocument.Parse(bytes);
        JsonNode value = request.Format.Shape switch
        {
            ResponseShape.Table => TableWriter.One(request, document.RootElement),
            ResponseShape.PartialMetadata => PartialMetadata.Of(document.RootElement),
            _ => JsonNode.Parse(bytes)!,
        };
        return WriteAsync(request.Http, code, value, request.Format);
    }

    public static Task WriteAsync(HttpContext http, int code, JsonNode value, ResponseFormat? format = null)
    {
        if (format?.Protobuf == true && ApiSchema.FindKind(value.Text("apiVersion"), value.Text("kind")) is { } type)
            return ProtobufResponse.WriteAsync(http, code, value, type);
        var pretty = format?.Pretty == true;
        if (format?.Yaml == true)
            return WriteBytesAsync(http, code, "application/yaml", System.Text.Encoding.UTF8.GetBytes(YamlText.Write(value)));
        var text = value.ToJsonString(pretty ? s_indented : s_plain);
        return WriteBytesAsync(http, code, "application/json", System.Text.Encoding.UTF8.GetBytes(pretty ? text + "\n" : text));
    }

    public static Task WriteRefusalAsync(HttpContext http, ApiException refusal)
    {
        if (refusal.RetryAfterSeconds is { } seconds)
            http.Response.Headers.RetryAfter = seconds.ToString();
        return WriteAsync(http, refusal.Code, refusal.ToStatus(), new ResponseFormat(ResponseShape.Object, false, false) { Protobuf = ProtobufResponse.IsWanted(http.Request) });
    }

    public static Task WriteTextAsync(HttpContext http, int code, string text) =>
        WriteBytesAsync(http, code, "text/plain; charset=utf-8", System.Text.Encoding.UTF8.GetBytes(text));

    public static async Task WriteBytesAsync(HttpContext http, int code, string contentType, ReadOnlyMemory<byte> bytes)
    {
        http.Response.StatusCode = code;
        http.Response.ContentType = contentType;
        if (http.Response.Headers.CacheControl.Count == 0)
            http.Response.Headers.CacheControl = "no-cache, private";
        if (AuditRecord.Of(http) is { } record && contentType == "application/json" && (record.KeepsResponse || code >= 400))
            record.ResponseBody = bytes;
        if (Compression.Applies(http, bytes.Length))
        {
            await using var compressed = Compression.Begin(http.Response);
            await compressed.WriteAsync(bytes, http.RequestAborted);
            return;
        }

        http.Response.ContentLength = bytes.Length;
        await http.Response.Body.WriteAsync(bytes, http.RequestAborted);
    }
}
