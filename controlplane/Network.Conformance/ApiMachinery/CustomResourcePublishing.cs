using System.Text.Json.Nodes;
using Network.Conformance.Clients;
using Network.Conformance.Running;

namespace Network.Conformance.ApiMachinery;

/// <summary>Custom kinds in OpenAPI: what explain shows and what client-side validation goes by.</summary>
internal static class CustomResourcePublishing
{
    private const string Sig = "api-machinery";
    private const string Schema = "{type: object, description: Gadget for tests, properties: {spec: {type: object, description: Specification of Gadget, properties: {bars: {type: array, description: List of Bars, items: {type: object, required: [name], properties: {name: {type: string, description: Name of Bar.}, age: {type: string, description: Age of Bar.}}}}}}, status: {type: object, properties: {bars: {type: array, items: {type: object, properties: {name: {type: string}}}}}}}}";

    internal static IReadOnlyList<Scenario> All { get; } =
    [
        new(Sig, "OpenAPI of a custom kind with a validation schema", WithSchema),
        new(Sig, "OpenAPI of a custom kind whose schema preserves unknown fields", Preserving),
        new(Sig, "OpenAPI of a custom kind that preserves unknown fields in an embedded object", Embedded),
        new(Sig, "OpenAPI of custom kinds of several groups", Groups),
        new(Sig, "OpenAPI follows the renaming of a version", Rename),
        new(Sig, "OpenAPI leaves out a version that is not served any more", NotServed),
        new(Sig, "OpenAPI of a removed custom kind goes", Removed),
        new(Sig, "explain shows a custom kind and its fields", Explain) { Clients = ClientKind.Kubectl },
        new(Sig, "client-side validation by the published schema refuses unknown fields", ClientSide) { Clients = ClientKind.Kubectl },
    ];

    private static async Task WithSchema(ScenarioRun run)
    {
        var kind = await CustomKind.DefineAsync(run, Schema).ConfigureAwait(false);
        var published = await PublishedAsync(run, kind).ConfigureAwait(false);
        Expect.Equal("Specification of Gadget", (string?)published["properties"]?["spec"]?["description"], "description of spec");
        Expect.Equal("array", (string?)published["properties"]?["spec"]?["properties"]?["bars"]?["type"], "type of spec.bars");
        Expect.True(published["properties"]?["metadata"] is not null, "metadata is added to the properties");
        Expect.Equal(kind.Name, (string?)published["x-kubernetes-group-version-kind"]?[0]?["kind"], "kind of the definition");
        var third = await run.GetJsonAsync($"/openapi/v3/apis/{kind.ApiVersion}").ConfigureAwait(false);
        Expect.True(third["components"]!["schemas"]!.AsObject().Any(entry => entry.Key.EndsWith($".{kind.Name}", StringComparison.Ordinal)), "OpenAPI 3 has the kind");
    }

    private static async Task Preserving(ScenarioRun run)
    {
        var kind = await CustomKind.DefineAsync(run).ConfigureAwait(false);
        var published = await PublishedAsync(run, kind).ConfigureAwait(false);
        Expect.True(published["x-kubernetes-preserve-unknown-fields"] is not null, "the extension is published");
        var created = await run.CreateAsync(kind, "{metadata: {name: x}, unknown: {deep: [1, 2]}}").ConfigureAwait(false);
        Expect.Equal("[1,2]", created["unknown"]?["deep"]?.ToJsonString(), "an unknown field");
    }

    private static async Task Embedded(ScenarioRun run)
    {
        var kind = await CustomKind.DefineAsync(run, "{type: object, properties: {spec: {type: object, x-kubernetes-preserve-unknown-fields: true}, status: {type: object, x-kubernetes-preserve-unknown-fields: true}}}").ConfigureAwait(false);
        var published = await PublishedAsync(run, kind).ConfigureAwait(false);
        Expect.True(published["properties"]?["spec"]?["x-kubernetes-preserve-unknown-fields"] is not null, "the extension is published in spec");
        var created = await run.CreateAsync(kind, "{metadata: {name: x}, dropped: 1, spec: {kept: 1}}").ConfigureAwait(false);
        Expect.Equal("1", created["spec"]?["kept"]?.ToJsonString(), "an unknown field inside");
        Expect.True(created["dropped"] is null, "an unknown field outside is pruned");
    }

    private static async Task Groups(ScenarioRun run)
    {
        var first = await CustomKind.DefineAsync(run, Schema).ConfigureAwait(false);
        var second = first with { Group = $"other.{first.Group}" };
        await run.CreateAsync(Kinds.Definitions, CustomKind.Definition(second, ("v1", $"served: true, storage: true, schema: {{openAPIV3Schema: {Schema}}}"))).ConfigureAwait(false);
        await CustomKind.EstablishedAsync(run, second).ConfigureAwait(false);
        await PublishedAsync(run, first).ConfigureAwait(false);
        await PublishedAsync(run, second).ConfigureAwait(false);
    }

