using System.Security.Cryptography;
using System.Text.RegularExpressions;

namespace Network.ApiServer.Registry;

/// <summary>Names: what is legal (RFC 1123 as upstream reads it) and how generateName completes itself.</summary>
internal static partial class ObjectNames
{
    public const string SubdomainRule =
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

    public const string LabelRule =
        "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";

    public const string VersionNameRule =
        "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";

    public const string LabelValueRule =
        "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

    public const string LabelKeyRule =
        "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

    // No vowels and no 0, 1, 3: no accidental words, no look-alikes (apimachinery util/rand).
    private const string SuffixAlphabet = "bcdfghjklmnpqrstvwxz2456789";
    private const int MaxBase = 58;

    public static string Generate(string prefix) =>
        (prefix.Length > MaxBase ? prefix[..MaxBase] : prefix) + Suffix();

    public static string Suffix() => RandomNumberGenerator.GetString(SuffixAlphabet, 5);

    public static bool IsLabel(string text) => text.Length is > 0 and <= 63 && Label().IsMatch(text);

    public static bool IsSubdomain(string text) => text.Length is > 0 and <= 253 && Subdomain().IsMatch(text);

    public static bool IsVersionName(string text) => text.Length is > 0 and <= 63 && VersionName().IsMatch(text);

    public static bool IsLabelValue(string text) => text.Length <= 63 && (text.Length == 0 || QualifiedPart().IsMatch(text));

    public static bool IsLabelKey(string text)
    {
        var slash = text.IndexOf('/');
        var name = text[(slash + 1)..];
        return name.Length is > 0 and <= 63 && QualifiedPart().IsMatch(name) && (slash < 0 || IsSubdomain(text[..slash]));
    }

    [GeneratedRegex("^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", RegexOptions.CultureInvariant)]
    private static partial Regex Label();

    [GeneratedRegex("^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$", RegexOptions.CultureInvariant)]
    private static partial Regex Subdomain();

    [GeneratedRegex("^[a-z]([-a-z0-9]*[a-z0-9])?$", RegexOptions.CultureInvariant)]
    private static partial Regex VersionName();

    [GeneratedRegex("^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$", RegexOptions.CultureInvariant)]
    private static partial Regex QualifiedPart();
}
