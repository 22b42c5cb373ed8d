using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Network.ApiServer.Authentication;
using Network.ApiServer.Http;

namespace Network.ApiServer.Discovery;

/// <summary>OpenID discovery of the service-account issuer (KEP-1393).</summary>
internal sealed class IssuerDocuments(ServiceAccountTokens tokens, string issuer)
{
    // Issuer and address are read by programs that compare text, so nothing is escaped that need not be.
    private static readonly JsonSerializerOptions s_plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private const string Cached = "public, max-age=3600";

    public Task WriteConfigurationAsync(HttpContext http) => WriteAsync(http, "application/json", Configuration());

    public Task WriteKeysAsync(HttpContext http) => WriteAsync(http, "application/jwk-set+json", tokens.KeySet());

    private JsonObject Configuration() => new()
    {
        ["issuer"] = issuer, ["jwks_uri"] = issuer + "/openid/v1/jwks", ["response_types_supported"] = new JsonArray("id_token"),
        ["subject_types_supported"] = new JsonArray("public"), ["id_token_signing_alg_values_supported"] = new JsonArray("ES256"),
    };

    private static Task WriteAsync(HttpContext http, string type, JsonObject value)
    {
        http.Response.Headers.CacheControl = Cached;
        return ObjectResponse.WriteBytesAsync(http, 200, type, Encoding.UTF8.GetBytes(value.ToJsonString(s_plain)));
    }
}
