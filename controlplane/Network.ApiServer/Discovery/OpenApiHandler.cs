using System.Collections.Concurrent;
using System.IO.Compression;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Network.Api.Errors;
using Network.Api.Resources;
using Network.Api.Schema;
using Network.ApiServer.Http;

namespace Network.ApiServer.Discovery;

/// <summary>
/// /openapi/v2 and /openapi/v3. A document is built when first asked for and kept compressed; it never changes while the server runs, so the tag of all of
/// them is one number of this build.
/// </summary>
internal sealed class OpenApiHandler
{
    // Spelled with dots: Go's mime parser refuses the @ of the request's spelling.
    private const string GnosticType = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";

    private readonly ConcurrentDictionary<string, byte[]> _compressed = new(StringComparer.Ordinal);

    private static string Hash => field ??= ApiDocs.Fingerprint(ServerVersion.Git + string.Join(' ', ResourceCatalog.All.Select(r => r.ApiVersion + "/" + r.Kind)));

    public Task HandleAsync(HttpContext http, string path)
    {
        if (path is "/openapi/v2" or "/swagger-2.0.0.pb-v1")
            return WriteV2Async(http, path != "/openapi/v2" || http.Request.Headers.Accept.ToString().Contains("protobuf"));
        var groupVersion = path["/openapi/v3".Length..].Trim('/');
        return groupVersion.Length == 0 ? WriteIndexAsync(http) : WriteV3Async(http, groupVersion);
    }

    private Task WriteV2Async(HttpContext http, bool gnostic) => WriteAsync(http, gnostic ? "v2.pb" : "v2", gnostic ? GnosticType : "application/json", into =>
    {
        var json = OpenApiDocuments.V2(ResourceCatalog.All);
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

    private static Task WriteIndexAsync(HttpContext http)
    {
        var paths = new JsonObject();
        foreach (var name in ResourceCatalog.All.Select(r => PathOf(r.ApiVersion)).Distinct())
            paths[name] = new JsonObject { ["serverRelativeURL"] = $"/openapi/v3/{name}?hash={Hash}" };
        return ObjectResponse.WriteAsync(http, 200, new JsonObject { ["paths"] = paths });
    }

    private Task WriteV3Async(HttpContext http, string name)
    {
        var resources = ResourceCatalog.All.Where(r => PathOf(r.ApiVersion) == name).ToList();
        if (resources.Count == 0)
            throw Refusal.NoSuchResource();
        if (http.Request.Query["hash"] == Hash)
            http.Response.Headers.CacheControl = "public, immutable";
        return WriteAsync(http, name, "application/json", into => into.Write(OpenApiDocuments.V3(resources).WrittenSpan));
    }

    private async Task WriteAsync(HttpContext http, string name, string type, Action<Stream> build)
    {
        var response = http.Response;
        var tag = $"\"{Hash}-{name.Replace('/', '-')}\"";
        response.Headers.ETag = tag;
        response.Headers.Append("Vary", "Accept, Accept-Encoding");
        if (http.Request.Headers.IfNoneMatch == tag)
        {
            response.StatusCode = 304;
            return;
        }

        var compressed = _compressed.GetOrAdd(name, _ => Compress(build));
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

    private static byte[] Compress(Action<Stream> build)
    {
        var kept = new MemoryStream();
        using (var gzip = new GZipStream(kept, CompressionLevel.Optimal, true))
            build(gzip);
        return kept.ToArray();
    }

    private static string PathOf(string apiVersion) => apiVersion.Contains('/') ? "apis/" + apiVersion : "api/" + apiVersion;
}
