using System.Text.Json.Nodes;
using Network.Api.Errors;
using Network.Api.Quantities;
using Network.Api.Schema;

namespace Network.ApiServer.Strategies;

/// <summary>Limit ranges: what is left out follows from what is there (pkg/apis/core/v1/defaults.go), and the bounds must not cross.</summary>
internal sealed class LimitRangeStrategy : Strategy
{
    public override void Default(JsonObject value)
    {
        foreach (var item in value.Items("spec", "limits").Where(i => i.Text("type") == "Container"))
        {
            Fill(item, "default", "max");
            Fill(item, "defaultRequest", "default");
            Fill(item, "defaultRequest", "min");
        }
    }

    public override void Validate(JsonObject value, List<FieldFault> faults)
    {
        var types = new HashSet<string>(StringComparer.Ordinal);
        var i = 0;
        foreach (var item in value.Items("spec", "limits"))
        {
            var path = $"spec.limits[{i++}]";
            if (!types.Add(item.Text("type")))
                faults.Add(FieldFault.Duplicate($"{path}.type", item.Text("type")));
            Ordered(item, path, ("min", "max"), faults);
            Ordered(item, path, ("min", "default"), faults);
            Ordered(item, path, ("default", "max"), faults);
            Ordered(item, path, ("min", "defaultRequest"), faults);
            Ordered(item, path, ("defaultRequest", "default"), faults);
            if (item.Text("type") == "Pod")
            {
                foreach (var field in (string[])["default", "defaultRequest"])
                {
                    if (item[field] is JsonObject { Count: > 0 })
                        faults.Add(FieldFault.Forbidden($"{path}.{field}", "may not be specified when `type` is 'Pod'"));
                }
            }
        }
    }

    private static void Fill(JsonObject item, string field, string source)
    {
        foreach (var (name, quantity) in item[source] as JsonObject ?? [])
            item.Child(field).Default(name, quantity?.DeepClone());
    }

    private static void Ordered(JsonObject item, string path, (string Low, string High) fields, List<FieldFault> faults)
    {
        foreach (var (name, low) in item[fields.Low] as JsonObject ?? [])
        {
            if (Quantity.TryParse(low?.ToString(), out var less) && Quantity.TryParse(item.Text(fields.High, name), out var more) && less.CompareTo(more) > 0)
            {
                faults.Add(FieldFault.Invalid($"{path}.{fields.Low}[{name}]", low!.ToString(),
                    $"{fields.Low} value {less} is greater than {fields.High} value {more}"));
            }
        }
    }
}
