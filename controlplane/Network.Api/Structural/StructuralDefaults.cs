using System.Text.Json.Nodes;

namespace Network.Api.Structural;

/// <summary>Fills absent members with the defaults of the schema. A default fills only where its parent is there.</summary>
public static class StructuralDefaults
{
    public static void Apply(JsonNode? value, StructuralSchema schema)
    {
        switch (value)
        {
            case JsonObject members:
                foreach (var (name, property) in schema.Properties)
                {
                    if (property.Default is { } byDefault && !members.ContainsKey(name))
                        members[name] = byDefault.DeepClone();
                }

                foreach (var (name, member) in members)
                {
                    if ((schema.Properties.GetValueOrDefault(name) ?? schema.Additional) is { HasDefaults: true } inner)
                        Apply(member, inner);
                }

                break;
            case JsonArray list when schema.Items is { HasDefaults: true } items:
                foreach (var item in list)
                    Apply(item, items);
                break;
        }
    }
}
