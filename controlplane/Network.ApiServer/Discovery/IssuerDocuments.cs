using System.Text.Json.Nodes;
using Network.ApiServer.Authentication;

namespace Network.ApiServer.Discovery;

/// <summary>OpenID discovery of the service-account issuer (KEP-1393).</summary>
internal sealed class IssuerDocuments(ServiceAccountTokens tokens, string issuer)
{
    public JsonObject Configuration() => new()
    {
        ["issuer"] = issuer, ["jwks_uri"] = issuer + "/openid/v1/jwks", ["response_types_supported"] = new JsonArray("id_token"),
        ["subject_types_supported"] = new JsonArray("public"), ["id_token_signing_alg_values_supported"] = new JsonArray("ES256"),
    };

    public JsonObject Keys() => tokens.KeySet();
}