    private static async Task Rename(ScenarioRun run)
    {
        var fields = $"served: true, schema: {{openAPIV3Schema: {Schema}}}";
        var kept = await CustomKind.DefineAsync(run, ("v2", $"storage: true, {fields}"), ("v3", $"storage: false, {fields}")).ConfigureAwait(false);
        var old = kept with { Version = "v3" };
        await PublishedAsync(run, old).ConfigureAwait(false);
        await run.PatchAsync(Kinds.Definitions, $"{kept.Plural}.{kept.Group}", """[{"op":"replace","path":"/spec/versions/1/name","value":"v4"}]""", "json").ConfigureAwait(false);
        await PublishedAsync(run, kept with { Version = "v4" }).ConfigureAwait(false);
        await UnpublishedAsync(run, old).ConfigureAwait(false);
        await PublishedAsync(run, kept).ConfigureAwait(false);
    }

    private static async Task NotServed(ScenarioRun run)
    {
        var fields = $"served: true, schema: {{openAPIV3Schema: {Schema}}}";
        var kept = await CustomKind.DefineAsync(run, ("v5", $"storage: true, {fields}"), ("v6alpha1", $"storage: false, {fields}")).ConfigureAwait(false);
        var other = kept with { Version = "v6alpha1" };
        await PublishedAsync(run, other).ConfigureAwait(false);
        await run.PatchAsync(Kinds.Definitions, $"{kept.Plural}.{kept.Group}", """[{"op":"replace","path":"/spec/versions/1/served","value":false}]""", "json").ConfigureAwait(false);
        await UnpublishedAsync(run, other).ConfigureAwait(false);
        await PublishedAsync(run, kept).ConfigureAwait(false);
        await Expect.RefusedAsync("NotFound", () => run.GetRawAsync(other.Path(run.Namespace)), "a version that is not served").ConfigureAwait(false);
    }

    private static async Task Removed(ScenarioRun run)
    {
        var kind = await CustomKind.DefineAsync(run, Schema).ConfigureAwait(false);
        await PublishedAsync(run, kind).ConfigureAwait(false);
        await run.DeleteAsync(Kinds.Definitions, $"{kind.Plural}.{kind.Group}").ConfigureAwait(false);
        await UnpublishedAsync(run, kind).ConfigureAwait(false);
    }

    private static async Task Explain(ScenarioRun run)
    {
        var kind = await CustomKind.DefineAsync(run, Schema).ConfigureAwait(false);
        await PublishedAsync(run, kind).ConfigureAwait(false);
        var whole = await ExplainAsync(run, kind, kind.Plural).ConfigureAwait(false);
        Expect.Contains("Gadget for tests", whole, "explain of the kind");
        Expect.Contains("Specification of Gadget", await ExplainAsync(run, kind, $"{kind.Plural}.spec").ConfigureAwait(false), "explain of spec");
        Expect.Contains("Name of Bar.", await ExplainAsync(run, kind, $"{kind.Plural}.spec.bars").ConfigureAwait(false), "explain of spec.bars");
        await Expect.RefusedAsync("Unknown", () => ExplainAsync(run, kind, $"{kind.Plural}.spec.none"), "explain of a field that is not there").ConfigureAwait(false);
    }

    private static async Task ClientSide(ScenarioRun run)
    {
        var kind = await CustomKind.DefineAsync(run, Schema).ConfigureAwait(false);
        await PublishedAsync(run, kind).ConfigureAwait(false);
        string Manifest(string name, string bar) => $"apiVersion: {kind.ApiVersion}\nkind: {kind.Name}\nmetadata: {{name: {name}}}\nspec: {{bars: [{bar}]}}\n";
        await run.KubectlWithAsync(Manifest("good", "{name: one, age: '10'}"), "apply", "-f", "-").ConfigureAwait(false);
        var unknown = await run.KubectlClient.TryAsync(["-n", run.Namespace, "create", "-f", "-"], Manifest("bad", "{name: one, feeling: good}"), run.Cancel).ConfigureAwait(false);
        Expect.True(!unknown.Succeeded, "an unknown field is refused");
        Expect.Contains("feeling", unknown.Error, "the refusal names the field");
        var missing = await run.KubectlClient.TryAsync(["-n", run.Namespace, "create", "-f", "-"], Manifest("bad", "{age: '10'}"), run.Cancel).ConfigureAwait(false);
        Expect.True(!missing.Succeeded, "a missing field is refused");
        Expect.Contains("name", missing.Error, "the refusal names the field");
        await run.KubectlAsync("delete", kind.Argument, "good").ConfigureAwait(false);
    }

    private static Task<string> ExplainAsync(ScenarioRun run, Kind kind, string what) => run.KubectlAsync("explain", what, $"--api-version={kind.ApiVersion}");

    /// <summary>Waits until OpenAPI 2 has the kind; publishing follows the definition, it does not come with it.</summary>
    private static async Task<JsonObject> PublishedAsync(ScenarioRun run, Kind kind) =>
        (await run.UntilAsync($"{kind.ApiVersion} {kind.Name} is published", () => FindAsync(run, kind), found => found is not null).ConfigureAwait(false))!;

    private static Task UnpublishedAsync(ScenarioRun run, Kind kind) => run.UntilAsync($"{kind.ApiVersion} {kind.Name} is published no more", () => FindAsync(run, kind), found => found is null);

    private static async Task<JsonObject?> FindAsync(ScenarioRun run, Kind kind)
    {
        var name = $"{string.Join('.', kind.Group.Split('.').Reverse())}.{kind.Version}.{kind.Name}";
        return (await run.GetJsonAsync("/openapi/v2").ConfigureAwait(false))["definitions"]?[name]?.AsObject();
    }
}
