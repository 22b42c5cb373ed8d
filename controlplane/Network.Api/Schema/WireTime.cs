using System.Globalization;

namespace Network.Api.Schema;

/// <summary>The two time spellings of the API: seconds (metav1.Time) and microseconds (metav1.MicroTime), always UTC.</summary>
public static class WireTime
{
    public static string Format(DateTimeOffset time, bool micro = false) =>
        time.UtcDateTime.ToString(micro ? "yyyy-MM-ddTHH:mm:ss.ffffffZ" : "yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);

    public static DateTimeOffset? Parse(string? text) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time : null;
}
