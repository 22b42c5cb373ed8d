using System.Net;
using System.Runtime.CompilerServices;
using System.Text.Json;
using k8s;
using k8s.Models;

namespace Network.Client.Watch;

/// <summary>Reads a watch response: one JSON object a line, each <c>{"type":...,"object":...}</c>.</summary>
internal static class WatchStream
{
    /// <param name="opened">Called when the server has agreed, before the first change.</param>
    internal static async IAsyncEnumerable<WatchEvent<T>> ReadAsync<T>(HttpClient http, string path, Resource<T> resource, Action? opened,
        [EnumeratorCancellation] CancellationToken cancel)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path) { Version = http.DefaultRequestVersion };
        if (resource.MetadataOnly)
            request.Headers.Accept.Add(ApiClient.MetaAccept("PartialObjectMetadata"));
        using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel).ConfigureAwait(false);
        if (!response.IsSuccessStatusCode)
            throw ApiException.FromBody(response.StatusCode, $"GET {path}", await response.Content.ReadAsStringAsync(cancel).ConfigureAwait(false));

        opened?.Invoke();
        await using var stream = await response.Content.ReadAsStreamAsync(cancel).ConfigureAwait(false);
        using var reader = new StreamReader(stream);
        while (await reader.ReadLineAsync(cancel).ConfigureAwait(false) is { } line)
        {
            if (line.Length > 0)
                yield return Parse(line, resource);
        }
    }

    private static WatchEvent<T> Parse<T>(string line, Resource<T> resource)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        using var document = JsonDocument.Parse(line);
        var type = document.RootElement.GetProperty("type").GetString();
        var obj = document.RootElement.GetProperty("object");
        return type switch
        {
            "ADDED" => new WatchEvent<T>(WatchKind.Added, resource.Read(obj), null),
            "MODIFIED" => new WatchEvent<T>(WatchKind.Modified, resource.Read(obj), null),
            "DELETED" => new WatchEvent<T>(WatchKind.Deleted, resource.Read(obj), null),
            "BOOKMARK" => new WatchEvent<T>(WatchKind.Bookmark, default, obj.GetProperty("metadata").GetProperty("resourceVersion").GetString()),
            _ => throw Refusal(obj),
        };
    }

    // An ERROR event carries a Status; 410 says that the history asked for is gone.
    private static ApiException Refusal(JsonElement status) => new(
        status.TryGetProperty("code", out var code) ? (HttpStatusCode)code.GetInt32() : HttpStatusCode.InternalServerError,
        status.TryGetProperty("reason", out var reason) ? reason.GetString() ?? "" : "",
        status.TryGetProperty("message", out var message) ? message.GetString() ?? "" : "watch error");
}
