using System.Formats.Asn1;
using System.Runtime.CompilerServices;
using System.Security.Cryptography.X509Certificates;

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
        var name = "";
        var groups = new List<string>();
        foreach (var part in certificate.SubjectName.EnumerateRelativeDistinguishedNames(false))
        {
            if (part.HasMultipleElements)
                groups.AddRange(Organizations(part));
            else if (part.GetSingleElementType().Value == "2.5.4.3")
                name = part.GetSingleElementValue() ?? "";
            else if (part.GetSingleElementType().Value == "2.5.4.10" && part.GetSingleElementValue() is { } group)
                groups.Add(group);
        }

        groups.Add("system:authenticated");
        return name.Length == 0 ? null : new UserInfo(name, groups);
    }

    // Go's x509 writes several organisations as one multi-valued RDN: SET OF SEQUENCE { oid, string }.
    private static IEnumerable<string> Organizations(X500RelativeDistinguishedName part)
    {
        var set = new AsnReader(part.RawData, AsnEncodingRules.DER).ReadSetOf();
        var values = new List<string>();
        while (set.HasData)
        {
            var pair = set.ReadSequence();
            var oid = pair.ReadObjectIdentifier();
            var tag = pair.PeekTag();
            var value = pair.ReadCharacterString((UniversalTagNumber)tag.TagValue);
            if (oid == "2.5.4.10")
                values.Add(value);
        }

        return values;
    }
}
