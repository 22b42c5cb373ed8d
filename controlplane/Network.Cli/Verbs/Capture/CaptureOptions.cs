using System.CommandLine;
using System.Globalization;

namespace Network.Cli.Verbs.Capture;

/// <summary>Options with a syntax of their own.</summary>
internal static class CaptureOptions
{
    private static readonly (string Unit, double Seconds)[] s_units = [("ms", 0.001), ("s", 1), ("m", 60), ("h", 3600)];

    internal static Option<TimeSpan?> Duration(string name, string description) => new(name)
    {
        Description = description,
        CustomParser = result =>
        {
            var text = result.Tokens[0].Value;
            if (TryDuration(text, out var duration))
                return duration;
            result.AddError($"{name} \"{text}\" is not a duration above zero; write a number and ms, s, m or h, such as 10s");
            return null;
        },
    };

    internal static bool TryDuration(string text, out TimeSpan duration)
    {
        duration = default;
        foreach (var (unit, seconds) in s_units)
        {
            if (!text.EndsWith(unit, StringComparison.Ordinal)
                || !double.TryParse(text.AsSpan(0, text.Length - unit.Length), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number))
                continue;
            var total = number * seconds;
            if (total is < 0.001 or > 365 * 24 * 3600.0)
                return false;
            duration = TimeSpan.FromSeconds(total);
            return true;
        }

        return false;
    }
}
