using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Network.Api.Errors;
using Network.Api.Schema;
using Network.ApiServer.Auditing;
using YamlDotNet.Core;

namespace Network.ApiServer.Http;

/// <summary>Reads request bodies: JSON, YAML or Kubernetes protobuf, with the field validation the client asked for.</summary>
internal static class RequestBody
{
    public const int MaxBytes = 3 * 1024 * 1024;
    private const string Accepted = "application/json, application/yaml, application/vnd.kubernetes.protobuf";

    public static async ValueTask<byte[]> ReadAsync(HttpRequest request, CancellationToken cancel)
    {
        if (request.ContentLength > MaxBytes)
            throw Refusal.TooLarge(MaxBytes);
        var reader = request.BodyReader;
        while (true)
        {
            var result = await reader.ReadAsync(cancel);
            if (result.Buffer.Length > MaxBytes)
                throw Refusal.TooLarge(MaxBytes);
            if (result.IsCompleted)
            {
                var bytes = result.Buffer.ToArray();
                reader.AdvanceTo(result.Buffer.End);
                if (AuditRecord.Of(request.HttpContext) is { KeepsRequest: true } record)
                    record.RequestBody = bytes;
                return bytes;
            }

            reader.AdvanceTo(result.Buffer.Start, result.Buffer.End);
        }
    }

    /// <summary>The media type without parameters; clients send charset behind a semicolon.</summary>
    public static string MediaType(HttpRequest request) => (request.ContentType ?? "").Split(';')[0].Trim();

    /// <summary>Decodes an object of the wanted type and applies fieldValidation.</summary>
    public static async ValueTask<JsonObject> ReadObjectAsync(ApiRequest request, MessageType type)
    {
        var bytes = await ReadAsync(request.Http.Request, request.Cancel);
        return Decode(request, bytes, type);
    }

    public static JsonObject Decode(ApiRequest request, byte[] bytes, MessageType type)
    {
        // Old kubectl sends no Content-Type at all, which means JSON.
        switch (MediaType(request.Http.Request))
        {
            case "application/vnd.kubernetes.protobuf" when type.Structure is not null:
                throw Refusal.UnsupportedMediaType("application/json, application/yaml");
            case "application/vnd.kubernetes.protobuf":
                var value = FromProtobuf(bytes, type);
                if (AuditRecord.Of(request.Http) is { KeepsRequest: true } record)
                    record.RequestBody = Encoding.UTF8.GetBytes(value.ToJsonString());
                return value;
            case "application/yaml" or "application/x-yaml" or "text/yaml":
                return FromJson(request, YamlToJson(bytes), type);
            case "" or "application/json" or "*/*":
                return FromJson(request, bytes, type);
            default:
                throw Refusal.UnsupportedMediaType(Accepted);
        }
    }

    public static byte[] YamlToJson(byte[] bytes)
    {
        try
        {
            return YamlBody.ToJson(Encoding.UTF8.GetString(bytes));
        }
        catch (YamlException e)
        {
            throw Refusal.BadRequest($"error decoding YAML: {e.Message}");
        }
    }

    private static JsonObject FromProtobuf(byte[] bytes, MessageType type)
    {
        if (!ProtobufDecoder.TryReadEnvelope(bytes, out var apiVersion, out var kind, out var raw))
            throw Refusal.BadRequest("the body is not a Kubernetes protobuf object (k8s\\0 envelope)");
        if (kind.Length > 0 && type.Kind is not null && kind != type.Kind)
            throw Mismatch(kind, apiVersion, type);
        if (!ProtobufDecoder.TryDecode(raw, type, out var value))
            throw Refusal.BadRequest($"{kind} in version \"{apiVersion}\" cannot be handled as a {type.TypeName}: malformed protobuf");
        value["kind"] = kind;
        value["apiVersion"] = apiVersion;
        return value;
    }

    private static JsonObject FromJson(ApiRequest request, byte[] bytes, MessageType type)
    {
        var decoded = DecodeJson(bytes, type);
        var kind = decoded.Object.Text("kind");
        if (kind.Length > 0 && type.Kind is not null && kind != type.Kind)
            throw Mismatch(kind, decoded.Object.Text("apiVersion"), type);
        Judge(request, decoded, type);
        return decoded.Object;
    }

    /// <summary>Decodes JSON that is not judged yet; what is no JSON object is refused.</summary>
    public static Decoded DecodeJson(byte[] bytes, MessageType type)
    {
        var fault = "strings are not valid UTF-8";
        try
        {
            if (FreeJson.IsText(bytes))
                return JsonDecoder.Decode(bytes, type);
        }
        catch (JsonException e)
        {
            fault = e.Message;
        }

        throw Refusal.BadRequest($"the object provided is unrecognized (must be of type {type.TypeName}): couldn't get version/kind; json parse error: {fault}");
    }

    /// <summary>Type faults always refuse; unknown and duplicate fields refuse, warn or pass as the client chose.</summary>
    public static void Judge(ApiRequest request, Decoded decoded, MessageType type)
    {
        var kind = type.Kind ?? type.TypeName;
        var version = type.ApiVersion ?? "v1";
        if (decoded.TypeFaults.Count > 0)
            throw Refusal.BadRequest($"{kind} in version \"{Version(version)}\" cannot be handled as a {kind}: {string.Join(", ", decoded.TypeFaults)}");
        if (decoded.StrictFaults.Count == 0)
            return;
        switch (request.Query("fieldValidation"))
        {
            case "Strict":
                throw Refusal.BadRequest($"{kind} in version \"{Version(version)}\" cannot be handled as a {kind}: strict decoding error: {string.Join(", ", decoded.StrictFaults)}");
            case "Ignore":
                break;
            default:
                foreach (var fault in decoded.StrictFaults)
                    request.Warn(fault);
                break;
        }
    }

    private static string Version(string apiVersion) => apiVersion[(apiVersion.IndexOf('/') + 1)..];

    private static ApiException Mismatch(string kind, string apiVersion, MessageType type) =>
        Refusal.BadRequest($"{kind} in version \"{Version(apiVersion)}\" cannot be handled as a {type.Kind}: the kind in the data ({kind}) does not match the expected kind ({type.Kind})");
}
