using System.Text.Json.Nodes;
using Network.Conformance.Clients;
using Network.Conformance.Running;

namespace Network.Conformance.ApiMachinery;

/// <summary>Defines kinds of a run's own.</summary>
internal static class CustomKind
{
    /// <summary>Nothing is pruned and everything is accepted.</summary>
    internal const string AnySchema = "{type: object, x-kubernetes-preserve-unknown-fields: true}";

    /// <summary>A kind with one served and stored version, v1, with status; waits until it is served.</summary>
    /// <param name="run">The run; the group is named after its namespace.</param>
    /// <param name="schema">The structural schema, as YAML in one line.</param>
    /// <param name="more">Further fields of the version, as YAML in one line without braces: <c>selectableFields: [...]</c>.</param>
    internal static Task<Kind> DefineAsync(ScenarioRun run, string schema = AnySchema, string more = "") =>
        DefineAsync(run, ("v1", $"served: true, storage: true, schema: {{openAPIV3Schema: {schema}}}, subresources: {{status: {{}}}}{(more.Length > 0 ? $", {more}" : "")}"));

    internal static async Task<Kind> DefineAsync(ScenarioRun run, params (string Name, string Fields)[] versions)
    {
        var kind = Of(run, versions[0].Name);
        await run.CreateAsync(Kinds.Definitions, Definition(kind, versions)).ConfigureAwait(false);
        await EstablishedAsync(run, kind).ConfigureAwait(false);
        return kind;
    }

    internal static Kind Of(ScenarioRun run, string version = "v1") => new($"{run.Namespace}.example.com", version, "gadgets", "Gadget");

    internal static JsonObject Definition(Kind kind, params (string Name, string Fields)[] versions) => ScenarioRun.Yaml($$"""
        metadata: {name: {{kind.Plural}}.{{kind.Group}}}
        spec:
          group: {{kind.Group}}
          scope: Namespaced
          names: {plural: {{kind.Plural}}, singular: gadget, kind: {{kind.Name}}, listKind: {{kind.Name}}List}
          versions: [{{string.Join(", ", versions.Select(version => $"{{name: {version.Name}, {version.Fields}}}"))}}]
        """);

    internal static async Task EstablishedAsync(ScenarioRun run, Kind kind)
    {
        await run.UntilAsync($"{kind.Plural}.{kind.Group} is Established", () => run.GetAsync(Kinds.Definitions, $"{kind.Plural}.{kind.Group}"),
            definition => Condition(definition, "Established") == "True").ConfigureAwait(false);
        await run.UntilAsync($"{kind.Plural} are served", async () =>
        {
            try
            {
                await run.Observer.ListAsync(kind, run.Namespace, Selection.Everything, run.Cancel).ConfigureAwait(false);
                return true;
            }
            catch (ApiRefusal refusal) when (refusal.Reason == "NotFound")
            {
                return false;
            }
        }).ConfigureAwait(false);
    }

    internal static string? Condition(JsonObject obj, string type) =>
        (string?)obj["status"]?["conditions"]?.AsArray().FirstOrDefault(condition => (string?)condition!["type"] == type)?["status"];
}
