using Network.Api.Errors;
using Network.Api.Schema;
using Network.ApiServer.Authorization;
using Network.ApiServer.Registry;

namespace Network.ApiServer.Admission;

/// <summary>Approving and denying need the verb approve on the signer; both are for ever and exclude each other.</summary>
internal sealed class CertificateApproval(IAuthorizer authorizer, TimeProvider time) : IAdmission
{
    private const string Group = "certificates.k8s.io";

    public ValueTask AdmitAsync(AdmissionRequest request)
    {
        if (request.Operation != AdmissionOperation.Update || !request.IsFor("certificatesigningrequests/approval", Group))
            return default;
        Require(authorizer, request, "approve");
        var (value, old) = (request.Value, request.Old);
        var now = WireTime.Format(time.GetUtcNow());
        foreach (var condition in value.Items("status", "conditions"))
        {
            condition.Default("lastUpdateTime", now);
            condition.Default("lastTransitionTime", now);
            condition.Default("status", "True");
        }

        var types = value.Items("status", "conditions").Select(c => c.Text("type")).ToList();
        if (types.Contains("Approved") && types.Contains("Denied"))
            throw Invalid(request, "Approved and Denied conditions are mutually exclusive");
        foreach (var kept in old.Items("status", "conditions").Select(c => c.Text("type")).Where(t => t is "Approved" or "Denied" && !types.Contains(t)))
            throw Invalid(request, $"updates may not remove a condition of type \"{kept}\"");
        return default;
    }

    /// <summary>The right to act on a signer, by its name or for all of its domain.</summary>
    public static void Require(IAuthorizer authorizer, AdmissionRequest request, string verb)
    {
        var signer = request.Old.Text("spec", "signerName");
        var user = request.Context.User;
        foreach (var name in (ReadOnlySpan<string>)[signer, signer[..(signer.IndexOf('/') + 1)] + "*"])
        {
            if (authorizer.Decide(user, new AccessRequest(verb) { Group = Group, Resource = "signers", Name = name }).Allowed)
                return;
        }

        throw Refusal.Forbidden("certificatesigningrequests", Group, request.Name, $"user not permitted to {verb} requests with signerName \"{signer}\"");
    }

    private static ApiException Invalid(AdmissionRequest request, string why) => Refusal.Invalid("CertificateSigningRequest", Group, request.Name,
        [FieldFault.Forbidden("status.conditions", why)]);
}
