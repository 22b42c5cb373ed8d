using System.Collections.Concurrent;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Network.Api.Errors;
using Network.Api.Resources;
using Network.Api.Schema;
using Network.ApiServer.CustomResources;
using Network.ApiServer.Http;
using Network.ApiServer.Registry;

namespace Network.ApiServer.Discovery;

/// <summary>
/// /openapi/v2 and /openapi/v3. A document is built when first asked for and kept compressed until its tag changes, which it does only with custom kinds: the
/// built-in ones are those of this build.
/// </summary>
internal sealed class OpenApiHandler(ServedResources served, ObjectRegistry registry)
{
    // Spelled with dots: Go's mime parser refuses the @ of the request's spelling.
    private const string GnosticType = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";

    private readonly CustomDefinitions _custom = new(registry);
    private readonly ConcurrentDictionary<string, (string Tag, byte[] Compressed)> _documents = new(StringComparer.Ordinal);

    private static string BuiltIn => field ??= ApiDocs.Fingerprint(ServerVersion.Git + string.Join(' ', ResourceCatalog.All.Select(r => r.ApiVersion + "/" + r.Kind)));

    public Task HandleAsync(HttpContext http, string path)
    {
        if (path is "/openapi/v2" or "/swagger-2.0.0.pb-v1")
            return WriteV2Async(http, path != "/openapi/v2" || http.Request.Headers.Accept.ToString().Contains("protobuf"));
        var groupVersion = path["/openapi/v3".Length..].Trim('/');
        return groupVersion.Length == 0 ? WriteIndexAsync(http) : WriteV3Async(http, groupVersion);
    }

    private Task WriteV2Async(HttpContext http, bool gnostic)
    {
        var resources = served.All;
        return WriteAsync(http, gnostic ? "v2.pb" : "v2", HashOf(resources), gnostic ? GnosticType : "application/json", into =>
        {
            var json = OpenApiDocuments.V2(resources, _custom);
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
    }

    private Task WriteIndexAsync(HttpContext http)
    {
        var paths = new JsonObject();
        foreach (var resources in served.All.GroupBy(r => PathOf(r.ApiVersion)))
            paths[resources.Key] = new JsonObject { ["serverRelativeURL"] = $"/openapi/v3/{resources.Key}?hash={HashOf([.. resources])}" };
        return ObjectResponse.WriteAsync(http, 200, new JsonObject { ["paths"] = paths });
    }

    private Task WriteV3Async(HttpContext http, string name)
    {
        var resources = served.All.Where(r => PathOf(r.ApiVersion) == name).ToList();
        if (resources.Count == 0)
            throw Refusal.NoSuchResource();
        var hash = HashOf(resources);
        if (http.Request.Query["hash"] == hash)
            http.Response.Headers.CacheControl = "public, immutable";
        return WriteAsync(http, name, hash, "application/json", into => into.Write(OpenApiDocuments.V3(resources, _custom).WrittenSpan));
    }

    private async Task WriteAsync(HttpContext http, string name, string hash, string type, Action<Stream> build)
    {
        var response = http.Response;
        var tag = $"\"{hash}-{name.Replace('/', '-')}\"";
        response.Headers.ETag = tag;
        response.Headers.Append("Vary", "Accept, Accept-Encoding");
        if (http.Request.Headers.IfNoneMatch == tag)
        {
            response.StatusCode = 304;
            return;
        }

        if (!_documents.TryGetValue(name, out var document) || document.Tag != tag)
            _documents[name] = document = (tag, Compress(build));
        if (Compression.IsAccepted(http.Request))
        {
            response.Headers.ContentEncoding = "gzip";
            await ObjectResponse.WriteBytesAsync(http, 200, type, document.Compressed);
            return;
        }

        response.ContentType = type;
        await using var plain = new GZipStream(new MemoryStream(document.Compressed), CompressionMode.Decompress);
        await plain.CopyToAsync(response.Body, http.RequestAborted);
    }

    private string HashOf(IReadOnlyList<ResourceInfo> resources)
    {
        var custom = resources.Where(r => r.CustomSchema is not null).ToList();
        if (custom.Count == 0)
            return BuiltIn;
        var marks = string.Join(' ', custom.Select(r => $"{r.Version}/{r.Plural}/{_custom.MarkOf(r)}"));
        return Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(BuiltIn + marks)));
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
