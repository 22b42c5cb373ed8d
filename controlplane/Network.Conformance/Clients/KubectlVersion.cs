using System.Globalization;
using System.Text.Json.Nodes;

namespace Network.Conformance.Clients;

/// <summary>A kubectl's major and minor version.</summary>
public readonly record struct KubectlVersion(int Major, int Minor) : IComparable<KubectlVersion>
{
    /// <summary>Reads the answer of <c>kubectl version --client -o json</c>; vendors write a minor as "20+".</summary>
    /// <exception cref="InvalidDataException">That is no answer of kubectl.</exception>
    public static KubectlVersion Parse(string json)
    {
        var version = JsonNode.Parse(json)?["clientVersion"];
        return int.TryParse((string?)version?["major"], CultureInfo.InvariantCulture, out var major)
            && int.TryParse(((string?)version?["minor"])?.TrimEnd('+'), CultureInfo.InvariantCulture, out var minor)
            ? new KubectlVersion(major, minor)
            : throw new InvalidDataException($"no clientVersion in {json.Trim()}");
    }

    public int CompareTo(KubectlVersion other) => (Major, Minor).CompareTo((other.Major, other.Minor));

    public static bool operator <(KubectlVersion left, KubectlVersion right) => left.CompareTo(right) < 0;

    public static bool operator >(KubectlVersion left, KubectlVersion right) => left.CompareTo(right) > 0;

    public static bool operator <=(KubectlVersion left, KubectlVersion right) => left.CompareTo(right) <= 0;

    public static bool operator >=(KubectlVersion left, KubectlVersion right) => left.CompareTo(right) >= 0;

    public override string ToString() => $"{Major}.{Minor}";
}
