using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Network.Api.Pki;

/// <summary>A certificate with its private key as PEM text.</summary>
public sealed record PemPair(string Certificate, string Key)
{
    public X509Certificate2 Load() => X509Certificate2.CreateFromPem(Certificate, Key);

    /// <summary>Writes <c>name.crt</c> (0644) and <c>name.key</c> (0600) into a directory.</summary>
    public void Save(string directory, string name)
    {
        SecretFile.Write(Path.Combine(directory, $"{name}.key"), Key);
        File.WriteAllText(Path.Combine(directory, $"{name}.crt"), Certificate);
    }

    public static PemPair Read(string directory, string name) => new(
        File.ReadAllText(Path.Combine(directory, $"{name}.crt")),
        File.ReadAllText(Path.Combine(directory, $"{name}.key")));

    public static bool Exists(string directory, string name) =>
        File.Exists(Path.Combine(directory, $"{name}.crt")) && File.Exists(Path.Combine(directory, $"{name}.key"));
}

/// <summary>What a certificate says about its holder.</summary>
public sealed record CertificateRequestSpec(string CommonName)
{
    /// <summary>Kubernetes groups (subject O).</summary>
    public IReadOnlyList<string> Organizations { get; init; } = [];

    /// <summary>DNS names and IP addresses a server answers for.</summary>
    public IReadOnlyList<string> AlternativeNames { get; init; } = [];

    public bool Server { get; init; }

    public bool Client { get; init; }

    public TimeSpan Lifetime { get; init; } = TimeSpan.FromDays(365);
}

/// <summary>
/// A cluster's own certificate authority (ECDSA P-256: small certificates and quick handshakes). CN is the Kubernetes
/// user, O its groups.
/// </summary>
public sealed class CertificateAuthority : IDisposable
{
    private static readonly Oid s_serverAuth = new("1.3.6.1.5.5.7.3.1");
    private static readonly Oid s_clientAuth = new("1.3.6.1.5.5.7.3.2");
    private readonly X509Certificate2 _certificate;
    private readonly TimeProvider _time;

    private CertificateAuthority(PemPair pem, TimeProvider time)
    {
        Pem = pem;
        _certificate = pem.Load();
        _time = time;
    }

    public PemPair Pem { get; }

    public static CertificateAuthority Create(string commonName, TimeProvider time)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={commonName}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign | X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        var now = time.GetUtcNow();
        using var certificate = request.CreateSelfSigned(now.AddHours(-1), now.AddYears(10));
        return new CertificateAuthority(new PemPair(certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem()), time);
    }

    public static CertificateAuthority Load(PemPair pem, TimeProvider time) => new(pem, time);

    public PemPair Issue(CertificateRequestSpec spec)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var subject = new X500DistinguishedNameBuilder();
        foreach (var organization in spec.Organizations)
            subject.AddOrganizationName(organization);
        subject.AddCommonName(spec.CommonName);
        var request = new CertificateRequest(subject.Build(), key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension(Usages(spec), false));
        if (spec.AlternativeNames.Count > 0)
            request.CertificateExtensions.Add(AlternativeNames(spec.AlternativeNames));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(_certificate, true, false));
        var now = _time.GetUtcNow();
        var serial = RandomNumberGenerator.GetBytes(16);
        serial[0] &= 0x7f;
        // Back-dated: nodes whose clocks run a little behind must not refuse a fresh certificate.
        using var certificate = request.Create(_certificate, now.AddMinutes(-30), now + spec.Lifetime, serial);
        return new PemPair(certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
    }

    /// <summary>Signs somebody else's key: subject and alternative names as requested, usages and lifetime as granted. PEM.</summary>
    public string Sign(SigningRequest request, bool server, TimeSpan lifetime)
    {
        var certificate = new CertificateRequest(request.Subject, request.PublicKey, HashAlgorithmName.SHA256);
        certificate.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        certificate.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.KeyEncipherment, true));
        certificate.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([server ? s_serverAuth : s_clientAuth], false));
        if (request.AlternativeNames is { } names)
            certificate.CertificateExtensions.Add(names);
        certificate.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(_certificate, true, false));
        var now = _time.GetUtcNow();
        var end = now + lifetime;
        var serial = RandomNumberGenerator.GetBytes(16);
        serial[0] &= 0x7f;
        using var key = _certificate.GetECDsaPrivateKey()!;
        // The requester's key may be of another kind than ours, so the generator signs, not the request.
        using var signed = certificate.Create(_certificate.SubjectName, X509SignatureGenerator.CreateForECDsa(key), now.AddMinutes(-5),
            end < _certificate.NotAfter ? end : _certificate.NotAfter, serial);
        return signed.ExportCertificatePem() + "\n";
    }

    public void Dispose() => _certificate.Dispose();

    private static OidCollection Usages(CertificateRequestSpec spec)
    {
        var usages = new OidCollection();
        if (spec.Server)
            usages.Add(s_serverAuth);
        if (spec.Client)
            usages.Add(s_clientAuth);
        return usages;
    }

    private static X509Extension AlternativeNames(IReadOnlyList<string> names)
    {
        var builder = new SubjectAlternativeNameBuilder();
        foreach (var name in names)
        {
            if (IPAddress.TryParse(name, out var address))
                builder.AddIpAddress(address);
            else
                builder.AddDnsName(name);
        }

        return builder.Build();
    }
}
