using Network.Api.Errors;
using Network.Api.Pki;
using Network.Api.Schema;
using Network.ApiServer.Registry;
using Network.ApiServer.Strategies;

namespace Network.ApiServer.Admission;

/// <summary>No certificate of the API server's client signer makes a superuser.</summary>
internal sealed class CertificateSubjectRestriction : IAdmission
{
    private const string Signer = "kubernetes.io/kube-apiserver-client";

    public ValueTask AdmitAsync(AdmissionRequest request)
    {
        if (request.Operation != AdmissionOperation.Create || !request.IsFor("certificatesigningrequests", "certificates.k8s.io")
            || request.Value.Text("spec", "signerName") != Signer || !SigningRequest.TryParse(SigningRequestStrategy.Pem(request.Value["spec"]), out var wanted))
            return default;
        if (wanted.Names.Organizations.Contains("system:masters"))
            throw Refusal.Forbidden("certificatesigningrequests", "certificates.k8s.io", request.Name, $"use of {Signer} signer with system:masters group is not allowed");
        return default;
    }
}
