using System.Text.Json.Nodes;
using Network.Api.Schema;

namespace Network.Api.Quantities;

/// <summary>What a pod needs at once: its containers together with its sidecars, or its hungriest init container, and the overhead (KEP-753).</summary>
public static class PodResources
{
    /// <summary>The pod's sum of <paramref name="field"/> (requests or limits) as quantities by resource name.</summary>
    public static JsonObject Sum(JsonNode? spec, string field)
    {
        var sum = new Dictionary<string, Quantity>(StringComparer.Ordinal);
        var peak = new Dictionary<string, Quantity>(StringComparer.Ordinal);
        foreach (var container in spec.Items("containers"))
            Add(sum, container.At("resources", field));
        var sidecars = new Dictionary<string, Quantity>(StringComparer.Ordinal);
        foreach (var container in spec.Items("initContainers"))
        {
            if (container.Text("restartPolicy") == "Always")
            {
                Add(sum, container.At("resources", field));
                Add(sidecars, container.At("resources", field));
                continue;
            }

            var now = new Dictionary<string, Quantity>(sidecars, StringComparer.Ordinal);
            Add(now, container.At("resources", field));
            foreach (var (name, amount) in now)
                peak[name] = peak.TryGetValue(name, out var known) && known.CompareTo(amount) > 0 ? known : amount;
        }

        foreach (var (name, amount) in peak)
            sum[name] = sum.TryGetValue(name, out var known) && known.CompareTo(amount) > 0 ? known : amount;
        if (sum.Count > 0 || field == "requests")
            Add(sum, spec.At("overhead"));
        return new JsonObject(sum.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)pair.Value.ToString())));
    }

    private static void Add(Dictionary<string, Quantity> sum, JsonNode? amounts)
    {
        foreach (var (name, text) in amounts as JsonObject ?? [])
        {
            if (Quantity.TryParse(text?.ToString(), out var amount))
                sum[name] = sum.TryGetValue(name, out var known) ? known + amount : amount;
        }
    }
}
