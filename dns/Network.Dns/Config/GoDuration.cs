using System.Globalization;

namespace Network.Dns.Config;

/// <summary>Durations as Go's time.ParseDuration reads them.</summary>
internal static class GoDuration
{
    internal static bool TryParse(string text, out TimeSpan duration)
    {
        duration = TimeSpan.Zero;
        if (uint.TryParse(text, CultureInfo.InvariantCulture, out var seconds))
        {
            duration = TimeSpan.FromSeconds(seconds);
            return true;
        }

        ReadOnlySpan<char> rest = text;
        while (!rest.IsEmpty)
        {
            var digits = rest.IndexOfAnyExcept("0123456789.");
            if (digits <= 0 || !double.TryParse(rest[..digits], CultureInfo.InvariantCulture, out var number))
                return false;
            rest = rest[digits..];
            var letters = rest.IndexOfAny("0123456789.");
            var unit = letters < 0 ? rest : rest[..letters];
            double? milliseconds = unit switch { "us" or "µs" => 0.001, "ms" => 1, "s" => 1000, "m" => 60_000, "h" => 3_600_000, _ => null };
            if (milliseconds is null)
                return false;
            duration += TimeSpan.FromMilliseconds(number * milliseconds.Value);
            rest = letters < 0 ? [] : rest[letters..];
        }

        return text.Length > 0;
    }
}
