using System.Text.Json.Nodes;
using Network.Api.Errors;
using Network.Api.Schema;

namespace Network.ApiServer.Strategies;

/// <summary>Config maps: a size limit, and immutable when they say so.</summary>
internal sealed class ConfigMapStrategy : Strategy
{
    internal const int MaxBytes = 1024 * 1024;

    public override void Validate(JsonObject value, List<FieldFault> faults)
    {
        var size = Sizes(value["data"]) + Sizes(value["binaryData"]);
        if (size > MaxBytes)
            faults.Add(FieldFault.TooLong("", MaxBytes));
        CheckKeys(value, "data", faults);
    }

    public override void ValidateUpdate(JsonObject value, JsonObject old, List<FieldFault> faults)
    {
        if (old.Flag("immutable") != true)
            return;
        if (value.Flag("immutable") != true)
            faults.Add(FieldFault.Forbidden("immutable", "field is immutable when `immutable` is set"));
        foreach (var field in (ReadOnlySpan<string>)["data", "binaryData"])
        {
            if (!JsonNode.DeepEquals(value[field], old[field]))
                faults.Add(FieldFault.Forbidden(field, "field is immutable when `immutable` is set"));
        }
    }

    internal static long Sizes(JsonNode? data) => data is JsonObject map ? map.Sum(p => p.Value?.ToString().Length ?? 0) : 0;

    internal static void CheckKeys(JsonObject value, string field, List<FieldFault> faults)
    {
        if (value[field] is not JsonObject data)
            return;
        foreach (var (key, _) in data)
        {
            if (key.Length is 0 or > 253 || key is "." or ".." || key.AsSpan().ContainsAnyExcept(s_keyCharacters))
            {
                faults.Add(FieldFault.Invalid($"{field}[{key}]", key,
                    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"));
            }
        }
    }

    private static readonly System.Buffers.SearchValues<char> s_keyCharacters =
        System.Buffers.SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.");
}
