using System.Text.Json.Nodes;
using Network.ApiServer.Registry;

namespace Network.ApiServer.Admission;

/// <summary>A certificate signing request says who sent it; nobody says that about themselves.</summary>
internal sealed class CertificateRequester : IAdmission
{
    public ValueTask AdmitAsync(AdmissionRequest request)
    {
        if (request.Operation != AdmissionOperation.Create || !request.IsFor("certificatesigningrequests", "certificates.k8s.io"))
            return default;
        var user = request.Context.User.ToJson();
        if (request.Value["spec"] is not JsonObject spec)
            return default;
        foreach (var field in (ReadOnlySpan<string>)["username", "uid", "groups", "extra"])
        {
            spec.Remove(field);
            if (user[field] is { } value)
                spec[field] = value.DeepClone();
        }

        return default;
    }
}
