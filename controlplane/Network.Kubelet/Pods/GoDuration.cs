using System.Globalization;

namespace Network.Kubelet.Pods;

/// <summary>Durations as Go prints them, because messages of Kubernetes carry them: 10s, 1m20s, 5m0s.</summary>
internal static class GoDuration
{
    internal static string Format(TimeSpan duration)
    {
        var seconds = (duration.TotalSeconds % 60).ToString("0.###", CultureInfo.InvariantCulture) + "s";
        if (duration.TotalMinutes < 1)
            return seconds;
        return duration.TotalHours < 1 ? $"{(int)duration.TotalMinutes}m{seconds}" : $"{(int)duration.TotalHours}h{duration.Minutes}m{seconds}";
    }
}
