using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Network.Api.Errors;
using Network.Api.Resources;
using Network.ApiServer.Http;

namespace Network.ApiServer.Discovery;

/// <summary>/openapi/v2 and /openapi/v3. Documents are built when first asked for and never change while the server runs.</summary>
internal sealed class OpenApiHandler
{
    private readonly ConcurrentDictionary<string, (byte[] Bytes, string Hash)> _documents = new(StringComparer.Ordinal);

    public Task HandleAsync(HttpContext http, string path)
    {
        if (path == "/openapi/v2" || path == "/swagger-2.0.0.pb-v1")
            return WriteV2Async(http);
        var groupVersion = path["/openapi/v3".Length..].Trim('/');
        return groupVersion.Length == 0 ? WriteIndexAsync(http) : WriteDocumentAsync(http, groupVersion);
    }

    // kubectl 1.20 insists on the gnostic protobuf of swagger 2. An empty document is a valid one: it skips client-side validation and goes on.
    // The type is spelled with dots: Go's mime parser refuses the @ of the request's spelling.
    private static Task WriteV2Async(HttpContext http)
    {
        if (http.Request.Headers.Accept.ToString().Contains("protobuf"))
            return ObjectResponse.WriteBytesAsync(http, 200, "application/com.github.proto-openapi.spec.v2.v1.0+protobuf", ReadOnlyMemory<byte>.Empty);
        return ObjectResponse.WriteAsync(http, 200, new JsonObject
        {
            ["swagger"] = "2.0", ["info"] = new JsonObject { ["title"] = "Kubernetes", ["version"] = ServerVersion.Git }, ["paths"] = new JsonObject(),
        });
    }

    private Task WriteIndexAsync(HttpContext http)
    {
        var paths = new JsonObject();
        foreach (var apiVersion in ResourceCatalog.All.Select(r => r.ApiVersion).Distinct())
        {
            var name = PathOf(apiVersion);
            paths[name] = new JsonObject { ["serverRelativeURL"] = $"/openapi/v3/{name}?hash={ServerVersion.Git.GetHashCode(StringComparison.Ordinal):X8}" };
        }

        return ObjectResponse.WriteAsync(http, 200, new JsonObject { ["paths"] = paths });
    }

    private Task WriteDocumentAsync(HttpContext http, string name)
    {
        var resource = ResourceCatalog.All.FirstOrDefault(r => PathOf(r.ApiVersion) == name) ?? throw Refusal.NoSuchResource();
        var (bytes, hash) = _documents.GetOrAdd(name, _ =>
        {
            var text = Encoding.UTF8.GetBytes(OpenApiDocuments.Of(resource.Group, resource.Version).ToJsonString());
            return (text, Convert.ToHexString(SHA256.HashData(text)));
        });
        http.Response.Headers.ETag = $"\"{hash}\"";
        if (http.Request.Query.ContainsKey("hash"))
            http.Response.Headers.CacheControl = "public, immutable";
        return ObjectResponse.WriteBytesAsync(http, 200, "application/json", bytes);
    }

    private static string PathOf(string apiVersion) => apiVersion.Contains('/') ? "apis/" + apiVersion : "api/" + apiVersion;
}
