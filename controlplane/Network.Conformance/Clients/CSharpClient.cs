using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using k8s;
using k8s.Autorest;
using k8s.Models;

namespace Network.Conformance.Clients;

/// <summary>
/// The official C# client. Core kinds go through its typed operations and models, other groups through its custom-object
/// operations; what those do not offer (watches, other media types) through its own HTTP client and credentials.
/// </summary>
public sealed class CSharpClient : IClusterClient, IDisposable
{
    static CSharpClient() => KubernetesJson.AddJsonOptions(options => options.TypeInfoResolverChain.Add(ElementJson.Default));

    /// <summary>
    /// Teaches the library's serializer what objects of any kind are made of. In a process that reads objects by other ways as
    /// well, to be called before: its options are read-only from the first object on.
    /// </summary>
    public static void Prepare()
    {
        // The static constructor did it.
    }

    private CSharpClient(Kubernetes kubernetes) => Kubernetes = kubernetes;

    public CSharpClient(string kubeconfig) => Kubernetes = new Kubernetes(KubernetesClientConfiguration.BuildConfigFromConfigFile(kubeconfig));

    /// <summary>The client itself, for scenarios about its own operations.</summary>
    public Kubernetes Kubernetes { get; }

    public ClientKind Kind => ClientKind.CSharp;

    public string Name => "C# client";

    public string LastCommand { get; private set; } = "";

    /// <summary>The same connection with a memory of its own.</summary>
    public CSharpClient Again() => new(Kubernetes);

    public Task<JsonObject> CreateAsync(Kind kind, string? ns, JsonObject obj, CancellationToken cancel) => AskAsync("create", kind, ns, null, async () =>
        CoreKind.Find(kind) is { } core ? await core.Create(Kubernetes, Json(obj), ns, cancel).ConfigureAwait(false)
        : InNamespace(kind, ns) ? Json(await Kubernetes.CustomObjects.CreateNamespacedCustomObjectAsync<JsonElement>(Element(obj), kind.Group, kind.Version, ns, kind.Plural, cancellationToken: cancel).ConfigureAwait(false))
        : Json(await Kubernetes.CustomObjects.CreateClusterCustomObjectAsync<JsonElement>(Element(obj), kind.Group, kind.Version, kind.Plural, cancellationToken: cancel).ConfigureAwait(false)));

    public Task<JsonObject> GetAsync(Kind kind, string? ns, string name, string? subresource, CancellationToken cancel) => AskAsync("get", kind, ns, name, async () =>
        subresource is not null ? await SendAsync(HttpMethod.Get, kind.Path(ns, name, subresource), null, cancel).ConfigureAwait(false)
        : CoreKind.Find(kind) is { } core ? await core.Read(Kubernetes, name, ns, cancel).ConfigureAwait(false)
        : InNamespace(kind, ns) ? Json(await Kubernetes.CustomObjects.GetNamespacedCustomObjectAsync<JsonElement>(kind.Group, kind.Version, ns, kind.Plural, name, cancel).ConfigureAwait(false))
        : Json(await Kubernetes.CustomObjects.GetClusterCustomObjectAsync<JsonElement>(kind.Group, kind.Version, kind.Plural, name, cancel).ConfigureAwait(false)));

    public Task<JsonObject> ListAsync(Kind kind, string? ns, Selection selection, CancellationToken cancel) => AskAsync($"list{selection.Query()}", kind, ns, null, async () =>
        InNamespace(kind, ns) && CoreKind.Find(kind) is { } core ? await core.List(Kubernetes, ns, selection, cancel).ConfigureAwait(false)
        : kind.Group.Length == 0 || (kind.Namespaced && ns is null) ? await SendAsync(HttpMethod.Get, kind.Path(ns) + selection.Query(), null, cancel).ConfigureAwait(false)
        : kind.Namespaced ? Json(await Kubernetes.CustomObjects.ListNamespacedCustomObjectAsync<JsonElement>(kind.Group, kind.Version, ns, kind.Plural, null, selection.Continue,
            selection.Fields, selection.Labels, selection.Limit, selection.ResourceVersion, cancellationToken: cancel).ConfigureAwait(false))
        : Json(await Kubernetes.CustomObjects.ListClusterCustomObjectAsync<JsonElement>(kind.Group, kind.Version, kind.Plural, null, selection.Continue,
            selection.Fields, selection.Labels, selection.Limit, selection.ResourceVersion, cancellationToken: cancel).ConfigureAwait(false)));

