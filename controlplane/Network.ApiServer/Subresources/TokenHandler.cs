using System.Text.Json.Nodes;
using Network.Api.Errors;
using Network.Api.Resources;
using Network.Api.Schema;
using Network.ApiServer.Admission;
using Network.ApiServer.Authentication;
using Network.ApiServer.Http;
using Network.ApiServer.Registry;

namespace Network.ApiServer.Subresources;

/// <summary>serviceaccounts/token: a fresh token for an account, optionally bound to a pod or secret.</summary>
internal sealed class TokenHandler(ObjectRegistry registry, ServiceAccountTokens tokens)
{
    private const long MinSeconds = 600;
    private const long MaxSeconds = 1L << 32;
    private const long DefaultSeconds = 3600;

    public async Task HandleAsync(ApiRequest request)
    {
        var body = await RequestBody.ReadObjectAsync(request, ApiSchema.Get("authentication.v1.TokenRequest"));
        var (ns, name) = (request.Target.Namespace, request.Target.Name);
        var account = registry.Find(ResourceCatalog.Get("serviceaccounts"), ns, name) ?? throw Refusal.NotFound("serviceaccounts", "", name);
        body.Child("metadata")["name"] = name;
        body.Child("metadata")["namespace"] = ns;
        var admission = new AdmissionRequest(request.Write(), AdmissionOperation.Create, body, null);
        await registry.Admission.AdmitAsync(admission);
        var seconds = body.Number("spec", "expirationSeconds") is > 0 and var given ? given : DefaultSeconds;
        if (seconds < MinSeconds)
        {
            throw Refusal.Invalid("TokenRequest", "authentication.k8s.io", name,
                [FieldFault.Invalid("spec.expirationSeconds", seconds, "may not specify a duration less than 10 minutes")]);
        }

        if (seconds > MaxSeconds)
        {
            throw Refusal.Invalid("TokenRequest", "authentication.k8s.io", name,
                [FieldFault.Invalid("spec.expirationSeconds", seconds, "may not specify a duration larger than 2^32 seconds")]);
        }

        await registry.Admission.JudgeAsync(admission);
        var (token, expires) = tokens.Issue(new Authentication.TokenRequest(ns, name, account.Text("metadata", "uid"))
        {
            Audiences = [.. body.Texts("spec", "audiences")], Lifetime = TimeSpan.FromSeconds(seconds), Bindings = Bound(body, ns),
        });
        body["kind"] = "TokenRequest";
        body["apiVersion"] = "authentication.k8s.io/v1";
        body.Child("spec")["expirationSeconds"] = seconds;
        body["status"] = new JsonObject { ["token"] = token, ["expirationTimestamp"] = WireTime.Format(expires) };
        await ObjectResponse.WriteAsync(request.Http, 201, body, request.Format);
    }

    private List<TokenBinding> Bound(JsonObject body, string ns)
    {
        if (body.At("spec", "boundObjectRef") is not JsonObject reference || reference.Text("kind").Length == 0)
            return [];
        var (kind, name) = (reference.Text("kind"), reference.Text("name"));
        if (kind is not ("Pod" or "Secret" or "Node") || reference.Text("apiVersion") is not ("" or "v1"))
            throw Refusal.BadRequest($"cannot bind token for serviceaccount to object of type {reference.Text("apiVersion")}, Kind={kind}");
        var resource = ResourceCatalog.Get(kind.ToLowerInvariant() + "s");
        var found = registry.Find(resource, ns, name) ?? throw Refusal.NotFound(resource.Plural, "", name);
        var uid = found.Text("metadata", "uid");
        if (reference.Text("uid") is { Length: > 0 } wanted && wanted != uid)
            throw Refusal.Conflict(resource.Plural, "", name, $"the UID in the bound object reference ({wanted}) does not match the UID in record. The object might have been deleted and then recreated");
        var bindings = new List<TokenBinding> { new(kind.ToLowerInvariant(), name, uid) };
        if (kind != "Pod")
            return bindings;
        if (found.Text("spec", "serviceAccountName") is var used && used != body.Text("metadata", "name"))
            throw Refusal.BadRequest($"cannot bind token for serviceaccount \"{body.Text("metadata", "name")}\" to pod running with different serviceaccount name.");
        // The node is told, so that others can judge a token by where it is used (KEP-4193).
        if (registry.Find(ResourceCatalog.Get("nodes"), "", found.Text("spec", "nodeName")) is { } node)
            bindings.Insert(0, new("node", node.Text("metadata", "name"), node.Text("metadata", "uid")));
        return bindings;
    }
}
