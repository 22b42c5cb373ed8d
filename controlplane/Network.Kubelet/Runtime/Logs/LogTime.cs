using System.Globalization;

namespace Network.Kubelet.Runtime.Logs;

/// <summary>RFC 3339 with nanoseconds, as container logs carry it.</summary>
internal static class LogTime
{
    internal static string Format(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff'00Z'", CultureInfo.InvariantCulture);

    internal static bool TryParse(ReadOnlySpan<char> text, out DateTimeOffset time)
    {
        // .NET keeps seven digits of a second, the format has nine.
        var dot = text.IndexOf('.');
        if (dot < 0)
            return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out time);
        var end = dot + 1;
        while (end < text.Length && char.IsAsciiDigit(text[end]))
            end++;
        var shortened = string.Concat(text[..Math.Min(end, dot + 8)], text[end..]);
        return DateTimeOffset.TryParse(shortened, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out time);
    }
}
