using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Network.Conformance.Auth;

/// <summary>PKCS#10 requests (RFC 2986) as CertificateSigningRequests carry them: PEM in base64.</summary>
internal static class SigningRequest
{
    /// <summary>A request that stands for any, of a key nobody keeps.</summary>
    internal static string Example { get; } = Make("conformance", "conformance", out _);

    internal static string Make(string user, string group, out ECDsa key)
    {
        key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(new X500DistinguishedName($"O={group}, CN={user}"), key, HashAlgorithmName.SHA256);
        return Convert.ToBase64String(Encoding.ASCII.GetBytes(request.CreateSigningRequestPem()));
    }
}
