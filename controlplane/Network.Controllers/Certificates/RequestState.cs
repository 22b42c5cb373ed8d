using System.Text;
using System.Text.Json.Nodes;
using k8s.Models;
using Network.Api.Pki;
using Network.Client;

namespace Network.Controllers.Certificates;

/// <summary>Reading a certificate signing request, and writing conditions to it.</summary>
internal static class RequestState
{
    internal static bool Has(this V1CertificateSigningRequest request, string condition) =>
        request.Status?.Conditions?.Any(c => c.Type == condition && c.Status == "True") == true;

    internal static bool IsIssued(this V1CertificateSigningRequest request) => request.Status?.Certificate is { Length: > 0 };

    internal static SigningRequest? Parse(this V1CertificateSigningRequest request) =>
        SigningRequest.TryParse(Encoding.UTF8.GetString(request.Spec.Request ?? []), out var parsed) ? parsed : null;

    /// <summary>Adds a condition through a subresource, unless somebody changed the request meanwhile.</summary>
    internal static Task AddConditionAsync(this ApiClient client, V1CertificateSigningRequest request, string subresource, (string Type, string Reason, string Message) added,
        CancellationToken cancel)
    {
        var conditions = new JsonArray([.. (request.Status?.Conditions ?? []).Select(c => (JsonNode)New(c.Type, c.Reason, c.Message)), New(added.Type, added.Reason, added.Message)]);
        return client.PatchAsync(Resources.CertificateSigningRequests, null, request.Metadata.Name, Patch.Merge(new JsonObject
        {
            ["metadata"] = new JsonObject { ["resourceVersion"] = request.Metadata.ResourceVersion },
            ["status"] = new JsonObject { ["conditions"] = conditions },
        }), subresource, cancel);
    }

    private static JsonObject New(string type, string? reason, string? message) => new()
    {
        ["type"] = type, ["status"] = "True", ["reason"] = reason, ["message"] = message,
    };
}