    public Task<JsonObject> ReplaceAsync(Kind kind, string? ns, JsonObject obj, string? subresource, CancellationToken cancel)
    {
        var name = (string)obj["metadata"]!["name"]!;
        return AskAsync("replace", kind, ns, name, async () =>
            subresource is not null ? await SendAsync(HttpMethod.Put, kind.Path(ns, name, subresource), Body(obj.ToJsonString(), "application/json"), cancel).ConfigureAwait(false)
            : CoreKind.Find(kind) is { } core ? await core.Replace(Kubernetes, Json(obj), name, ns, cancel).ConfigureAwait(false)
            : InNamespace(kind, ns) ? Json(await Kubernetes.CustomObjects.ReplaceNamespacedCustomObjectAsync<JsonElement>(Element(obj), kind.Group, kind.Version, ns, kind.Plural, name, cancellationToken: cancel).ConfigureAwait(false))
            : Json(await Kubernetes.CustomObjects.ReplaceClusterCustomObjectAsync<JsonElement>(Element(obj), kind.Group, kind.Version, kind.Plural, name, cancellationToken: cancel).ConfigureAwait(false)));
    }

    public Task<JsonObject> PatchAsync(Kind kind, string? ns, string name, Change change, CancellationToken cancel)
    {
        var patch = new V1Patch(change.Body, change.Type switch
        {
            "json" => V1Patch.PatchType.JsonPatch,
            "merge" => V1Patch.PatchType.MergePatch,
            _ => V1Patch.PatchType.StrategicMergePatch,
        });
        return AskAsync($"patch --type={change.Type} {change.Body}", kind, ns, name, async () =>
            change.Subresource is not null ? await SendAsync(HttpMethod.Patch, kind.Path(ns, name, change.Subresource), Body(change.Body, MediaType(change.Type)), cancel).ConfigureAwait(false)
            : CoreKind.Find(kind) is { } core ? await core.Patch(Kubernetes, patch, name, ns, cancel).ConfigureAwait(false)
            : InNamespace(kind, ns) ? Json(await Kubernetes.CustomObjects.PatchNamespacedCustomObjectAsync<JsonElement>(patch, kind.Group, kind.Version, ns, kind.Plural, name, cancellationToken: cancel).ConfigureAwait(false))
            : Json(await Kubernetes.CustomObjects.PatchClusterCustomObjectAsync<JsonElement>(patch, kind.Group, kind.Version, kind.Plural, name, cancellationToken: cancel).ConfigureAwait(false)));
    }

    public Task DeleteAsync(Kind kind, string? ns, string name, Removal removal, CancellationToken cancel)
    {
        var options = new V1DeleteOptions { PropagationPolicy = removal.Propagation, GracePeriodSeconds = removal.GraceSeconds };
        return AskAsync("delete", kind, ns, name, () => SendAsync(HttpMethod.Delete, kind.Path(ns, name), Body(KubernetesJson.Serialize(options), "application/json"), cancel));
    }

    public Task DeleteCollectionAsync(Kind kind, string? ns, Selection selection, CancellationToken cancel) => AskAsync("delete collection", kind, ns, null, async () =>
        // The typed operations of the core group say that they are not implemented.
        InNamespace(kind, ns) && kind.Group.Length > 0 ? Json(await Kubernetes.CustomObjects.DeleteCollectionNamespacedCustomObjectAsync<JsonElement>(kind.Group, kind.Version, ns, kind.Plural,
            labelSelector: selection.Labels, fieldSelector: selection.Fields, cancellationToken: cancel).ConfigureAwait(false))
        : await SendAsync(HttpMethod.Delete, kind.Path(ns) + selection.Query(), null, cancel).ConfigureAwait(false));

