using System.Globalization;
using System.Text;

namespace Network.Api.Schema;

/// <summary>Go's duration text (<c>1h30m0s</c>), as metav1.Duration prints it.</summary>
internal static class GoDuration
{
    public static string Format(long nanoseconds)
    {
        if (nanoseconds == 0)
            return "0s";
        var text = new StringBuilder();
        var rest = (UInt128)Math.Abs((decimal)nanoseconds);
        if (nanoseconds < 0)
            text.Append('-');
        if (rest < 1_000_000_000)
        {
            var (unit, name) = rest < 1_000 ? (1m, "ns") : rest < 1_000_000 ? (1_000m, "µs") : (1_000_000m, "ms");
            return text.Append(((decimal)rest / unit).ToString("0.######", CultureInfo.InvariantCulture)).Append(name).ToString();
        }

        var seconds = (decimal)rest / 1_000_000_000m;
        var hours = (long)(seconds / 3600);
        var minutes = (long)(seconds % 3600 / 60);
        if (hours > 0)
            text.Append(hours).Append('h');
        if (hours > 0 || minutes > 0)
            text.Append(minutes).Append('m');
        return text.Append((seconds % 60).ToString("0.#########", CultureInfo.InvariantCulture)).Append('s').ToString();
    }
}
