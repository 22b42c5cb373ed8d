using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Network.Api.Schema;

namespace Network.ApiServer.Printing;

/// <summary>Small texts that many tables share.</summary>
internal static class Cells
{
    public const string None = "<none>";
    public const string Unknown = "<unknown>";

    public static string OrNone(string text) => text.Length == 0 ? None : text;

    public static string Name(JsonElement value) => value.Text("metadata", "name");

    public static string Age(JsonElement value, DateTimeOffset now) => Since(value.Text("metadata", "creationTimestamp"), now);

    /// <summary>duration.HumanDuration of the time since the timestamp; <c>&lt;unknown&gt;</c> without one.</summary>
    public static string Since(string timestamp, DateTimeOffset now) =>
        WireTime.Parse(timestamp) is { } time ? HumanDuration(now - time) : Unknown;

    public static string HumanDuration(TimeSpan span)
    {
        var seconds = (long)span.TotalSeconds;
        if (seconds < -1)
            return "<invalid>";
        if (seconds < 0)
            return "0s";
        if (seconds < 120)
            return $"{seconds}s";
        var minutes = seconds / 60;
        if (minutes < 10)
            return seconds % 60 == 0 ? $"{minutes}m" : $"{minutes}m{seconds % 60}s";
        if (minutes < 180)
            return $"{minutes}m";
        var hours = minutes / 60;
        if (hours < 8)
            return minutes % 60 == 0 ? $"{hours}h" : $"{hours}h{minutes % 60}m";
        if (hours < 48)
            return $"{hours}h";
        if (hours < 192)
            return hours % 24 == 0 ? $"{hours / 24}d" : $"{hours / 24}d{hours % 24}h";
        var days = hours / 24;
        if (days < 730)
            return $"{days}d";
        return days < 2920 && days % 365 != 0 ? $"{days / 365}y{days % 365}d" : $"{days / 365}y";
    }

    public static string Labels(JsonElement map) =>
        map.ValueKind == JsonValueKind.Object && map.EnumerateObject().Any()
            ? string.Join(',', map.EnumerateObject().Select(p => $"{p.Name}={p.Value.GetString()}").Order(StringComparer.Ordinal))
            : None;

    /// <summary>metav1.FormatLabelSelector.</summary>
    public static string Selector(JsonElement selector)
    {
        var parts = selector.Members("matchLabels").Select(p => $"{p.Name}={p.Value.GetString()}").ToList();
        foreach (var expression in selector.Items("matchExpressions"))
        {
            var (key, values) = (expression.Text("key"), string.Join(',', expression.Items("values").Select(v => v.GetString())));
            parts.Add(expression.Text("operator") switch
            {
                "In" => $"{key} in ({values})",
                "NotIn" => $"{key} notin ({values})",
                "Exists" => key,
                _ => "!" + key,
            });
        }

        return parts.Count == 0 ? None : string.Join(',', parts.Order(StringComparer.Ordinal));
    }

    /// <summary>Names and images of a pod template.</summary>
    public static (string Names, string Images) Containers(JsonElement template)
    {
        var containers = template.Items("spec", "containers").ToList();
        return (string.Join(',', containers.Select(c => c.Text("name"))), string.Join(',', containers.Select(c => c.Text("image"))));
    }

    public static JsonNode Number(long number) => number;

    public static string Invariant(long number) => number.ToString(CultureInfo.InvariantCulture);
}
