using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Network.Api.Schema;

namespace Network.ApiServer.Admission.Webhooks;

/// <summary>What a webhook said, checked for being an answer to what it was asked (apiserver webhook/request VerifyAdmissionResponse). Pure.</summary>
internal sealed record ReviewAnswer(bool Allowed, JsonObject? Status, string Patch, IReadOnlyList<string> Warnings, IReadOnlyDictionary<string, string> Annotations)
{
    private static readonly MessageType s_type = ApiSchema.Get("admission.v1.AdmissionReview");

    /// <exception cref="WebhookCallException">The bytes are no answer to this question.</exception>
    public static ReviewAnswer Read(string webhook, byte[] bytes, string uid, bool mutating)
    {
        JsonObject review;
        try
        {
            var decoded = JsonDecoder.Decode(bytes, s_type);
            if (decoded.TypeFaults.Count > 0)
                throw new WebhookCallException(webhook, $"failed to call webhook: {string.Join(", ", decoded.TypeFaults)}", 503);
            review = decoded.Object;
        }
        catch (JsonException e)
        {
            throw new WebhookCallException(webhook, $"failed to call webhook: couldn't get version/kind; json parse error: {e.Message}", 503);
        }

        if (Fault(review, uid, mutating) is { Length: > 0 } fault)
            throw new WebhookCallException(webhook, $"received invalid webhook response: {fault}", 503);
        var response = review["response"];
        return new ReviewAnswer(response.Flag("allowed") == true, response.At("status") as JsonObject, response.Text("patch"), [.. response.Texts("warnings")],
            (response.At("auditAnnotations") as JsonObject ?? []).ToDictionary(note => note.Key, note => note.Value?.ToString() ?? ""));
    }

    /// <summary>The operations of the patch; empty when there are none.</summary>
    /// <exception cref="WebhookCallException">The patch is not one.</exception>
    public JsonArray Operations(string webhook)
    {
        if (Patch.Length == 0)
            return [];
        var fault = "not an array";
        try
        {
            if (JsonNode.Parse(Encoding.UTF8.GetString(Convert.FromBase64String(Patch))) is JsonArray operations)
                return operations;
        }
        catch (Exception e) when (e is FormatException or JsonException)
        {
            fault = e.Message;
        }

        throw new WebhookCallException(webhook, $"received undecodable patch in webhook response: {fault}", 503);
    }

    private static string Fault(JsonObject review, string uid, bool mutating)
    {
        if (review["response"] is not JsonObject response)
            return "webhook response was absent";
        if (response.Text("uid") != uid)
            return $"expected response.uid=\"{uid}\", got \"{response.Text("uid")}\"";
        if (review.Text("apiVersion") != AdmissionReview.ApiVersion || review.Text("kind") != AdmissionReview.Kind)
            return $"expected webhook response of {AdmissionReview.ApiVersion}, Kind={AdmissionReview.Kind}, got {review.Text("apiVersion")}, Kind={review.Text("kind")}";
        var (patch, type) = (response.Text("patch").Length > 0, response["patchType"] is not null);
        if (!mutating)
            return patch ? "validating webhook may not return response.patch" : type ? "validating webhook may not return response.patchType" : "";
        return patch && !type ? "webhook returned response.patch but not response.patchType"
            : type && !patch ? "webhook returned response.patchType but not response.patch"
            : type && response.Text("patchType") != "JSONPatch" ? $"webhook returned invalid response.patchType of \"{response.Text("patchType")}\""
            : "";
    }
}
