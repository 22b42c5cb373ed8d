using System.Text.Json.Nodes;
using Network.Api.Errors;
using Network.Api.Schema;

namespace Network.ApiServer.Admission.Webhooks;

/// <summary>A webhook's no as the client gets it (apiserver webhook/errors ToStatusErr). Pure.</summary>
internal static class WebhookDenial
{
    public static ApiException Of(string webhook, JsonObject? status)
    {
        var (message, reason) = (status.Text("message"), status.Text("reason"));
        var denied = $"admission webhook \"{webhook}\" denied the request";
        // A refusal that calls itself a success, or nothing at all, is a bad request.
        var code = status.Number("code") is >= 400 and < 600 and var stated ? (int)stated : 400;
        return new ApiException(
            code,
            reason,
            message.Length > 0 ? $"{denied}: {message}" : reason.Length > 0 ? $"{denied}: {reason}" : $"{denied} without explanation",
            status.At("details") as JsonObject);
    }
}
