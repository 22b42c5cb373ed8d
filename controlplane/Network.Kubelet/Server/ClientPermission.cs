using System.Security.Cryptography.X509Certificates;

namespace Network.Kubelet.Server;

/// <summary>Who may use the kubelet API: holders of a certificate of the client authority that are the API server or administrators.</summary>
internal static class ClientPermission
{
    private const string ApiServer = "kube-apiserver-kubelet-client", Administrators = "system:masters";

    internal static bool IsTrusted(X509Certificate2 certificate, X509Certificate2Collection authorities)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(authorities);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        return chain.Build(certificate);
    }

    internal static bool IsAllowed(X509Certificate2 certificate)
    {
        foreach (var part in certificate.SubjectName.EnumerateRelativeDistinguishedNames())
        {
            var value = part.GetSingleElementValue();
            if (part.GetSingleElementType().Value switch
            {
                "2.5.4.3" => value == ApiServer,
                "2.5.4.10" => value == Administrators,
                _ => false,
            })
                return true;
        }

        return false;
    }
}
