using System.Text.Json.Nodes;
using Network.Api.Resources;
using Network.Api.Schema;

namespace Network.ApiServer.Discovery;

/// <summary>OpenAPI v3 from the schema: enough for kubectl's validation, explain and its questions about query parameters.</summary>
internal static class OpenApiDocuments
{
    public static JsonObject Of(string group, string version)
    {
        var resources = ResourceCatalog.All.Where(r => r.Group == group && r.Version == version).ToList();
        var paths = new JsonObject();
        var pending = new Queue<(MessageType Type, ResourceInfo? Kind)>();
        foreach (var resource in resources)
        {
            AddPaths(paths, resource);
            pending.Enqueue((resource.Schema, resource));
        }

        pending.Enqueue((ApiSchema.Get("meta.v1.DeleteOptions"), null));
        var schemas = new JsonObject();
        while (pending.TryDequeue(out var next))
        {
            var name = NameOf(next.Type);
            if (schemas.ContainsKey(name))
                continue;
            schemas[name] = SchemaOf(next.Type, next.Kind);
            foreach (var field in next.Type.JsonFields)
            {
                if (field.Message is { } member)
                    pending.Enqueue((member, null));
            }
        }

        return new JsonObject
        {
            ["openapi"] = "3.0.0", ["info"] = new JsonObject { ["title"] = "Kubernetes", ["version"] = ServerVersion.Git },
            ["paths"] = paths, ["components"] = new JsonObject { ["schemas"] = schemas },
        };
    }

    private static string NameOf(MessageType type) => type.Name.StartsWith("meta.v1.", StringComparison.Ordinal)
        ? "io.k8s.apimachinery.pkg.apis." + type.Name : "io.k8s.api." + type.Name;

    private static JsonObject SchemaOf(MessageType type, ResourceInfo? kind)
    {
        var properties = new JsonObject();
        if (kind is not null)
        {
            properties["apiVersion"] = new JsonObject { ["type"] = "string" };
            properties["kind"] = new JsonObject { ["type"] = "string" };
        }

        var required = new JsonArray();
        foreach (var field in type.JsonFields)
        {
            properties[field.Name] = PropertyOf(field);
            if (field.Has(FieldFlags.Required))
                required.Add((JsonNode)field.Name);
        }

        var schema = new JsonObject { ["type"] = "object", ["properties"] = properties };
        if (required.Count > 0)
            schema["required"] = required;
        if (kind is not null)
            schema["x-kubernetes-group-version-kind"] = new JsonArray(KindOf(kind.Group, kind.Version, kind.Kind));
        return schema;
    }

    private static JsonObject PropertyOf(Field field)
    {
        var value = field.Type switch
        {
            FieldType.Message => new JsonObject { ["$ref"] = "#/components/schemas/" + NameOf(field.Message!) },
            FieldType.Bool => new JsonObject { ["type"] = "boolean" },
            FieldType.Int32 => new JsonObject { ["type"] = "integer", ["format"] = "int32" },
            FieldType.Int64 => new JsonObject { ["type"] = "integer", ["format"] = "int64" },
            FieldType.Double => new JsonObject { ["type"] = "number", ["format"] = "double" },
            FieldType.Bytes => new JsonObject { ["type"] = "string", ["format"] = "byte" },
            FieldType.Time or FieldType.MicroTime => new JsonObject { ["type"] = "string", ["format"] = "date-time" },
            FieldType.Raw or FieldType.Fields => new JsonObject { ["type"] = "object" },
            FieldType.IntOrString or FieldType.Quantity => new JsonObject { ["oneOf"] = new JsonArray(new JsonObject { ["type"] = "string" }, new JsonObject { ["type"] = field.Type == FieldType.Quantity ? "number" : "integer" }) },
            _ => new JsonObject { ["type"] = "string" },
        };
        if (field.Shape is FieldShape.MapOfLists)
            value = new JsonObject { ["type"] = "array", ["items"] = value };
        if (field.Shape == FieldShape.List)
            value = new JsonObject { ["type"] = "array", ["items"] = value };
        else if (field.Shape != FieldShape.Single)
            value = new JsonObject { ["type"] = "object", ["additionalProperties"] = value };
        AddPatchHints(value, field);
        return value;
    }

    private static void AddPatchHints(JsonObject value, Field field)
    {
        if (field.Has(FieldFlags.PatchMerge) || field.Has(FieldFlags.RetainKeys))
        {
            value["x-kubernetes-patch-strategy"] = (field.Has(FieldFlags.PatchMerge), field.Has(FieldFlags.RetainKeys)) switch
            {
                (true, true) => "merge,retainKeys",
                (true, false) => "merge",
                _ => "retainKeys",
            };
        }

        if (field.MergeKey is not null)
            value["x-kubernetes-patch-merge-key"] = field.MergeKey;
        if (field.ListKeys.Count > 0)
        {
            value["x-kubernetes-list-type"] = "map";
            value["x-kubernetes-list-map-keys"] = new JsonArray([.. field.ListKeys.Select(k => (JsonNode)k)]);
        }
        else if (field.Shape == FieldShape.List && (field.Has(FieldFlags.Set) || field.Has(FieldFlags.Atomic)))
        {
            value["x-kubernetes-list-type"] = field.Has(FieldFlags.Set) ? "set" : "atomic";
        }
    }

    // kubectl reads the patch parameters to learn whether the server validates fields and knows dry runs.
    private static void AddPaths(JsonObject paths, ResourceInfo resource)
    {
        var root = resource.Group.Length == 0 ? "/api/v1" : $"/apis/{resource.ApiVersion}";
        var collection = resource.Namespaced ? $"{root}/namespaces/{{namespace}}/{resource.Plural}" : $"{root}/{resource.Plural}";
        paths[collection] = new JsonObject { ["post"] = Operation(resource, "post", "dryRun", "fieldManager", "fieldValidation") };
        if (resource.Has(ResourceTraits.CreateOnly))
            return;
        paths[collection + "/{name}"] = new JsonObject
        {
            ["get"] = Operation(resource, "get"),
            ["put"] = Operation(resource, "put", "dryRun", "fieldManager", "fieldValidation"),
            ["patch"] = Operation(resource, "patch", "dryRun", "fieldManager", "fieldValidation", "force"),
            ["delete"] = Operation(resource, "delete", "dryRun", "gracePeriodSeconds", "propagationPolicy"),
        };
    }

    private static JsonObject Operation(ResourceInfo resource, string action, params ReadOnlySpan<string> parameters)
    {
        var list = new JsonArray();
        foreach (var name in parameters)
            list.Add((JsonNode)new JsonObject { ["name"] = name, ["in"] = "query", ["schema"] = new JsonObject { ["type"] = name == "force" ? "boolean" : "string" } });
        return new JsonObject
        {
            ["parameters"] = list, ["responses"] = new JsonObject { ["200"] = new JsonObject { ["description"] = "OK" } },
            ["x-kubernetes-action"] = action, ["x-kubernetes-group-version-kind"] = KindOf(resource.Group, resource.Version, resource.Kind),
        };
    }

    private static JsonObject KindOf(string group, string version, string kind) => new() { ["group"] = group, ["version"] = version, ["kind"] = kind };
}
