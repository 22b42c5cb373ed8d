using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Network.Host.Dns;
using Xunit;

namespace Network.ControlPlane.Tests.Dns;

public sealed class ServingCertificateTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("podnet-serving-").FullName;

    private string Certificate => Path.Combine(_folder, "tls.crt");

    private string Key => Path.Combine(_folder, "tls.key");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_new_file_is_shown_at_the_next_handshake_and_half_a_file_never()
    {
        Write("CN=first", 1);
        var choose = new ServingCertificate(Certificate, Key).Options().ServerCertificateSelectionCallback!;
        Assert.Equal("CN=first", choose(this, null).Subject);
        Write("CN=second", 2);
        Assert.Equal("CN=second", choose(this, null).Subject);
        File.WriteAllText(Certificate, "-----BEGIN CERTIFICATE-----\nMIIB");
        File.SetLastWriteTimeUtc(Certificate, DateTime.UnixEpoch.AddHours(3));
        Assert.Equal("CN=second", choose(this, null).Subject);
        File.Delete(Certificate);
        Assert.Equal("CN=second", choose(this, null).Subject);
        Write("CN=third", 4);
        var third = Assert.IsType<X509Certificate2>(choose(this, null));
        Assert.Equal(("CN=third", true), (third.Subject, third.HasPrivateKey));
    }

    // Each at an hour of its own: two files within a tick of the clock are not what this is about.
    private void Write(string subject, int hour)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest(subject, key, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(100));
        File.WriteAllText(Key, key.ExportPkcs8PrivateKeyPem());
        File.WriteAllText(Certificate, certificate.ExportCertificatePem());
        File.SetLastWriteTimeUtc(Certificate, DateTime.UnixEpoch.AddHours(hour));
    }
}
