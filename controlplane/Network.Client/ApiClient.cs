using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using k8s;
using k8s.Models;
using Network.Client.Http;

namespace Network.Client;

/// <summary>
/// A small typed client of the API server: the verbs of REST, nothing hidden. Retrying is the caller's business,
/// because only the caller knows whether its change still makes sense. Refusals are <see cref="ApiException"/>;
/// an unreachable server is <see cref="HttpRequestException"/>.
/// </summary>
public sealed class ApiClient(ApiEndpoint endpoint) : IDisposable
{
    private static readonly TimeSpan s_requestTimeout = TimeSpan.FromSeconds(30);
    private readonly HttpClient _http = ApiTransport.Create(endpoint);

    public ApiEndpoint Endpoint { get; } = endpoint;

    public async Task<T> GetAsync<T>(Resource<T> resource, string? ns, string name, CancellationToken cancel = default)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        Read(resource, await SendAsync(HttpMethod.Get, resource.ObjectPath(ns, name), null, cancel,
            resource.MetadataOnly ? "PartialObjectMetadata" : null).ConfigureAwait(false));

    /// <summary>Like <see cref="GetAsync{T}"/>, but null when there is no such object.</summary>
    public async Task<T?> FindAsync<T>(Resource<T> resource, string? ns, string name, CancellationToken cancel = default)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        try
        {
            return await GetAsync(resource, ns, name, cancel).ConfigureAwait(false);
        }
        catch (ApiException e) when (e.IsNotFound)
        {
            return null;
        }
    }

    public async Task<ObjectList<T>> ListAsync<T>(Resource<T> resource, ListQuery query, CancellationToken cancel = default)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var path = resource.CollectionPath(query.Namespace) + query.ToQueryString();
        var accept = resource.MetadataOnly ? "PartialObjectMetadataList" : null;
        using var document = JsonDocument.Parse(await SendAsync(HttpMethod.Get, path, null, cancel, accept).ConfigureAwait(false));
        var items = new List<T>();
        if (document.RootElement.TryGetProperty("items", out var array) && array.ValueKind == JsonValueKind.Array)
        {
            foreach (var element in array.EnumerateArray())
                items.Add(resource.Read(element));
        }

        return new ObjectList<T>(items, document.RootElement.GetProperty("metadata").GetProperty("resourceVersion").GetString()!);
    }

    public async Task<T> CreateAsync<T>(Resource<T> resource, T obj, CancellationToken cancel = default)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        Stamp(resource, obj);
        var path = resource.CollectionPath(obj.Metadata.NamespaceProperty);
        return Read(resource, await SendAsync(HttpMethod.Post, path, Json(obj), cancel).ConfigureAwait(false));
    }

    public async Task<T> ReplaceAsync<T>(Resource<T> resource, T obj, string? subresource = null, CancellationToken cancel = default)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        Stamp(resource, obj);
        var path = resource.ObjectPath(obj.Metadata.NamespaceProperty, obj.Metadata.Name, subresource);
        return Read(resource, await SendAsync(HttpMethod.Put, path, Json(obj), cancel).ConfigureAwait(false));
    }

    public async Task<T> PatchAsync<T>(Resource<T> resource, string? ns, string name, Patch patch, string? subresource = null,
        CancellationToken cancel = default)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var content = new StringContent(patch.Body, Encoding.UTF8, patch.MediaType);
        return Read(resource, await SendAsync(HttpMethod.Patch, resource.ObjectPath(ns, name, subresource), content, cancel).ConfigureAwait(false));
    }

    /// <summary>Deletes; returns false when there was nothing to delete.</summary>
    public async Task<bool> DeleteAsync<T>(Resource<T> resource, string? ns, string name, V1DeleteOptions? options = null,
        CancellationToken cancel = default)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        try
        {
            await SendAsync(HttpMethod.Delete, resource.ObjectPath(ns, name), options is null ? null : Json(options), cancel).ConfigureAwait(false);
            return true;
        }
        catch (ApiException e) when (e.IsNotFound)
        {
            return false;
        }
    }

    /// <summary>Any other request with a JSON body: subresources such as binding, token or finalize.</summary>
    public async Task<JsonNode?> RequestAsync(HttpMethod method, string path, JsonNode? body, CancellationToken cancel = default)
    {
        var content = body is null ? null : new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json");
        return JsonNode.Parse(await SendAsync(method, path, content, cancel).ConfigureAwait(false));
    }

    /// <summary>Follows changes after a resourceVersion until the server ends the stream. Bookmarks are asked for and passed on.</summary>
    public IAsyncEnumerable<WatchEvent<T>> WatchAsync<T>(Resource<T> resource, ListQuery query, string resourceVersion, CancellationToken cancel, Action? opened = null)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var path = resource.CollectionPath(query.Namespace)
            + query.ToQueryString(("watch", "true"), ("allowWatchBookmarks", "true"), ("resourceVersion", resourceVersion),
                ("timeoutSeconds", Random.Shared.Next(300, 600).ToString()));
        return Watch.WatchStream.ReadAsync(_http, path, resource, opened, cancel);
    }

    public void Dispose() => _http.Dispose();

    private async Task<string> SendAsync(HttpMethod method, string path, HttpContent? content, CancellationToken cancel, string? acceptAs = null)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(s_requestTimeout);
        using var request = new HttpRequestMessage(method, path) { Content = content, Version = _http.DefaultRequestVersion };
        if (acceptAs is not null)
            request.Headers.Accept.Add(MetaAccept(acceptAs));
        try
        {
            using var response = await _http.SendAsync(request, limit.Token).ConfigureAwait(false);
            var body = await response.Content.ReadAsStringAsync(limit.Token).ConfigureAwait(false);
            return response.IsSuccessStatusCode ? body : throw ApiException.FromBody(response.StatusCode, $"{method} {path}", body);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw new ApiException(HttpStatusCode.GatewayTimeout, "Timeout", $"{method} {path}: no answer within {s_requestTimeout.TotalSeconds} s");
        }
    }

    /// <summary>Asks for another form of the same objects (meta/v1 Table, PartialObjectMetadata).</summary>
    internal static MediaTypeWithQualityHeaderValue MetaAccept(string form) =>
        MediaTypeWithQualityHeaderValue.Parse($"application/json;as={form};g=meta.k8s.io;v=v1");

    private static StringContent Json(object value) => new(KubernetesJson.Serialize(value), Encoding.UTF8, "application/json");

    private static T Read<T>(Resource<T> resource, string json)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        using var document = JsonDocument.Parse(json);
        return resource.Read(document.RootElement);
    }

    private static void Stamp<T>(Resource<T> resource, T obj)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        obj.ApiVersion = resource.ApiVersion;
        obj.Kind = resource.Kind;
    }
}

/// <summary>A list with the revision it shows.</summary>
public sealed record ObjectList<T>(IReadOnlyList<T> Items, string ResourceVersion);
