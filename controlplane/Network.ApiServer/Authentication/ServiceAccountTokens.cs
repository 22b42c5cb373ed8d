using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Network.Api.Resources;
using Network.Api.Schema;
using Network.ApiServer.Registry;

namespace Network.ApiServer.Authentication;

/// <summary>Who a token is for and what it hangs on.</summary>
internal sealed record TokenRequest(string Namespace, string Name, string Uid)
{
    public IReadOnlyList<string> Audiences { get; init; } = [];

    public TimeSpan Lifetime { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Pod, Secret or Node the token dies with: kind, name, uid; null for none.</summary>
    public (string Kind, string Name, string Uid)? BoundTo { get; init; }
}

/// <summary>Signs and checks service-account tokens: ES256 JWTs with upstream's claims. A token dies with its account or the pod it is bound to.</summary>
internal sealed class ServiceAccountTokens(ECDsa key, string issuer, ObjectRegistry registry)
{
    private const string SubjectPrefix = "system:serviceaccount:";
    private readonly string _header = Encode(new JsonObject { ["alg"] = "ES256", ["kid"] = KeyId(key) });

    public (string Token, DateTimeOffset Expires) Issue(TokenRequest request)
    {
        var now = registry.Time.GetUtcNow();
        var expires = now + request.Lifetime;
        var account = new JsonObject { ["name"] = request.Name, ["uid"] = request.Uid };
        var kubernetes = new JsonObject { ["namespace"] = request.Namespace, ["serviceaccount"] = account };
        if (request.BoundTo is { } bound)
            kubernetes[bound.Kind.ToLowerInvariant()] = new JsonObject { ["name"] = bound.Name, ["uid"] = bound.Uid };
        var audiences = request.Audiences.Count > 0 ? request.Audiences : [issuer];
        var claims = new JsonObject
        {
            ["aud"] = new JsonArray([.. audiences.Select(a => (JsonNode)a)]), ["exp"] = expires.ToUnixTimeSeconds(), ["iat"] = now.ToUnixTimeSeconds(),
            ["iss"] = issuer, ["jti"] = Guid.NewGuid().ToString(), ["kubernetes.io"] = kubernetes, ["nbf"] = now.ToUnixTimeSeconds(),
            ["sub"] = $"{SubjectPrefix}{request.Namespace}:{request.Name}",
        };
        var body = $"{_header}.{Encode(claims)}";
        lock (key)
            return ($"{body}.{Base64Url.EncodeToString(key.SignData(Encoding.ASCII.GetBytes(body), HashAlgorithmName.SHA256))}", expires);
    }

    /// <summary>The account behind a token; null for one that is not ours, out of date, for others, or bound to something gone.</summary>
    public UserInfo? Authenticate(string token, IReadOnlyList<string>? audiences = null)
    {
        if (Verify(token) is not { } claims || claims.Text("iss") != issuer)
            return null;
        var now = registry.Time.GetUtcNow().ToUnixTimeSeconds();
        if (claims.Number("exp") is not { } expires || expires <= now || (claims.Number("nbf") ?? 0) > now + 60)
            return null;
        if (!claims.Texts("aud").Intersect(audiences ?? [issuer]).Any())
            return null;
        var binding = claims["kubernetes.io"];
        var (ns, name) = (binding.Text("namespace"), binding.Text("serviceaccount", "name"));
        if (claims.Text("sub") != $"{SubjectPrefix}{ns}:{name}" || !Alive("serviceaccounts", ns, binding.At("serviceaccount")) || !BoundAlive(binding, ns))
            return null;
        return Account(ns, name) with { Uid = binding.Text("serviceaccount", "uid"), Extra = Extra(claims, binding) };
    }

    public static UserInfo Account(string ns, string name) =>
        new($"{SubjectPrefix}{ns}:{name}", ["system:serviceaccounts", $"system:serviceaccounts:{ns}", "system:authenticated"]);

    /// <summary>The public key as an OIDC key set.</summary>
    public JsonObject KeySet()
    {
        var parameters = key.ExportParameters(false);
        return new JsonObject
        {
            ["keys"] = new JsonArray(new JsonObject
            {
                ["use"] = "sig", ["kty"] = "EC", ["kid"] = KeyId(key), ["crv"] = "P-256", ["alg"] = "ES256",
                ["x"] = Base64Url.EncodeToString(parameters.Q.X), ["y"] = Base64Url.EncodeToString(parameters.Q.Y),
            }),
        };
    }

    private static string KeyId(ECDsa key) => Base64Url.EncodeToString(SHA256.HashData(key.ExportSubjectPublicKeyInfo()));

    private static string Encode(JsonObject value) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(value.ToJsonString()));

    private JsonObject? Verify(string token)
    {
        var parts = token.Split('.');
        if (parts.Length != 3)
            return null;
        try
        {
            if (JsonNode.Parse(Base64Url.DecodeFromChars(parts[0])).Text("alg") != "ES256")
                return null;
            var signed = Encoding.ASCII.GetBytes($"{parts[0]}.{parts[1]}");
            lock (key)
            {
                if (!key.VerifyData(signed, Base64Url.DecodeFromChars(parts[2]), HashAlgorithmName.SHA256))
                    return null;
            }

            return JsonNode.Parse(Base64Url.DecodeFromChars(parts[1])) as JsonObject;
        }
        catch (Exception e) when (e is FormatException or JsonException)
        {
            return null;
        }
    }

    private bool BoundAlive(JsonNode? binding, string ns) =>
        (binding.At("pod") is not { } pod || Alive("pods", ns, pod))
        && (binding.At("secret") is not { } secret || Alive("secrets", ns, secret));

    private bool Alive(string plural, string ns, JsonNode? reference) =>
        registry.Find(ResourceCatalog.Get(plural), ns, reference.Text("name")) is { } found && found["metadata"].Text("uid") == reference.Text("uid");

    private static Dictionary<string, IReadOnlyList<string>> Extra(JsonObject claims, JsonNode? binding)
    {
        var extra = new Dictionary<string, IReadOnlyList<string>> { ["authentication.kubernetes.io/credential-id"] = ["JTI=" + claims.Text("jti")] };
        if (binding.At("pod") is { } pod)
        {
            extra["authentication.kubernetes.io/pod-name"] = [pod.Text("name")];
            extra["authentication.kubernetes.io/pod-uid"] = [pod.Text("uid")];
        }

        return extra;
    }
}
