using System.Formats.Asn1;
using System.Security.Cryptography.X509Certificates;

namespace Network.Api.Pki;

/// <summary>A certificate subject as Kubernetes reads it: CN is the user, each O a group.</summary>
public sealed record SubjectNames(string CommonName, IReadOnlyList<string> Organizations)
{
    private const string CommonNameType = "2.5.4.3", OrganizationType = "2.5.4.10";

    public static SubjectNames From(X500DistinguishedName subject)
    {
        var name = "";
        var organizations = new List<string>();
        foreach (var part in subject.EnumerateRelativeDistinguishedNames(false))
        {
            if (part.HasMultipleElements)
                organizations.AddRange(ManyOrganizations(part));
            else if (part.GetSingleElementType().Value == CommonNameType)
                name = part.GetSingleElementValue() ?? "";
            else if (part.GetSingleElementType().Value == OrganizationType && part.GetSingleElementValue() is { } organization)
                organizations.Add(organization);
        }

        return new SubjectNames(name, organizations);
    }

    // Go's x509 writes several organisations as one multi-valued RDN: SET OF SEQUENCE { oid, string }.
    private static IEnumerable<string> ManyOrganizations(X500RelativeDistinguishedName part)
    {
        var set = new AsnReader(part.RawData, AsnEncodingRules.DER).ReadSetOf();
        var values = new List<string>();
        while (set.HasData)
        {
            var pair = set.ReadSequence();
            var oid = pair.ReadObjectIdentifier();
            var tag = pair.PeekTag();
            var value = pair.ReadCharacterString((UniversalTagNumber)tag.TagValue);
            if (oid == OrganizationType)
                values.Add(value);
        }

        return values;
    }
}
