using System.Net;
using k8s;
using k8s.Models;

namespace Network.Client;

/// <summary>The API server refused a request. Match on <see cref="Code"/> and <see cref="Reason"/>, never on the text.</summary>
public sealed class ApiException(HttpStatusCode code, string reason, string message) : Exception(message)
{
    public HttpStatusCode Code { get; } = code;

    /// <summary>The Status object's reason: NotFound, AlreadyExists, Conflict, Expired, ...</summary>
    public string Reason { get; } = reason;

    public bool IsNotFound => Code == HttpStatusCode.NotFound;

    public bool IsConflict => Code == HttpStatusCode.Conflict && Reason != "AlreadyExists";

    public bool IsAlreadyExists => Reason == "AlreadyExists";

    /// <summary>The history asked for is compacted: list again.</summary>
    public bool IsExpired => Code == HttpStatusCode.Gone;

    internal static ApiException FromBody(HttpStatusCode code, string request, string body)
    {
        try
        {
            if (KubernetesJson.Deserialize<V1Status>(body) is { Message: { } message } status)
                return new ApiException(code, status.Reason ?? code.ToString(), message);
        }
        catch (System.Text.Json.JsonException)
        {
            // Not a Status (a proxy's page, say): the raw text is the best there is.
        }

        return new ApiException(code, code.ToString(), $"{request}: {(int)code} {body.Trim()}");
    }
}
