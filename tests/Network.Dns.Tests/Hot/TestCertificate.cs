using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Network.Dns.Tests.Hot;

/// <summary>A certificate for dns.test that signed itself.</summary>
internal static class TestCertificate
{
    internal static SslServerAuthenticationOptions Options()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest("CN=dns.test", key, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(100));
        // Without a container the key would be lost with the object that made it.
        return new SslServerAuthenticationOptions { ServerCertificate = X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), null) };
    }
}
