using System.Text.Json.Nodes;
using Network.Api.Schema;
using Network.Api.Structural;

namespace Network.ApiServer.CustomResources;

/// <summary>The status a definition should have. Pure; a condition that stays keeps its time.</summary>
internal static class DefinitionStatus
{
    /// <param name="conflict">Why the names are not accepted; empty when they are.</param>
    public static JsonObject Of(JsonObject definition, string conflict, DateTimeOffset now)
    {
        var accepted = conflict.Length == 0 || Definition.IsEstablished(definition);
        var status = definition["status"] as JsonObject is { } old ? (JsonObject)old.DeepClone() : [];
        var conditions = new JsonArray(
            Condition(definition, "NamesAccepted", accepted, accepted ? "NoConflicts" : "KindConflict", accepted ? "no conflicts found" : conflict, now),
            Condition(definition, "Established", accepted, accepted ? "InitialNamesAccepted" : "NotAccepted",
                accepted ? "the initial names have been accepted" : "not all names are accepted", now));
        var ruled = definition.Items("spec", "versions").Where(version => version.At("schema", "openAPIV3Schema") is JsonObject schema && StructuralSchema.Parse(schema).HasRules)
            .Select(version => version.Text("name")).ToList();
        if (ruled.Count > 0)
            conditions.Add((JsonNode)Condition(definition, "RulesEvaluated", false, "NotSupported", $"x-kubernetes-validations of {string.Join(", ", ruled)} are stored but not evaluated by this server", now));
        status["conditions"] = conditions;
        if (accepted)
            status["acceptedNames"] = definition.At("spec", "names")?.DeepClone();
        var stored = status.Texts("storedVersions").ToList();
        if (definition.Items("spec", "versions").FirstOrDefault(version => version.Flag("storage") == true).Text("name") is { Length: > 0 } storage && !stored.Contains(storage))
            stored.Add(storage);
        status["storedVersions"] = new JsonArray([.. stored.Select(version => (JsonNode)version)]);
        return status;
    }

    private static JsonObject Condition(JsonObject definition, string type, bool value, string reason, string message, DateTimeOffset now)
    {
        var status = value ? "True" : "False";
        var before = Definition.Condition(definition, type);
        var since = before is not null && before.Text("status") == status ? before.Text("lastTransitionTime") : "";
        return new JsonObject
        {
            ["lastTransitionTime"] = since.Length > 0 ? since : WireTime.Format(now), ["message"] = message, ["reason"] = reason, ["status"] = status, ["type"] = type,
        };
    }
}
