using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Network.Api.Pki;

/// <summary>Signs and verifies JSON web tokens with one ES256 key (RFC 7515, RFC 7518).</summary>
public sealed class JsonWebToken(ECDsa key)
{
    private readonly Lock _lock = new();

    public string KeyId { get; } = Base64Url.EncodeToString(SHA256.HashData(key.ExportSubjectPublicKeyInfo()));

    public string Sign(JsonObject claims)
    {
        var body = $"{Encode(new JsonObject { ["alg"] = "ES256", ["kid"] = KeyId })}.{Encode(claims)}";
        lock (_lock)
            return $"{body}.{Base64Url.EncodeToString(key.SignData(Encoding.ASCII.GetBytes(body), HashAlgorithmName.SHA256))}";
    }

    /// <summary>The claims; null for a token this key did not sign.</summary>
    public JsonObject? Verify(string token)
    {
        var parts = token.Split('.');
        if (parts.Length != 3)
            return null;
        try
        {
            if (JsonNode.Parse(Base64Url.DecodeFromChars(parts[0])) is not JsonObject header || header["alg"]?.ToString() != "ES256")
                return null;
            var signed = Encoding.ASCII.GetBytes($"{parts[0]}.{parts[1]}");
            lock (_lock)
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

    /// <summary>The public key as a key set (RFC 7517).</summary>
    public JsonObject KeySet()
    {
        var parameters = key.ExportParameters(false);
        return new JsonObject
        {
            ["keys"] = new JsonArray(new JsonObject
            {
                ["use"] = "sig", ["kty"] = "EC", ["kid"] = KeyId, ["crv"] = "P-256", ["alg"] = "ES256",
                ["x"] = Base64Url.EncodeToString(parameters.Q.X), ["y"] = Base64Url.EncodeToString(parameters.Q.Y),
            }),
        };
    }

    private static string Encode(JsonObject value) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(value.ToJsonString()));
}
