using System.Text.Json;

namespace Network.ApiServer.Discovery;

/// <summary>The query and path parameters of the verbs.</summary>
internal static class OpenApiParameters
{
    private static readonly Dictionary<string, (string Type, string Text)> s_all = new()
    {
        ["name"] = ("string", "Name of the object."),
        ["namespace"] = ("string", "Namespace of the object."),
        ["pretty"] = ("string", "\"true\" indents the answer."),
        ["labelSelector"] = ("string", "Only objects whose labels match."),
        ["fieldSelector"] = ("string", "Only objects whose fields match."),
        ["limit"] = ("integer", "At most so many objects; the rest follows with continue."),
        ["continue"] = ("string", "Where the previous page of a list ended."),
        ["resourceVersion"] = ("string", "The state to read or to watch from."),
        ["resourceVersionMatch"] = ("string", "NotOlderThan or Exact: how resourceVersion is meant."),
        ["sendInitialEvents"] = ("boolean", "Begin a watch with the objects that exist."),
        ["timeoutSeconds"] = ("integer", "End the watch after so long."),
        ["watch"] = ("boolean", "Follow changes instead of listing."),
        ["allowWatchBookmarks"] = ("boolean", "Send bookmarks in a watch."),
        ["dryRun"] = ("string", "\"All\": do everything but store the result."),
        ["fieldManager"] = ("string", "Who owns the fields that are written."),
        ["fieldValidation"] = ("string", "Ignore, Warn or Strict: what happens with unknown and duplicate fields."),
        ["force"] = ("boolean", "Apply takes fields over from other managers."),
        ["gracePeriodSeconds"] = ("integer", "How long the object may take to end; 0 deletes at once."),
        ["orphanDependents"] = ("boolean", "Deprecated; see propagationPolicy."),
        ["propagationPolicy"] = ("string", "Orphan, Background or Foreground: what happens to dependents."),
    };

    public static string[] Of(string action) => action switch
    {
        "list" => ["pretty", "allowWatchBookmarks", "continue", "fieldSelector", "labelSelector", "limit", "resourceVersion", "resourceVersionMatch", "sendInitialEvents", "timeoutSeconds", "watch"],
        "post" or "put" => ["pretty", "dryRun", "fieldManager", "fieldValidation"],
        "patch" => ["pretty", "dryRun", "fieldManager", "fieldValidation", "force"],
        "delete" => ["pretty", "dryRun", "gracePeriodSeconds", "orphanDependents", "propagationPolicy"],
        "deletecollection" => ["pretty", "continue", "dryRun", "fieldSelector", "gracePeriodSeconds", "labelSelector", "limit", "orphanDependents", "propagationPolicy", "resourceVersion", "resourceVersionMatch"],
        _ => ["pretty"],
    };

    public static void Write(Utf8JsonWriter writer, OpenApiDialect dialect, string name, string place)
    {
        var (type, text) = s_all[name];
        writer.WriteStartObject();
        writer.WriteString("name"u8, name);
        writer.WriteString("in"u8, place);
        writer.WriteString("description"u8, text);
        if (place == "path")
            writer.WriteBoolean("required"u8, true);
        if (dialect == OpenApiDialect.V3)
            writer.WriteStartObject("schema"u8);
        writer.WriteString("type"u8, type);
        writer.WriteBoolean("uniqueItems"u8, true);
        if (dialect == OpenApiDialect.V3)
            writer.WriteEndObject();
        writer.WriteEndObject();
    }
}
