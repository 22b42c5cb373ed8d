using System.Collections.Concurrent;
using System.IO.Compression;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Network.Api.Errors;
using Network.Api.Resources;
using Network.Api.Schema;
using Network.ApiServer.CustomResources;
using Network.ApiServer.Http;

namespace Network.ApiServer.Discovery;

/// <summary>
/// /openapi/v2 and /openapi/v3. A document is built when first asked for and kept compressed. Those of built-in groups never change while the server
/// runs, so their tag is one number of this build; those that show custom kinds change with the definitions.
/// </summary>
internal sealed class OpenApiHandler(ServedResources served)
{
    // Spelled with dots: Go's mime parser refuses the @ of the request's spelling.
    private const string GnosticType = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";

    private readonly ConcurrentDictionary<(string Name, int Generation), byte[]> _compressed = new();

    private static string Build => field ??= ApiDocs.Fingerprint(ServerVersion.Git + string.Join(' ', ResourceCatalog.All.Select(r => r.ApiVersion + "/" + r.Kind)));

    public Task HandleAsync(HttpContext http, string path)
    {
        if (path is "/openapi/v2" or "/swagger-2.0.0.pb-v1")
            return WriteV2Async(http, path != "/openapi/v2" || http.Request.Headers.Accept.ToString().Contains("protobuf"));
        var groupVersion = path["/openapi/v3".Length..].Trim('/');
        return groupVersion.Length == 0 ? WriteIndexAsync(http) : WriteV3Async(http, groupVersion);
    }

    private Task WriteV2Async(HttpContext http, bool gnostic) => WriteAsync(http, gnostic ? "v2.pb" : "v2", gnostic ? GnosticType : "application/json", into =>
    {
        var json = OpenApiDocuments.V2(served.All);
        if (!gnostic)
        {
            into.Write(json.WrittenSpan);
            return;
        }

        using var document = JsonDocument.Parse(json.WrittenMemory);
        using var wire = new ProtobufWriter();
        GnosticDocument.Write(wire, document.RootElement);
        into.Write(wire.Written.Span);
    });

    private Task WriteIndexAsync(HttpContext http)
    {
        var paths = new JsonObject();
        foreach (var name in served.All.Select(r => PathOf(r.ApiVersion)).Distinct())
            paths[name] = new JsonObject { ["serverRelativeURL"] = $"/openapi/v3/{name}?hash={HashOf(GenerationOf(name))}" };
        return ObjectResponse.WriteAsync(http, 200, new JsonObject { ["paths"] = paths });
    }

    private Task WriteV3Async(HttpContext http, string name)
    {
        var resources = served.All.Where(r => PathOf(r.ApiVersion) == name).ToList();
        if (resources.Count == 0)
            throw Refusal.NoSuchResource();
        if (http.Request.Query["hash"] == HashOf(GenerationOf(name)))
            http.Response.Headers.CacheControl = "public, immutable";
        return WriteAsync(http, name, "application/json", into => into.Write(OpenApiDocuments.V3(resources).WrittenSpan));
    }

    private async Task WriteAsync(HttpContext http, string name, string type, Action<Stream> build)
    {
        var response = http.Response;
        var generation = GenerationOf(name);
        var tag = $"\"{HashOf(generation)}-{name.Replace('/', '-')}\"";
        response.Headers.ETag = tag;
        response.Headers.Append("Vary", "Accept, Accept-Encoding");
        if (http.Request.Headers.IfNoneMatch == tag)
        {
            response.StatusCode = 304;
            return;
        }

        foreach (var old in _compressed.Keys.Where(key => key.Name == name && key.Generation != generation))
            _compressed.TryRemove(old, out _);
        var compressed = _compressed.GetOrAdd((name, generation), _ => Compress(build));
        if (Compression.IsAccepted(http.Request))
        {
            response.Headers.ContentEncoding = "gzip";
            await ObjectResponse.WriteBytesAsync(http, 200, type, compressed);
            return;
        }

        response.ContentType = type;
        await using var plain = new GZipStream(new MemoryStream(compressed), CompressionMode.Decompress);
        await plain.CopyToAsync(response.Body, http.RequestAborted);
    }

    // 0 for what shows built-in groups only.
    private int GenerationOf(string name) =>
        name.StartsWith("v2", StringComparison.Ordinal) || served.Custom.Any(r => PathOf(r.ApiVersion) == name) ? served.Generation : 0;

    private string HashOf(int generation) => generation == 0 ? Build : $"{Build}.{served.Fingerprint}";

    private static byte[] Compress(Action<Stream> build)
    {
        var kept = new MemoryStream();
        using (var gzip = new GZipStream(kept, CompressionLevel.Optimal, true))
            build(gzip);
        return kept.ToArray();
    }

    private static string PathOf(string apiVersion) => apiVersion.Contains('/') ? "apis/" + apiVersion : "api/" + apiVersion;
}
