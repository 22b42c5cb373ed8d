using System.Globalization;
using System.Text.Json.Nodes;
using Network.Api.Errors;

namespace Network.Api.Patches;

/// <summary>JSON patch, RFC 6902 with RFC 6901 pointers. Any failing operation refuses the whole patch.</summary>
public static class JsonPatch
{
    // Upstream's bounds against patches that cost more than the object (apiserver operation limit and JSONPatchMaxCopyBytes).
    private const int MaxOperations = 10_000;
    private const int MaxCopied = 3 * 1024 * 1024;

    /// <exception cref="ApiException">400 for a malformed patch, 422 for one that does not fit the object.</exception>
    public static JsonObject Apply(JsonObject target, JsonArray operations)
    {
        if (operations.Count > MaxOperations)
            throw new ApiException(413, "RequestEntityTooLarge", $"Request entity too large: the allowed maximum operations in a JSON patch is {MaxOperations}, got {operations.Count}");
        JsonNode? root = target.DeepClone();
        var copied = 0L;
        foreach (var node in operations)
        {
            if (node is not JsonObject operation || operation["op"] is not JsonValue op || operation["path"] is not JsonValue path)
                throw Refusal.BadRequest("error decoding patch: an operation needs op and path");
            if (op.ToString() == "copy")
                copied += Read(root, From(operation))?.ToJsonString().Length ?? 0;
            if (copied > MaxCopied)
                throw new ApiException(413, "RequestEntityTooLarge", $"Request entity too large: the copy operations of a JSON patch may copy {MaxCopied} bytes in all");
            root = ApplyOne(root, operation, op.ToString(), path.ToString());
        }

        return root as JsonObject ?? throw Misfit("the patch replaces the object by something else");
    }

    private static JsonNode? ApplyOne(JsonNode? root, JsonObject operation, string op, string path)
    {
        switch (op)
        {
            case "add":
                return Add(root, path, operation["value"]?.DeepClone());
            case "remove":
                Remove(root, path);
                return root;
            case "replace":
                if (path.Length == 0)
                    return operation["value"]?.DeepClone();
                Remove(root, path);
                return Add(root, path, operation["value"]?.DeepClone());
            case "move":
                var moved = Remove(root, From(operation));
                return Add(root, path, moved);
            case "copy":
                return Add(root, path, Read(root, From(operation))?.DeepClone());
            case "test":
                if (!JsonNode.DeepEquals(Read(root, path), operation["value"]))
                    throw Misfit($"testing value {path} failed");
                return root;
            default:
                throw Refusal.BadRequest($"unexpected kind of operation: {op}");
        }
    }

    private static string From(JsonObject operation) => operation["from"]?.ToString() ?? throw Refusal.BadRequest("operation needs from");

    private static JsonNode? Add(JsonNode? root, string path, JsonNode? value)
    {
        if (path.Length == 0)
            return value;
        switch (Parent(root, path, out var last))
        {
            case JsonObject map:
                map[last] = value;
                return root;
            case JsonArray list when last == "-":
                list.Add(value);
                return root;
            case JsonArray list when Index(last) is { } at && at <= list.Count:
                list.Insert(at, value);
                return root;
            default:
                throw Misfit($"add operation does not apply: doc is missing path: \"{path}\": missing value");
        }
    }

    private static JsonNode? Remove(JsonNode? root, string path)
    {
        switch (Parent(root, path, out var last))
        {
            case JsonObject map when map.Remove(last, out var removed):
                return removed;
            case JsonArray list when Index(last) is { } at && at < list.Count:
                var item = list[at];
                list.RemoveAt(at);
                return item;
            default:
                throw Misfit($"remove operation does not apply: doc is missing path: \"{path}\": missing value");
        }
    }

    private static JsonNode? Read(JsonNode? root, string path)
    {
        if (path.Length == 0)
            return root;
        return Parent(root, path, out var last) switch
        {
            JsonObject map when map.ContainsKey(last) => map[last],
            JsonArray list when Index(last) is { } at && at < list.Count => list[at],
            _ => throw Misfit($"doc is missing path: \"{path}\": missing value"),
        };
    }

    private static JsonNode? Parent(JsonNode? root, string path, out string last)
    {
        if (path.Length == 0 || path[0] != '/')
            throw Misfit($"path \"{path}\" is not a JSON pointer");
        var steps = path[1..].Split('/');
        foreach (var step in steps.AsSpan(0, steps.Length - 1))
        {
            root = root switch
            {
                JsonObject map => map[Unescape(step)],
                JsonArray list when Index(step) is { } at && at < list.Count => list[at],
                _ => null,
            };
        }

        last = Unescape(steps[^1]);
        return root;
    }

    private static string Unescape(string step) => step.Contains('~') ? step.Replace("~1", "/").Replace("~0", "~") : step;

    private static int? Index(string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var index) ? index : null;

    private static ApiException Misfit(string message) => new(422, "Invalid", $"the server rejected our request due to an error in our request: {message}", []);
}
