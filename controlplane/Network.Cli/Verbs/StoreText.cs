using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Network.Store.Browse;

namespace Network.Cli.Verbs;

/// <summary>A store's records for people and for programs.</summary>
internal static class StoreText
{
    private static readonly JsonSerializerOptions s_indented = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    internal static void Show(IReadOnlyList<StoreRecord> records, bool json, bool whole)
    {
        if (json)
        {
            Console.WriteLine(new JsonArray([.. records.Select(record => (JsonNode)Json(record, whole))]).ToJsonString());
            return;
        }

        var width = Math.Max(3, records.Count == 0 ? 0 : records.Max(record => record.Key.Length));
        Console.WriteLine($"{"KEY".PadRight(width)}  {"REVISION",10}  {"CREATED",10}  {"WHAT",-7}  {"BYTES",7}  WRITTEN");
        foreach (var record in records)
            Console.WriteLine($"{record.Key.PadRight(width)}  {record.Revision,10}  {record.CreateRevision,10}  {What(record),-7}  {record.Value.Length,7}  {Time(record.WrittenAt)}");
    }

    internal static string Line(StoreRecord record) => $"{record.Revision,10}  {What(record),-7}  {record.Value.Length,7}  {record.Key}";

    internal static JsonObject Json(StoreRecord record, bool whole)
    {
        var value = new JsonObject
        {
            ["key"] = record.Key, ["revision"] = record.Revision, ["createRevision"] = record.CreateRevision, ["what"] = What(record), ["bytes"] = record.Value.Length,
        };
        if (record.WrittenAt is { } written)
            value["writtenAt"] = Time(written);
        if (record.ExpiresAt is { } expires)
            value["expiresAt"] = Time(expires);
        if (whole)
            value["value"] = Parse(record.Value) ?? JsonValue.Create(Encoding.UTF8.GetString(record.Value.Span));
        return value;
    }

    internal static string Pretty(ReadOnlyMemory<byte> value) => Parse(value)?.ToJsonString(s_indented) ?? Encoding.UTF8.GetString(value.Span);

    internal static void ShowSizes(IStoreView view, bool json)
    {
        var (revision, oldest, bytes) = view.Extent();
        var latest = view.Latest("/registry/").GroupBy(record => Kind(record.Key)).ToDictionary(group => group.Key, group => (group.Count(), group.Sum(Bytes)));
        var kept = view.History("/registry/").GroupBy(record => Kind(record.Key)).ToDictionary(group => group.Key, group => (group.Count(), group.Sum(Bytes)));
        var rows = kept.OrderByDescending(pair => pair.Value.Item2)
            .Select(pair => (Kind: pair.Key, Latest: latest.GetValueOrDefault(pair.Key), Kept: pair.Value)).ToList();
        if (json)
        {
            Console.WriteLine(new JsonObject
            {
                ["revision"] = revision, ["oldestRevision"] = oldest, ["fileBytes"] = bytes,
                ["kinds"] = new JsonArray([.. rows.Select(row => (JsonNode)new JsonObject
                {
                    ["kind"] = row.Kind, ["keys"] = row.Latest.Item1, ["bytes"] = row.Latest.Item2, ["changes"] = row.Kept.Item1, ["changeBytes"] = row.Kept.Item2,
                })]),
            }.ToJsonString());
            return;
        }

        Console.WriteLine($"{"KIND",-45}  {"KEYS",7}  {"BYTES",10}  {"KEPT",7}  {"KEPT BYTES",10}");
        foreach (var row in rows)
            Console.WriteLine($"{row.Kind,-45}  {row.Latest.Item1,7}  {row.Latest.Item2,10}  {row.Kept.Item1,7}  {row.Kept.Item2,10}");
        Console.WriteLine($"revision {revision}, history since {oldest}{(bytes is { } file ? string.Create(CultureInfo.InvariantCulture, $", {file / 1024.0 / 1024.0:0.0} MB on disk") : "")}");
    }

    private static JsonNode? Parse(ReadOnlyMemory<byte> value)
    {
        try
        {
            return JsonNode.Parse(value.Span);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static long Bytes(StoreRecord record) => record.Key.Length + record.Value.Length;

    // /registry/pods/... is pods; /registry/apps/deployments/... is apps/deployments, told by the second being no namespace of three.
    private static string Kind(string key)
    {
        var steps = key.Split('/', StringSplitOptions.RemoveEmptyEntries);
        return steps.Length >= 5 || (steps.Length == 4 && steps[1].Contains('.')) ? $"{steps[1]}/{steps[2]}" : steps.Length > 1 ? steps[1] : key;
    }

    private static string What(StoreRecord record) => record.Deleted ? "delete" : record.CreateRevision == record.Revision ? "create" : "replace";

    private static string Time(DateTimeOffset? time) => time?.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture) ?? "-";
}
