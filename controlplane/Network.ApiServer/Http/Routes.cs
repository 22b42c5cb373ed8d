using Microsoft.AspNetCore.Http;
using Network.Api.Errors;
using Network.Api.Resources;
using Network.ApiServer.Authentication;
using Network.ApiServer.Authorization;
using Network.ApiServer.CustomResources;
using Network.ApiServer.Discovery;
using Network.ApiServer.Handlers;
using Network.ApiServer.Subresources;
using Network.Store;

namespace Network.ApiServer.Http;

/// <summary>Finds the handler of a URL.</summary>
internal sealed class Routes(VerbHandlers verbs, SubresourceHandlers subresources, DiscoveryHandler discovery, OpenApiHandler openApi, HealthHandler health)
{
    /// <summary>Where objects are; several servers may write to it.</summary>
    public required IStore Store { get; init; }

    /// <summary>Public keys of account tokens, for verifiers outside the cluster.</summary>
    public required IssuerDocuments Issuer { get; init; }

    public required ServedResources Served { get; init; }

    /// <summary>Null serves no /metrics.</summary>
    public Func<string>? RenderMetrics { get; init; }

    public Route Find(HttpContext http)
    {
        var path = http.Request.Path.Value ?? "/";
        var steps = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        if (steps is ["api", _, _, ..])
            return Resource(http, "", steps[1], steps.AsSpan(2));
        if (steps is ["apis", _, _, _, ..])
            return Resource(http, steps[1], steps[2], steps.AsSpan(3));
        return new Route(new AccessRequest(http.Request.Method.ToLowerInvariant()) { Path = path }, _ => NonResourceAsync(http, path, steps));
    }

    private Task NonResourceAsync(HttpContext http, string path, string[] steps)
    {
        switch (steps)
        {
            case ["api", ..] or ["apis", ..]:
                return discovery.HandleAsync(http, steps);
            case ["version"]:
                return ObjectResponse.WriteAsync(http, 200, ServerVersion.Document.DeepClone(), ResponseFormat.From(http.Request));
            case ["openapi", "v2" or "v3", ..] or ["swagger-2.0.0.pb-v1"]:
                return openApi.HandleAsync(http, path);
            case [".well-known", "openid-configuration"]:
                return Issuer.WriteConfigurationAsync(http);
            case ["metrics"] when RenderMetrics is not null:
                return ObjectResponse.WriteTextAsync(http, 200, RenderMetrics());
            case ["openid", "v1", "jwks"]:
                return Issuer.WriteKeysAsync(http);
            default:
                return health.TryHandle(http, steps) ?? ObjectResponse.WriteTextAsync(http, 404, "404 page not found\n");
        }
    }

    private Route Resource(HttpContext http, string group, string version, ReadOnlySpan<string> steps)
    {
        if (RequestTarget.Parse(Served, group, version, steps) is not { } target)
            throw Refusal.NoSuchResource();
        if (target.Subresource.Length > 0 && target.Resource.Subresource(target.Subresource) is null)
            throw Refusal.NoSuchResource();
        var verb = VerbOf(http.Request, target);
        var access = new AccessRequest(verb)
        {
            Group = target.Resource.Group, Version = target.Resource.Version, Resource = target.Resource.Plural, Subresource = target.Subresource,
            Name = target.Name.Length > 0 ? target.Name : SelectedField(http.Request, verb, "metadata.name"), OnlyNode = SelectedField(http.Request, verb, "spec.nodeName"),
            // A namespace itself is judged inside itself, so that a namespace admin may read it.
            Namespace = target.Resource is { Plural: "namespaces", Group: "" } ? target.Name : target.Namespace,
        };
        if (target.Subresource.Length == 0 && !target.Resource.Verbs.Contains(verb))
            throw Refusal.MethodNotAllowed();
        return new Route(access, user => DispatchAsync(http, target, verb, user));
    }

    private async Task DispatchAsync(HttpContext http, RequestTarget target, string verb, UserInfo user)
    {
        // Streams answer in their own types; nothing is negotiated.
        var streams = target.Subresource is "log" or "exec" or "attach" or "portforward" or "proxy";
        // Reviews have no columns; componentstatuses are made up too, but read.
        var table = !target.Resource.Has(ResourceTraits.CreateOnly) || target.Resource.Has(ResourceTraits.ReadOnly);
        var format = streams ? new ResponseFormat(ResponseShape.Object, false, false) : ResponseFormat.From(http.Request, table: table);
        var request = new ApiRequest(http, target, user, format);
        if (target.Resource.DeprecationWarning.Length > 0)
            request.Warn(target.Resource.DeprecationWarning);
        if (verb is "create" or "update" or "patch" && target.Subresource.Length == 0 && ResourceCatalog.IsStoredOnly(target.Resource) && !IsComponent(user))
            request.Warn($"podnet stores {target.Resource.Qualified} but none of its components acts on them");
        var beside = target.Subresource.Length > 0 || target.Resource.Has(ResourceTraits.CreateOnly);
        // Whatever decides by what is stored must know what other servers have answered. Plain reads say how fresh they
        // must be (FreshReads), and a watch starts from where its client is.
        if (beside || verb is not ("get" or "list" or "watch"))
            await Store.FreshAsync(request.Cancel);
        await (beside ? subresources.HandleAsync(request, verb) : verbs.HandleAsync(request, verb));
    }

    // The cluster's own parts know; a person or a program of theirs may not.
    private static bool IsComponent(UserInfo user) => user.Name.StartsWith("system:kube-", StringComparison.Ordinal) || user.Groups.Contains("system:nodes");

    // A list or watch of one name, or of one node's pods, is judged as what it is (apiserver endpoints/request).
    private static string SelectedField(HttpRequest request, string verb, string field) => verb is not ("list" or "watch") ? ""
        : request.Query["fieldSelector"].ToString().Split(',').FirstOrDefault(p => p.StartsWith(field + "=", StringComparison.Ordinal))?[(field.Length + 1)..].TrimStart('=') ?? "";

    private static string VerbOf(HttpRequest request, RequestTarget target)
    {
        var watch = target.LegacyWatch || request.Query["watch"].ToString() is "true" or "1";
        return request.Method switch
        {
            "GET" or "HEAD" => watch && target.Subresource.Length == 0 ? "watch" : target.Name.Length == 0 ? "list" : "get",
            "POST" => "create",
            "PUT" => "update",
            "PATCH" => "patch",
            "DELETE" => target.Name.Length == 0 ? "deletecollection" : "delete",
            _ => throw Refusal.MethodNotAllowed(),
        };
    }
}
