using System.Text.Json.Nodes;

namespace Network.Api.Patches;

/// <summary>
/// <c>$setElementOrder</c>: listed elements stand in the listed order; elements only the server knows keep their place relative to the
/// listed ones they stood between.
/// </summary>
internal static class ElementOrder
{
    public static JsonArray Sort(JsonArray merged, JsonNode?[] before, JsonArray order, string? key)
    {
        var items = merged.ToArray();
        merged.Clear();
        var listed = items.Where(i => Position(order, i, key) >= 0).OrderBy(i => Position(order, i, key)).ToList();
        var serverOnly = items.Where(i => Position(order, i, key) < 0).ToList();
        var sorted = new JsonArray();
        var (l, s) = (0, 0);
        while (l < listed.Count || s < serverOnly.Count)
        {
            var takeServer = l == listed.Count || (s < serverOnly.Count && Before(before, serverOnly[s], listed[l], key));
            sorted.Add(takeServer ? serverOnly[s++] : listed[l++]);
        }

        return sorted;
    }

    private static bool Before(JsonNode?[] before, JsonNode? left, JsonNode? right, string? key)
    {
        var (a, b) = (IndexIn(before, left, key), IndexIn(before, right, key));
        return a >= 0 && b >= 0 && a < b;
    }

    private static int IndexIn(JsonNode?[] list, JsonNode? item, string? key) =>
        Array.FindIndex(list, other => JsonNode.DeepEquals(KeyOf(other, key), KeyOf(item, key)));

    private static int Position(JsonArray order, JsonNode? item, string? key)
    {
        for (var i = 0; i < order.Count; i++)
        {
            if (JsonNode.DeepEquals(KeyOf(order[i], key), KeyOf(item, key)))
                return i;
        }

        return -1;
    }

    private static JsonNode? KeyOf(JsonNode? item, string? key) => key is not null && item is JsonObject map ? map[key] : item;
}
