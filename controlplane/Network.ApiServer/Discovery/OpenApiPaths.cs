using System.Text.Json;
using Network.Api.Resources;
using Network.Api.Schema;

namespace Network.ApiServer.Discovery;

/// <summary>
/// Writes the paths of a resource: what can be done where, with which parameters. kubectl reads the patch parameters to learn whether the server validates
/// fields and knows dry runs.
/// </summary>
internal sealed class OpenApiPaths(Utf8JsonWriter writer, OpenApiDialect dialect, OpenApiSchemas schemas)
{
    private static readonly string[] s_patchTypes =
        ["application/json-patch+json", "application/merge-patch+json", "application/strategic-merge-patch+json", "application/apply-patch+yaml"];

    // kubectl chooses its patch by what stands here; strategic merge needs keys that only built-in kinds have.
    private static readonly string[] s_customPatchTypes = [.. s_patchTypes.Where(t => !t.Contains("strategic"))];

    public void Write(ResourceInfo resource)
    {
        var root = resource.Group.Length == 0 ? "/api/v1/" : $"/apis/{resource.ApiVersion}/";
        var collection = root + (resource.Namespaced ? "namespaces/{namespace}/" : "") + resource.Plural;
        if (resource.Namespaced && resource.Verbs.Contains("list"))
            WritePath(root + resource.Plural, [], () => Operation(resource, "get", "list"));
        WritePath(collection, resource.Namespaced ? ["namespace"] : [], () =>
        {
            foreach (var (verb, method, action) in (ReadOnlySpan<(string, string, string)>)
                [("list", "get", "list"), ("create", "post", "post"), ("deletecollection", "delete", "deletecollection")])
            {
                if (resource.Verbs.Contains(verb))
                    Operation(resource, method, action);
            }
        });
        if (!resource.Verbs.Contains("get"))
            return;
        string[] names = resource.Namespaced ? ["name", "namespace"] : ["name"];
        WritePath(collection + "/{name}", names, () => WriteVerbs(resource, resource.Verbs, null));
        foreach (var sub in resource.Subresources)
            WritePath($"{collection}/{{name}}/{sub.Name}", names, () => WriteVerbs(resource, sub.Verbs, sub));
    }

    private void WriteVerbs(ResourceInfo resource, IReadOnlyList<string> verbs, SubresourceInfo? sub)
    {
        foreach (var (verb, method) in (ReadOnlySpan<(string, string)>)[("get", "get"), ("create", "post"), ("update", "put"), ("patch", "patch"), ("delete", "delete")])
        {
            if (verbs.Contains(verb) && (sub is not null || verb != "create"))
                Operation(resource, method, method, sub);
        }
    }

    private void WritePath(string path, string[] names, Action operations)
    {
        writer.WriteStartObject(path);
        operations();
        if (names.Length > 0)
        {
            writer.WriteStartArray("parameters"u8);
            foreach (var name in names)
                OpenApiParameters.Write(writer, dialect, name, "path");
            writer.WriteEndArray();
        }

        writer.WriteEndObject();
    }

    private void Operation(ResourceInfo resource, string method, string action, SubresourceInfo? sub = null)
    {
        var kind = sub is null ? (resource.Group, resource.Version, resource.Kind)
            : sub.Version.Length > 0 ? (sub.Group, sub.Version, sub.Kind) : (resource.Group, resource.Version, sub.Kind);
        // Streams and proxies have options for a body type; they are no objects.
        var type = sub is null || sub.Kind == resource.Kind ? resource.Schema
            : sub.Kind.EndsWith("Options", StringComparison.Ordinal) ? null : ApiSchema.FindKind(kind.Item1.Length == 0 ? kind.Item2 : $"{kind.Item1}/{kind.Item2}", kind.Item3);
        writer.WriteStartObject(method);
        writer.WriteStartArray("tags"u8);
        writer.WriteStringValue(Tag(resource));
        writer.WriteEndArray();
        writer.WriteString("operationId"u8, OperationId(resource, action, sub));
        WriteMedia(action, type);
        WriteParameters(action, type);
        if (dialect == OpenApiDialect.V3)
            WriteBody(action, type);
        WriteResponses(resource, action, type);
        writer.WriteString("x-kubernetes-action"u8, sub is null || method != "post" ? action : "connect");
        writer.WritePropertyName("x-kubernetes-group-version-kind"u8);
        OpenApiNames.WriteKind(writer, kind);
        writer.WriteEndObject();
    }

