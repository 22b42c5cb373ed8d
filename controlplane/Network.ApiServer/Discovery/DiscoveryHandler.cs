using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Network.Api.Errors;
using Network.ApiServer.CustomResources;
using Network.ApiServer.Http;

namespace Network.ApiServer.Discovery;

/// <summary>/api, /apis and below, in the legacy and the aggregated form.</summary>
internal sealed class DiscoveryHandler(ServedResources served)
{
    private readonly DiscoveryDocuments _documents = new(served);
    private readonly ConcurrentDictionary<string, (int Generation, byte[] Bytes, string Tag)> _aggregated = new();

    public Task HandleAsync(HttpContext http, string[] steps)
    {
        var core = steps[0] == "api";
        if (steps.Length == 1)
            return AggregatedVersion(http.Request) is { } version ? WriteAggregatedAsync(http, core, version)
                : WriteAsync(http, core ? DiscoveryDocuments.Versions(http.Request.Host.ToString()) : _documents.Groups());
        var document = core ? (steps.Length == 2 ? _documents.Resources("", steps[1]) : null)
            : steps.Length == 2 ? _documents.Group(steps[1]) : _documents.Resources(steps[1], steps[2]);
        return document is null ? throw Refusal.NoSuchResource() : WriteAsync(http, document);
    }

    private static Task WriteAsync(HttpContext http, JsonObject document) => ObjectResponse.WriteAsync(http, 200, document, ResponseFormat.From(http.Request));

    // application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList, first of the wanted versions.
    private static string? AggregatedVersion(HttpRequest request)
    {
        foreach (var entry in request.Headers.Accept.ToString().Split(','))
        {
            if (!entry.Contains("as=APIGroupDiscoveryList"))
                continue;
            if (entry.Contains("v=v2beta1"))
                return "v2beta1";
            if (entry.Contains("v=v2"))
                return "v2";
        }

        return null;
    }

    private Task WriteAggregatedAsync(HttpContext http, bool core, string version)
    {
        var (name, generation) = ($"{core}/{version}", served.Generation);
        if (!_aggregated.TryGetValue(name, out var kept) || kept.Generation != generation)
        {
            var text = Encoding.UTF8.GetBytes(_documents.Aggregated(core, version).ToJsonString());
            _aggregated[name] = kept = (generation, text, $"\"{Convert.ToHexString(SHA512.HashData(text))}\"");
        }

        var (_, bytes, tag) = kept;
        http.Response.Headers.ETag = tag;
        http.Response.Headers.Vary = "Accept";
        http.Response.Headers.CacheControl = "public";
        if (http.Request.Headers.IfNoneMatch == tag)
        {
            http.Response.StatusCode = 304;
            return Task.CompletedTask;
        }

        return ObjectResponse.WriteBytesAsync(http, 200, $"application/json;g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList", bytes);
    }
}
