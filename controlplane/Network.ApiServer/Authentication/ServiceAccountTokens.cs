using System.Text.Json.Nodes;
using Network.Api.Pki;
using Network.Api.Resources;
using Network.Api.Schema;
using Network.ApiServer.Registry;

namespace Network.ApiServer.Authentication;

/// <summary>Who a token is for and what it hangs on.</summary>
internal sealed record TokenRequest(string Namespace, string Name, string Uid)
{
    public IReadOnlyList<string> Audiences { get; init; } = [];

    public TimeSpan Lifetime { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Pod, Secret or Node the token dies with, and for a pod the node it runs on.</summary>
    public IReadOnlyList<TokenBinding> Bindings { get; init; } = [];
}

/// <summary>An object a token refers to: pod, secret or node.</summary>
internal sealed record TokenBinding(string Kind, string Name, string Uid);

/// <summary>A verified token: its account and audiences, or what is wrong with it.</summary>
internal sealed record TokenCheck(UserInfo? User, IReadOnlyList<string> Audiences, string Fault);

/// <summary>Issues and checks service-account tokens: ES256 JWTs with upstream's claims. A token dies with its account or with what it is bound to.</summary>
internal sealed class ServiceAccountTokens(JsonWebToken jwt, string issuer, ObjectRegistry registry)
{
    private const string LegacyIssuer = "kubernetes/serviceaccount";
    private const string SubjectPrefix = "system:serviceaccount:";
    private const string ExtraPrefix = "authentication.kubernetes.io/";

    public (string Token, DateTimeOffset Expires) Issue(TokenRequest request)
    {
        var now = registry.Time.GetUtcNow();
        var expires = now + request.Lifetime;
        var kubernetes = new JsonObject { ["namespace"] = request.Namespace };
        foreach (var bound in request.Bindings)
            kubernetes[bound.Kind] = new JsonObject { ["name"] = bound.Name, ["uid"] = bound.Uid };
        kubernetes["serviceaccount"] = new JsonObject { ["name"] = request.Name, ["uid"] = request.Uid };
        var audiences = request.Audiences.Count > 0 ? request.Audiences : [issuer];
        return (jwt.Sign(new JsonObject
        {
            ["aud"] = new JsonArray([.. audiences.Select(a => (JsonNode)a)]), ["exp"] = expires.ToUnixTimeSeconds(), ["iat"] = now.ToUnixTimeSeconds(),
            ["iss"] = issuer, ["jti"] = Guid.NewGuid().ToString(), ["kubernetes.io"] = kubernetes, ["nbf"] = now.ToUnixTimeSeconds(),
            ["sub"] = $"{SubjectPrefix}{request.Namespace}:{request.Name}",
        }), expires);
    }

    /// <summary>The account behind a token for these audiences; without any, this server's own.</summary>
    public TokenCheck Check(string token, IReadOnlyList<string>? audiences = null)
    {
        if (jwt.Verify(token) is not { } claims)
            return Wrong("invalid bearer token");
        return claims.Text("iss") == LegacyIssuer ? CheckLegacy(token, claims, audiences ?? [issuer])
            : claims.Text("iss") == issuer ? CheckBound(claims, audiences ?? [issuer])
            : Wrong("invalid bearer token");
    }

    public static UserInfo Account(string ns, string name) =>
        new($"{SubjectPrefix}{ns}:{name}", ["system:serviceaccounts", $"system:serviceaccounts:{ns}", "system:authenticated"]);

    public JsonObject KeySet() => jwt.KeySet();

    private static TokenCheck Wrong(string fault) => new(null, [], fault);

    private TokenCheck CheckBound(JsonObject claims, IReadOnlyList<string> audiences)
    {
        var now = registry.Time.GetUtcNow().ToUnixTimeSeconds();
        if (claims.Number("exp") is not { } expires || expires <= now)
            return Wrong("service account token has expired");
        if ((claims.Number("nbf") ?? 0) > now + 60)
            return Wrong("service account token is not valid yet");
        var shared = audiences.Intersect(claims.Texts("aud")).ToList();
        if (shared.Count == 0)
            return Wrong($"token audiences [{string.Join(' ', claims.Texts("aud"))}] is invalid for the target audiences [{string.Join(' ', audiences)}]");
        var binding = claims["kubernetes.io"];
        var (ns, name) = (binding.Text("namespace"), binding.Text("serviceaccount", "name"));
        if (claims.Text("sub") != $"{SubjectPrefix}{ns}:{name}")
            return Wrong("invalid bearer token");
        foreach (var (kind, plural, scope) in new[] { ("serviceaccount", "serviceaccounts", ns), ("pod", "pods", ns), ("secret", "secrets", ns), ("node", "nodes", "") })
        {
            // A pod's token only tells its node: the pod is what it hangs on.
            if (kind == "node" && binding.At("pod") is not null)
                continue;
            if (binding.At(kind) is { } reference && !Alive(plural, scope, reference.Text("name"), reference.Text("uid")))
                return Wrong("service account token has been invalidated");
        }

        return new(Account(ns, name) with { Uid = binding.Text("serviceaccount", "uid"), Extra = Extra(claims, binding) }, shared, "");
    }

    // Tokens from Secrets have no end; they live as long as the Secret that shows them.
    private TokenCheck CheckLegacy(string token, JsonObject claims, IReadOnlyList<string> audiences)
    {
        string Claim(string key) => claims.Text("kubernetes.io/serviceaccount/" + key);
        var (ns, name) = (Claim("namespace"), Claim("service-account.name"));
        if (!audiences.Contains(issuer) || claims.Text("sub") != $"{SubjectPrefix}{ns}:{name}")
            return Wrong("invalid bearer token");
        var secret = registry.Find(ResourceCatalog.Get("secrets"), ns, Claim("secret.name"));
        if (secret is null || secret["metadata"].Text("deletionTimestamp").Length > 0 || secret.Text("data", "token") != Convert.ToBase64String(System.Text.Encoding.ASCII.GetBytes(token))
            || !Alive("serviceaccounts", ns, name, Claim("service-account.uid")))
            return Wrong("service account token has been invalidated");
        return new(Account(ns, name) with { Uid = Claim("service-account.uid") }, [issuer], "");
    }

    private bool Alive(string plural, string ns, string name, string uid) =>
        registry.Find(ResourceCatalog.Get(plural), ns, name) is { } found && found["metadata"].Text("uid") == uid;

    private static Dictionary<string, IReadOnlyList<string>> Extra(JsonObject claims, JsonNode? binding)
    {
        var extra = new Dictionary<string, IReadOnlyList<string>> { [ExtraPrefix + "credential-id"] = ["JTI=" + claims.Text("jti")] };
        foreach (var kind in (ReadOnlySpan<string>)["node", "pod"])
        {
            if (binding.At(kind) is not { } bound)
                continue;
            extra[$"{ExtraPrefix}{kind}-name"] = [bound.Text("name")];
            extra[$"{ExtraPrefix}{kind}-uid"] = [bound.Text("uid")];
        }

        return extra;
    }
}
