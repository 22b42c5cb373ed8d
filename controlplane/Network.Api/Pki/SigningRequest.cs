using System.Diagnostics.CodeAnalysis;
using System.Formats.Asn1;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Network.Api.Pki;

/// <summary>A PKCS#10 request (RFC 2986) whose signature was checked: who it is for and what it wants to be called.</summary>
public sealed class SigningRequest
{
    private const string AlternativeNamesType = "2.5.29.17";
    private const int DnsTag = 2, AddressTag = 7;

    private SigningRequest(CertificateRequest request)
    {
        Subject = request.SubjectName;
        PublicKey = request.PublicKey;
        Names = SubjectNames.From(request.SubjectName);
        var extension = request.CertificateExtensions.FirstOrDefault(e => e.Oid?.Value == AlternativeNamesType);
        if (extension is null)
            return;
        AlternativeNames = new X509SubjectAlternativeNameExtension(extension.RawData, extension.Critical);
        DnsNames = [.. AlternativeNames.EnumerateDnsNames()];
        Addresses = [.. AlternativeNames.EnumerateIPAddresses()];
        HasOtherNames = ReadTags(extension.RawData).Any(tag => tag is not (DnsTag or AddressTag));
    }

    public X500DistinguishedName Subject { get; }

    public PublicKey PublicKey { get; }

    public SubjectNames Names { get; }

    public IReadOnlyList<string> DnsNames { get; } = [];

    public IReadOnlyList<IPAddress> Addresses { get; } = [];

    /// <summary>Mail addresses, URIs and other names that no Kubernetes signer accepts.</summary>
    public bool HasOtherNames { get; }

    public bool HasAlternativeNames => AlternativeNames is not null;

    internal X509SubjectAlternativeNameExtension? AlternativeNames { get; }

    /// <summary>False for anything that is not one well-formed, correctly signed request.</summary>
    public static bool TryParse(string pem, [NotNullWhen(true)] out SigningRequest? request)
    {
        request = null;
        try
        {
            request = new SigningRequest(CertificateRequest.LoadSigningRequestPem(pem, HashAlgorithmName.SHA256, CertificateRequestLoadOptions.UnsafeLoadCertificateExtensions));
            return true;
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException or AsnContentException or NotSupportedException)
        {
            return false;
        }
    }

    private static List<int> ReadTags(byte[] raw)
    {
        var names = new AsnReader(raw, AsnEncodingRules.DER).ReadSequence();
        var tags = new List<int>();
        while (names.HasData)
        {
            tags.Add(names.PeekTag().TagValue);
            names.ReadEncodedValue();
        }

        return tags;
    }
}
