using Network.Api.Schema;

namespace Network.Api.Structural;

/// <summary>
/// The shape of a custom kind in the form patches, server-side apply and the canonical spelling work with. What that form cannot say (lists of
/// lists, objects that keep unknown members) is one raw value.
/// </summary>
public static class StructuralFields
{
    public static MessageType TypeOf(string apiVersion, string kind, StructuralSchema schema)
    {
        var fields = new List<Field> { new(1, "metadata", FieldType.Message, FieldShape.Single, FieldFlags.None, "meta.v1.ObjectMeta") };
        foreach (var (name, property) in schema.Properties)
        {
            if (name is not ("apiVersion" or "kind" or "metadata"))
                fields.Add(FieldOf(name, property));
        }

        return new MessageType(kind, $"{apiVersion}/{kind}", false, [.. fields]) { Structure = schema };
    }

    private static Field FieldOf(string name, StructuralSchema schema)
    {
        // Custom objects keep their empty lists and maps.
        var flags = FieldFlags.KeepsZero | (schema.Nullable ? FieldFlags.Nullable : FieldFlags.None);
        if (IsPlainObject(schema))
            return Member(name, schema, FieldShape.Single, flags);
        if (schema.Type == "object" && schema is { Additional: { } value, PreservesUnknown: false, Properties.Count: 0 })
            return MapOf(name, schema, value, flags);
        if (schema is { Type: "array", Items: { } item })
            return ListOf(name, schema, item, flags);
        return new Field(0, name, Scalar(schema), FieldShape.Single, flags, null);
    }

    private static Field MapOf(string name, StructuralSchema schema, StructuralSchema value, FieldFlags flags)
    {
        if (schema.MapIsAtomic)
            flags |= FieldFlags.Atomic;
        if (value is { Type: "array", Items: { } item })
            return IsPlainObject(item) ? Member(name, item, FieldShape.MapOfLists, flags) : new Field(0, name, Scalar(item), FieldShape.MapOfLists, flags, null);
        return IsPlainObject(value) ? Member(name, value, FieldShape.Map, flags) : new Field(0, name, Scalar(value), FieldShape.Map, flags, null);
    }

    private static Field ListOf(string name, StructuralSchema schema, StructuralSchema item, FieldFlags flags)
    {
        flags |= schema.ListType switch
        {
            "set" => FieldFlags.Set,
            "map" => FieldFlags.None,
            _ => FieldFlags.Atomic,
        };
        if (!IsPlainObject(item))
            return new Field(0, name, Scalar(item), FieldShape.List, flags, null);
        return new Field(0, name, FieldType.Message, FieldShape.List, flags, null)
        {
            Inner = Inner(name, item),
            ListKeys = schema.ListType == "map" ? schema.ListKeys : [],
        };
    }

    private static Field Member(string name, StructuralSchema schema, FieldShape shape, FieldFlags flags) =>
        new(0, name, FieldType.Message, shape, flags, null) { Inner = Inner(name, schema) };

    private static MessageType Inner(string name, StructuralSchema schema) =>
        new(name, null, schema.MapIsAtomic, [.. schema.Properties.Select(p => FieldOf(p.Key, p.Value))]);

    private static bool IsPlainObject(StructuralSchema schema) =>
        schema is { Type: "object", PreservesUnknown: false, AllowsAdditional: false, IsEmbeddedResource: false, Properties.Count: > 0 };

    private static FieldType Scalar(StructuralSchema schema) => schema switch
    {
        { IsIntOrString: true } => FieldType.IntOrString,
        { Type: "string" } => FieldType.String,
        { Type: "integer" } => FieldType.Int64,
        { Type: "number" } => FieldType.Double,
        { Type: "boolean" } => FieldType.Bool,
        _ => FieldType.Raw,
    };
}
