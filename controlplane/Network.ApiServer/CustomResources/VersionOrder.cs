using System.Globalization;

namespace Network.ApiServer.CustomResources;

/// <summary>Orders API versions as Kubernetes does: stable before beta before alpha, higher numbers first, all else last by name.</summary>
internal sealed class VersionOrder : IComparer<string>
{
    public static VersionOrder Instance { get; } = new();

    public int Compare(string? x, string? y)
    {
        var (left, right) = (Parse(x!), Parse(y!));
        var byRank = right.CompareTo(left);
        return byRank != 0 ? byRank : string.CompareOrdinal(x, y);
    }

    private static (int Stability, int Major, int Minor) Parse(string version)
    {
        if (version.Length < 2 || version[0] != 'v')
            return default;
        foreach (var (word, stability) in (ReadOnlySpan<(string, int)>)[("alpha", 1), ("beta", 2)])
        {
            var at = version.IndexOf(word, StringComparison.Ordinal);
            if (at > 0)
                return TryNumber(version.AsSpan(1, at - 1), out var major) && TryNumber(version.AsSpan(at + word.Length), out var minor) ? (stability, major, minor) : default;
        }

        return TryNumber(version.AsSpan(1), out var stable) ? (3, stable, 0) : default;
    }

    private static bool TryNumber(ReadOnlySpan<char> text, out int number) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
