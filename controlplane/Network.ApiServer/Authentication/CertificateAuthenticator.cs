using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Network.Api.Pki;

namespace Network.ApiServer.Authentication;

/// <summary>Client certificates: CN is the user, each O a group. Verified once a connection.</summary>
internal sealed class CertificateAuthenticator(X509Certificate2 authority, TimeProvider time)
{
    private const string ClientAuth = "1.3.6.1.5.5.7.3.2";
    private readonly ConditionalWeakTable<X509Certificate2, StrongBox<UserInfo?>> _known = [];

    /// <summary>The user; null for a certificate that this cluster did not sign.</summary>
    public UserInfo? Authenticate(X509Certificate2 certificate) =>
        _known.GetValue(certificate, c => new StrongBox<UserInfo?>(Verify(c) ? Read(c) : null)).Value;

    private bool Verify(X509Certificate2 certificate)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(authority);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.VerificationTime = time.GetUtcNow().UtcDateTime;
        chain.ChainPolicy.ApplicationPolicy.Add(new(ClientAuth));
        return chain.Build(certificate);
    }

    private static UserInfo? Read(X509Certificate2 certificate)
    {
        var names = SubjectNames.From(certificate.SubjectName);
        return names.CommonName.Length == 0 ? null : new UserInfo(names.CommonName, [.. names.Organizations, "system:authenticated"])
        {
            Extra = new Dictionary<string, IReadOnlyList<string>>
            {
                ["authentication.kubernetes.io/credential-id"] = ["X509SHA256=" + certificate.GetCertHashString(HashAlgorithmName.SHA256).ToLowerInvariant()],
            },
        };
    }
}
