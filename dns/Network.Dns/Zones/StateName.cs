namespace Network.Dns.Zones;

/// <summary>Names of zones as names of files.</summary>
internal static class StateName
{
    /// <summary>Letters, digits, dots and dashes stay; others are written as their number.</summary>
    internal static string Of(string zone) => zone.Length == 0 ? "root" : string.Concat(zone.Select(letter => char.IsAsciiLetterOrDigit(letter) || letter is '.' or '-' or '_' ? $"{letter}" : $"%{(int)letter:x}"));
}
