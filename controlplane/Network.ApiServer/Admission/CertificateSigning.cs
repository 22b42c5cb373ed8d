using System.Text.Json.Nodes;
using Network.Api.Schema;
using Network.ApiServer.Authorization;
using Network.ApiServer.Registry;

namespace Network.ApiServer.Admission;

/// <summary>Putting a certificate into a request, or saying that it failed, needs the verb sign on the signer.</summary>
internal sealed class CertificateSigning(IAuthorizer authorizer) : IAdmission
{
    public ValueTask AdmitAsync(AdmissionRequest request)
    {
        if (request.Operation != AdmissionOperation.Update || !request.IsFor("certificatesigningrequests/status", "certificates.k8s.io"))
            return default;
        var (value, old) = (request.Value, request.Old);
        // Approval goes through its own door.
        if (!JsonNode.DeepEquals(Decisions(value), Decisions(old)))
            value.Child("status")["conditions"] = new JsonArray([.. Decisions(old).Select(c => c!.DeepClone()), .. Others(value)]);
        if (!JsonNode.DeepEquals(value.At("status", "certificate"), old.At("status", "certificate")) || Failed(value) != Failed(old))
            CertificateApproval.Require(authorizer, request, "sign");
        return default;
    }

    private static bool Failed(JsonNode? request) => request.Items("status", "conditions").Any(c => c.Text("type") == "Failed");

    private static JsonArray Decisions(JsonNode? request) =>
        new([.. request.Items("status", "conditions").Where(c => c.Text("type") is "Approved" or "Denied").Select(c => c.DeepClone())]);

    private static IEnumerable<JsonNode> Others(JsonNode? request) =>
        request.Items("status", "conditions").Where(c => c.Text("type") is not ("Approved" or "Denied")).Select(c => c.DeepClone());
}