    public async Task<IWatch> WatchAsync(Kind kind, string? ns, Selection selection, CancellationToken cancel)
    {
        LastCommand = $"watch {kind.Path(ns)}{selection.Query()}";
        var response = await ExchangeAsync(HttpMethod.Get, kind.Path(ns) + selection.Query(("watch", "true"), ("timeoutSeconds", "60")), null, null, cancel).ConfigureAwait(false);
        if (response.IsSuccessStatusCode)
            return new CSharpWatch(response, await response.Content.ReadAsStreamAsync(cancel).ConfigureAwait(false));
        using (response)
            throw Refusal(response.StatusCode, await response.Content.ReadAsStringAsync(cancel).ConfigureAwait(false));
    }

    public async Task<string> GetRawAsync(string path, CancellationToken cancel)
    {
        LastCommand = $"GET {path}";
        using var response = await ExchangeAsync(HttpMethod.Get, path, null, null, cancel).ConfigureAwait(false);
        var text = await response.Content.ReadAsStringAsync(cancel).ConfigureAwait(false);
        return response.IsSuccessStatusCode ? text : throw Refusal(response.StatusCode, text);
    }

    /// <summary>One exchange with the client's own transport and credentials, whatever the answer; the caller disposes it.</summary>
    public async Task<HttpResponseMessage> ExchangeAsync(HttpMethod method, string path, HttpContent? content, string? accept, CancellationToken cancel)
    {
        using var request = new HttpRequestMessage(method, new Uri(Kubernetes.BaseUri, path)) { Content = content, Version = HttpVersion.Version20 };
        if (accept is not null)
            request.Headers.TryAddWithoutValidation("Accept", accept);
        if (Kubernetes.Credentials is { } credentials)
            await credentials.ProcessHttpRequestAsync(request, cancel).ConfigureAwait(false);
        return await Kubernetes.HttpClient.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel).ConfigureAwait(false);
    }

    public static StringContent Body(string text, string mediaType) => new(text, Encoding.UTF8, MediaTypeHeaderValue.Parse(mediaType));

    public void Dispose() => Kubernetes.Dispose();

    private async Task<JsonObject> AskAsync(string verb, Kind kind, string? ns, string? name, Func<Task<string>> ask)
    {
        LastCommand = $"{verb} {kind.Path(ns, name)}";
        try
        {
            return JsonNode.Parse(await ask().ConfigureAwait(false))!.AsObject();
        }
        catch (HttpOperationException e)
        {
            throw Refusal(e.Response.StatusCode, e.Response.Content);
        }
    }

    private async Task<string> SendAsync(HttpMethod method, string path, HttpContent? content, CancellationToken cancel)
    {
        using var response = await ExchangeAsync(method, path, content, null, cancel).ConfigureAwait(false);
        var text = await response.Content.ReadAsStringAsync(cancel).ConfigureAwait(false);
        return response.IsSuccessStatusCode ? text : throw Refusal(response.StatusCode, text);
    }

    private static ApiRefusal Refusal(HttpStatusCode code, string text)
    {
        try
        {
            if (JsonNode.Parse(text) is JsonObject status && (string?)status["kind"] == "Status")
                return new ApiRefusal((string?)status["reason"] ?? code.ToString(), (string?)status["message"] ?? text);
        }
        catch (JsonException)
        {
            // No Status: the text itself is all there is.
        }

        return new ApiRefusal(code.ToString(), text);
    }

    private static bool InNamespace(Kind kind, string? ns) => kind.Namespaced && ns is not null;

    private static string MediaType(string type) => type switch
    {
        "json" => "application/json-patch+json",
        "merge" => "application/merge-patch+json",
        _ => "application/strategic-merge-patch+json",
    };

    private static object Element(JsonObject obj)
    {
        using var document = JsonDocument.Parse(obj.ToJsonString());
        return document.RootElement.Clone();
    }

    private static string Json(JsonObject obj) => obj.ToJsonString();

    private static string Json(JsonElement element) => element.GetRawText();
}
