using System.Text.Json.Nodes;
using Network.Api.Errors;
using Network.Api.Schema;

namespace Network.ApiServer.Registry;

/// <summary>
/// "Required value" faults from the schema. Only scalars and structs: an empty required list often is a legal value, and kinds whose list must not be
/// empty say so in their strategy.
/// </summary>
internal static class RequiredFields
{
    // Required by the schema but filled by the server or legal when empty.
    private static readonly HashSet<string> s_lenient = ["metadata", "status", "conditions", "apiGroup", "currentMetrics", "eventTime"];

    public static void Check(JsonObject value, MessageType type, string path, List<FieldFault> faults)
    {
        foreach (var field in type.JsonFields)
        {
            if (s_lenient.Contains(field.Name))
                continue;
            var where = path.Length == 0 ? field.Name : $"{path}.{field.Name}";
            var member = value[field.Name];
            if (member is null)
            {
                if (field.Has(FieldFlags.Required) && field is { Shape: FieldShape.Single })
                    faults.Add(FieldFault.Required(where));
                continue;
            }

            if (field.Has(FieldFlags.Required) && field is { Type: FieldType.String, Shape: FieldShape.Single } && member.ToString().Length == 0)
                faults.Add(FieldFault.Required(where));
            if (field.Type == FieldType.Message)
                CheckMembers(member, field, where, faults);
        }
    }

    private static void CheckMembers(JsonNode member, Field field, string path, List<FieldFault> faults)
    {
        switch (member)
        {
            case JsonObject single when field.Shape == FieldShape.Single:
                Check(single, field.Message!, path, faults);
                break;
            case JsonArray list:
                for (var i = 0; i < list.Count; i++)
                {
                    if (list[i] is JsonObject item)
                        Check(item, field.Message!, $"{path}[{i}]", faults);
                }

                break;
        }
    }
}