    private void WriteMedia(string action, MessageType? type)
    {
        if (dialect == OpenApiDialect.V3)
            return;
        WriteTexts("consumes", action == "patch" ? PatchTypes(type) : ["*/*"]);
        WriteTexts("produces", ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"]);
        WriteTexts("schemes", ["https"]);
    }

    private void WriteTexts(string name, string[] texts)
    {
        writer.WriteStartArray(name);
        foreach (var text in texts)
            writer.WriteStringValue(text);
        writer.WriteEndArray();
    }

    private void WriteParameters(string action, MessageType? type)
    {
        writer.WriteStartArray("parameters"u8);
        if (dialect == OpenApiDialect.V2 && BodyOf(action, type) is { } body)
        {
            writer.WriteStartObject();
            writer.WriteString("name"u8, "body"u8);
            writer.WriteString("in"u8, "body"u8);
            writer.WriteBoolean("required"u8, action is "post" or "put" or "patch");
            writer.WriteStartObject("schema"u8);
            if (action == "patch")
                writer.WriteString("type"u8, "object"u8);
            else
                schemas.Reference(body);
            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        foreach (var name in OpenApiParameters.Of(action))
            OpenApiParameters.Write(writer, dialect, name, "query");
        writer.WriteEndArray();
    }

    private void WriteBody(string action, MessageType? type)
    {
        if (BodyOf(action, type) is not { } body)
            return;
        writer.WriteStartObject("requestBody"u8);
        writer.WriteStartObject("content"u8);
        foreach (var media in action == "patch" ? PatchTypes(type) : ["application/json"])
        {
            writer.WriteStartObject(media);
            writer.WriteStartObject("schema"u8);
            if (action == "patch")
                writer.WriteString("type"u8, "object"u8);
            else
                schemas.Reference(body);
            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static string[] PatchTypes(MessageType? type) => type?.Structure is null ? s_patchTypes : s_customPatchTypes;

    private static MessageType? BodyOf(string action, MessageType? type) => action switch
    {
        "post" or "put" or "patch" => type,
        "delete" or "deletecollection" => ApiSchema.Get("meta.v1.DeleteOptions"),
        _ => null,
    };

    private void WriteResponses(ResourceInfo resource, string action, MessageType? type)
    {
        writer.WriteStartObject("responses"u8);
        writer.WriteStartObject(action == "post" ? "201" : "200");
        writer.WriteString("description"u8, action == "post" ? "Created" : "OK");
        if (dialect == OpenApiDialect.V3)
        {
            writer.WriteStartObject("content"u8);
            writer.WriteStartObject("application/json"u8);
        }

        writer.WriteStartObject("schema"u8);
        if (action == "list")
            schemas.ReferenceList(resource);
        else if (action is "delete" or "deletecollection")
            schemas.Reference(ApiSchema.Get("meta.v1.Status"));
        else if (type is not null)
            schemas.Reference(type);
        else
            writer.WriteString("type"u8, "string"u8);
        writer.WriteEndObject();
        if (dialect == OpenApiDialect.V3)
        {
            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static string Tag(ResourceInfo resource) => resource.Group.Length == 0 ? "core_v1" : $"{GroupWord(resource.Group, false)}_{resource.Version}";

    // readAppsV1NamespacedDeploymentStatus
    private static string OperationId(ResourceInfo resource, string action, SubresourceInfo? sub)
    {
        var verb = action switch
        {
            "get" => "read",
            "post" => "create",
            "put" => "replace",
            "deletecollection" => "deleteCollection",
            _ => action,
        };
        var version = char.ToUpperInvariant(resource.Version[0]) + resource.Version[1..];
        var part = sub is null ? "" : char.ToUpperInvariant(sub.Name[0]) + sub.Name[1..];
        return $"{verb}{(resource.Group.Length == 0 ? "Core" : GroupWord(resource.Group, true))}{version}{(resource.Namespaced ? "Namespaced" : "")}{resource.Kind}{part}";
    }

    private static string GroupWord(string group, bool capital)
    {
        var words = group.Replace(".k8s.io", "").Split('.').Select(w => char.ToUpperInvariant(w[0]) + w[1..]);
        var word = string.Concat(words);
        return capital ? word : char.ToLowerInvariant(word[0]) + word[1..];
    }
}
