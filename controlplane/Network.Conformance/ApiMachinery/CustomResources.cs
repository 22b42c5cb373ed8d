using System.Text.Json.Nodes;
using Network.Conformance.Clients;
using Network.Conformance.Running;

namespace Network.Conformance.ApiMachinery;

/// <summary>Kinds defined by users: their lives, watches, defaults, status and selectable fields.</summary>
internal static class CustomResources
{
    private const string Sig = "api-machinery";

    internal static IReadOnlyList<Scenario> All { get; } =
    [
        new(Sig, "custom kind: creating and deleting the definition", Simple),
        new(Sig, "custom kind: listing definitions by label and deleting them together", Listing),
        new(Sig, "custom kind: status of the definition is read, updated and patched", Status),
        new(Sig, "custom kind: defaults are applied to requests and to what is stored", Defaults),
        new(Sig, "custom kind: a schema prunes what it does not know", Pruning),
        new(Sig, "custom kind: a schema refuses wrong values with their field", Validation),
        new(Sig, "custom kind: watch sees creation, change and deletion of several objects", Watch),
        new(Sig, "custom kind: the status subresource keeps spec and status apart", Subresource),
        new(Sig, "custom kind: scale subresource", Scale),
        new(Sig, "custom kind: selectable fields select", SelectableFields),
        new(Sig, "custom kind: a field that is not selectable is refused", UnselectableField),
        new(Sig, "custom kind: objects go with their definition", Cascade),
        new(Sig, "custom kind: several versions serve the same object", Versions),
        new(Sig, "custom kind: printer columns, short names and categories", Columns) { Clients = ClientKind.Kubectl },
        new(Sig, "custom kind: rules of CEL refuse (x-kubernetes-validations)", Rules) { Missing = "rules in CEL are stored, not evaluated; the definition's condition RulesEvaluated says so" },
        new(Sig, "custom kind: conversion webhook converts between versions", Conversion) { Missing = "conversion webhooks are refused; versions that differ in apiVersion only are converted (conversion None)" },
    ];

    private static async Task Simple(ScenarioRun run)
    {
        var kind = await CustomKind.DefineAsync(run).ConfigureAwait(false);
        var definition = await run.GetAsync(Kinds.Definitions, $"{kind.Plural}.{kind.Group}").ConfigureAwait(false);
        Expect.Equal("True", CustomKind.Condition(definition, "NamesAccepted"), "condition NamesAccepted");
        Expect.Equal("v1", (string?)definition["status"]?["storedVersions"]?[0], "stored version");
        await run.DeleteAsync(Kinds.Definitions, $"{kind.Plural}.{kind.Group}").ConfigureAwait(false);
        await run.GoneAsync(Kinds.Definitions, $"{kind.Plural}.{kind.Group}").ConfigureAwait(false);
    }

    private static async Task Listing(ScenarioRun run)
    {
        for (var i = 0; i < 3; i++)
        {
            var kind = CustomKind.Of(run) with { Group = $"g{i}.{run.Namespace}.example.com" };
            var definition = CustomKind.Definition(kind, ("v1", $"served: true, storage: true, schema: {{openAPIV3Schema: {CustomKind.AnySchema}}}"));
            definition["metadata"]!["labels"] = new JsonObject { ["listed"] = run.Namespace };
            await run.CreateAsync(Kinds.Definitions, definition).ConfigureAwait(false);
        }

        var selection = new Selection { Labels = $"listed={run.Namespace}" };
        Expect.Equal(3, (await run.NamesAsync(Kinds.Definitions, selection).ConfigureAwait(false)).Count, "definitions with the label");
        await run.DeleteCollectionAsync(Kinds.Definitions, selection.Labels).ConfigureAwait(false);
        await run.UntilAsync("the definitions are gone", () => run.NamesAsync(Kinds.Definitions, selection), left => left.Count == 0).ConfigureAwait(false);
    }

    private static async Task Status(ScenarioRun run)
    {
        var kind = await CustomKind.DefineAsync(run).ConfigureAwait(false);
        var name = $"{kind.Plural}.{kind.Group}";
        var status = await run.GetAsync(Kinds.Definitions, name, "status").ConfigureAwait(false);
        status["status"]!["conditions"]!.AsArray().Add((JsonNode)ScenarioRun.Yaml("{type: StatusUpdate, status: 'True', reason: E2E, message: set by conformance, lastTransitionTime: '2026-01-01T00:00:00Z'}"));
        var updated = await run.ReplaceAsync(Kinds.Definitions, status, "status").ConfigureAwait(false);
        Expect.Equal("True", CustomKind.Condition(updated, "StatusUpdate"), "condition after the update");
        var patched = await run.PatchAsync(Kinds.Definitions, name,
            """[{"op":"add","path":"/status/conditions/-","value":{"type":"StatusPatched","status":"True","reason":"E2E","message":"patched"}}]""", "json", "status").ConfigureAwait(false);
        Expect.Equal("True", CustomKind.Condition(patched, "StatusPatched"), "condition after the patch");
    }

    private static async Task Defaults(ScenarioRun run)
    {
        var kind = await CustomKind.DefineAsync(run, "{type: object, properties: {a: {type: string, default: A}, b: {type: string}}}").ConfigureAwait(false);
        var first = await run.CreateAsync(kind, "{metadata: {name: first}, b: B}").ConfigureAwait(false);
        Expect.Equal("A", (string?)first["a"], "default of the request");
        var definition = await run.GetAsync(Kinds.Definitions, $"{kind.Plural}.{kind.Group}").ConfigureAwait(false);
        definition["spec"]!["versions"]![0]!["schema"]!["openAPIV3Schema"] = ScenarioRun.Yaml("{type: object, properties: {a: {type: string, default: A2}, b: {type: string, default: B2}, c: {type: string, default: C2}}}");
        await run.ReplaceAsync(Kinds.Definitions, definition).ConfigureAwait(false);
        var seen = await run.UntilAsync("the new default on read", () => run.GetAsync(kind, "first"), obj => (string?)obj["c"] == "C2").ConfigureAwait(false);
        Expect.Equal("A", (string?)seen["a"], "default that was stored");
        Expect.Equal("B", (string?)seen["b"], "value that was given");
    }

    private static async Task Pruning(ScenarioRun run)
    {
        var kind = await CustomKind.DefineAsync(run, "{type: object, properties: {spec: {type: object, properties: {size: {type: integer}, free: {type: object, x-kubernetes-preserve-unknown-fields: true}}}}}").ConfigureAwait(false);
        var created = await run.CreateAsync(kind, "{metadata: {name: pruned}, extra: 1, spec: {size: 3, colour: red, free: {anything: goes}}}").ConfigureAwait(false);
        Expect.Equal("""{"free":{"anything":"goes"},"size":3}""", Sorted(created["spec"]!), "spec after pruning");
        Expect.True(created["extra"] is null, "the field beside spec is pruned");
    }

    private static async Task Validation(ScenarioRun run)
    {
        var kind = await CustomKind.DefineAsync(run, "{type: object, properties: {spec: {type: object, required: [size], properties: {size: {type: integer, minimum: 1}, colour: {type: string, enum: [red, green]}, name: {type: string, pattern: '^[a-z]+$'}}}}}").ConfigureAwait(false);
        async Task Refused(string spec, string field)
        {
            var refusal = await Expect.RefusedAsync("Invalid", () => run.CreateAsync(kind, $"{{metadata: {{name: bad}}, spec: {spec}}}"), spec).ConfigureAwait(false);
            Expect.Contains(field, refusal.Message, "the refusal names the field");
        }

        await Refused("{size: 0}", "spec.size").ConfigureAwait(false);
        await Refused("{colour: red}", "spec.size: Required value").ConfigureAwait(false);
        await Refused("{size: 1, colour: blue}", "spec.colour: Unsupported value: \"blue\"").ConfigureAwait(false);
        await Refused("{size: 1, name: A1}", "spec.name").ConfigureAwait(false);
        await Refused("{size: many}", "spec.size").ConfigureAwait(false);
        await run.CreateAsync(kind, "{metadata: {name: good}, spec: {size: 1, colour: red, name: abc}}").ConfigureAwait(false);
        await Expect.RefusedAsync("Invalid", () => run.PatchAsync(kind, "good", """{"spec":{"size":-1}}"""), "a patch to a wrong value").ConfigureAwait(false);
    }

    private static async Task Watch(ScenarioRun run)
    {
        var kind = await CustomKind.DefineAsync(run).ConfigureAwait(false);
        await using var watch = await run.WatchAsync(kind).ConfigureAwait(false);
        await run.CreateAsync(kind, "metadata: {name: one}").ConfigureAwait(false);
        await watch.NextAsync("ADDED", "one").ConfigureAwait(false);
        await run.CreateAsync(kind, "metadata: {name: two}").ConfigureAwait(false);
        await watch.NextAsync("ADDED", "two").ConfigureAwait(false);
        await run.PatchAsync(kind, "one", """{"num":{"num1":999}}""").ConfigureAwait(false);
        await watch.NextAsync("MODIFIED", "one").ConfigureAwait(false);
        await run.PatchAsync(kind, "two", """{"num":{"num1":999}}""").ConfigureAwait(false);
        await watch.NextAsync("MODIFIED", "two").ConfigureAwait(false);
        await run.DeleteAsync(kind, "one").ConfigureAwait(false);
        await watch.NextAsync("DELETED", "one").ConfigureAwait(false);
        await run.DeleteAsync(kind, "two").ConfigureAwait(false);
        await watch.NextAsync("DELETED", "two").ConfigureAwait(false);
    }

    private static async Task Subresource(ScenarioRun run)
    {
        var kind = await CustomKind.DefineAsync(run).ConfigureAwait(false);
        var created = await run.CreateAsync(kind, "{metadata: {name: x}, spec: {size: 1}, status: {seen: 0}}").ConfigureAwait(false);
        Expect.True(created["status"] is null, "status of a create is dropped");
        Expect.Equal(1L, (long?)created["metadata"]!["generation"] ?? 0, "generation after create");
        var status = await run.PatchAsync(kind, "x", """{"spec":{"size":9},"status":{"seen":1}}""", subresource: "status").ConfigureAwait(false);
        Expect.Equal("1", status["status"]?["seen"]?.ToJsonString(), "status after its patch");
        Expect.Equal("1", status["spec"]?["size"]?.ToJsonString(), "spec after a patch of status");
        Expect.Equal(1L, (long)status["metadata"]!["generation"]!, "generation after a patch of status");
        var spec = await run.PatchAsync(kind, "x", """{"spec":{"size":2},"status":{"seen":9}}""").ConfigureAwait(false);
        Expect.Equal("1", spec["status"]?["seen"]?.ToJsonString(), "status after a patch of spec");
        Expect.Equal(2L, (long)spec["metadata"]!["generation"]!, "generation after a patch of spec");
    }

    private static async Task Scale(ScenarioRun run)
    {
        var kind = await CustomKind.DefineAsync(run, ("v1", "served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {replicas: {type: integer}}}, status: {type: object, properties: {replicas: {type: integer}}}}}}, subresources: {status: {}, scale: {specReplicasPath: .spec.replicas, statusReplicasPath: .status.replicas}}")).ConfigureAwait(false);
        await run.CreateAsync(kind, "{metadata: {name: x}, spec: {replicas: 2}}").ConfigureAwait(false);
        var scale = await run.GetAsync(kind, "x", "scale").ConfigureAwait(false);
        Expect.Equal("Scale", (string?)scale["kind"], "kind of the subresource");
        Expect.Equal("2", scale["spec"]?["replicas"]?.ToJsonString(), "replicas in scale");
        if (run.Client is KubectlClient)
            await run.KubectlAsync("scale", kind.Argument, "x", "--replicas=5").ConfigureAwait(false);
        else
            await run.PatchAsync(kind, "x", """{"spec":{"replicas":5}}""", subresource: "scale").ConfigureAwait(false);
        Expect.Equal("5", (await run.GetAsync(kind, "x").ConfigureAwait(false))["spec"]?["replicas"]?.ToJsonString(), "replicas of the object");
    }

    private static async Task SelectableFields(ScenarioRun run)
    {
        var kind = await CustomKind.DefineAsync(run, "{type: object, properties: {spec: {type: object, properties: {host: {type: string}, port: {type: integer}}}}}",
            "selectableFields: [{jsonPath: .spec.host}, {jsonPath: .spec.port}]").ConfigureAwait(false);
        await using var watch = await run.WatchAsync(kind, new Selection { Fields = "spec.host=one" }).ConfigureAwait(false);
        await run.CreateAsync(kind, "{metadata: {name: a}, spec: {host: one, port: 80}}").ConfigureAwait(false);
        await run.CreateAsync(kind, "{metadata: {name: b}, spec: {host: two, port: 80}}").ConfigureAwait(false);
        await run.CreateAsync(kind, "{metadata: {name: c}, spec: {host: one, port: 443}}").ConfigureAwait(false);
        Expect.Sequence(["a", "c"], await run.NamesAsync(kind, new Selection { Fields = "spec.host=one" }).ConfigureAwait(false), "objects with spec.host=one");
        Expect.Sequence(["a"], await run.NamesAsync(kind, new Selection { Fields = "spec.host=one,spec.port=80" }).ConfigureAwait(false), "objects with both");
        await watch.NextAsync("ADDED", "a").ConfigureAwait(false);
        await watch.NextAsync("ADDED", "c").ConfigureAwait(false);
        await run.PatchAsync(kind, "b", """{"spec":{"host":"one"}}""").ConfigureAwait(false);
        await watch.NextAsync("ADDED", "b").ConfigureAwait(false);
    }

    private static async Task UnselectableField(ScenarioRun run)
    {
        var kind = await CustomKind.DefineAsync(run).ConfigureAwait(false);
        await run.CreateAsync(kind, "metadata: {name: a}").ConfigureAwait(false);
        Expect.Sequence(["a"], await run.NamesAsync(kind, new Selection { Fields = "metadata.name=a" }).ConfigureAwait(false), "objects by metadata.name");
        await Expect.RefusedAsync("BadRequest", () => run.NamesAsync(kind, new Selection { Fields = "spec.none=a" }), "a selector on another field").ConfigureAwait(false);
    }

    private static async Task Cascade(ScenarioRun run)
    {
        var kind = await CustomKind.DefineAsync(run).ConfigureAwait(false);
        await run.CreateAsync(kind, "metadata: {name: a}").ConfigureAwait(false);
        await using var watch = await run.WatchAsync(kind).ConfigureAwait(false);
        await watch.NextAsync("ADDED", "a").ConfigureAwait(false);
        await run.DeleteAsync(Kinds.Definitions, $"{kind.Plural}.{kind.Group}").ConfigureAwait(false);
        await watch.NextAsync("DELETED", "a").ConfigureAwait(false);
        await run.GoneAsync(Kinds.Definitions, $"{kind.Plural}.{kind.Group}").ConfigureAwait(false);
    }

    private static async Task Versions(ScenarioRun run)
    {
        var schema = $"schema: {{openAPIV3Schema: {CustomKind.AnySchema}}}";
        var first = await CustomKind.DefineAsync(run, ("v1", $"served: true, storage: true, {schema}"), ("v2", $"served: true, storage: false, {schema}")).ConfigureAwait(false);
        var second = first with { Version = "v2" };
        await run.CreateAsync(first, "{metadata: {name: x}, spec: {size: 1}}").ConfigureAwait(false);
        var converted = await run.GetAsync(second, "x").ConfigureAwait(false);
        Expect.Equal(second.ApiVersion, (string?)converted["apiVersion"], "apiVersion of the object read as v2");
        await using var watch = await run.WatchAsync(second).ConfigureAwait(false);
        Expect.Equal(second.ApiVersion, (string?)(await watch.NextAsync("ADDED", "x").ConfigureAwait(false))["apiVersion"], "apiVersion in the watch of v2");
        await run.PatchAsync(second, "x", """{"spec":{"size":2}}""").ConfigureAwait(false);
        Expect.Equal("2", (await run.GetAsync(first, "x").ConfigureAwait(false))["spec"]?["size"]?.ToJsonString(), "spec read as v1");
    }

    private static async Task Columns(ScenarioRun run)
    {
        var kind = CustomKind.Of(run);
        var shortName = $"g{run.Namespace[5..]}";
        var definition = CustomKind.Definition(kind, ("v1", $"served: true, storage: true, schema: {{openAPIV3Schema: {CustomKind.AnySchema}}}, additionalPrinterColumns: [{{name: Size, type: integer, jsonPath: .spec.size}}, {{name: Far, type: string, jsonPath: .spec.far, priority: 1}}]"));
        definition["spec"]!["names"]!["shortNames"] = new JsonArray(shortName);
        definition["spec"]!["names"]!["categories"] = new JsonArray($"all{run.Namespace[5..]}");
        await run.CreateAsync(Kinds.Definitions, definition).ConfigureAwait(false);
        await CustomKind.EstablishedAsync(run, kind).ConfigureAwait(false);
        await run.CreateAsync(kind, "{metadata: {name: x}, spec: {size: 42, far: away}}").ConfigureAwait(false);
        Expect.Contains("42", await run.KubectlAsync("get", shortName).ConfigureAwait(false), "get by short name");
        var narrow = await run.KubectlAsync("get", $"all{run.Namespace[5..]}").ConfigureAwait(false);
        Expect.Contains("SIZE", narrow, "get by category");
        Expect.Lacks("away", narrow, "columns without -o wide");
        Expect.Contains("away", await run.KubectlAsync("get", shortName, "-o", "wide").ConfigureAwait(false), "columns with -o wide");
    }

    private static async Task Rules(ScenarioRun run)
    {
        var kind = await CustomKind.DefineAsync(run, "{type: object, properties: {spec: {type: object, x-kubernetes-validations: [{rule: 'self.min <= self.max', message: min above max}], properties: {min: {type: integer}, max: {type: integer}}}}}").ConfigureAwait(false);
        await Expect.RefusedAsync("Invalid", () => run.CreateAsync(kind, "{metadata: {name: bad}, spec: {min: 2, max: 1}}"), "an object against the rule").ConfigureAwait(false);
    }

    private static async Task Conversion(ScenarioRun run)
    {
        var schema = $"schema: {{openAPIV3Schema: {CustomKind.AnySchema}}}";
        var definition = CustomKind.Definition(CustomKind.Of(run), ("v1", $"served: true, storage: true, {schema}"), ("v2", $"served: true, storage: false, {schema}"));
        definition["spec"]!["conversion"] = ScenarioRun.Yaml("{strategy: Webhook, webhook: {conversionReviewVersions: [v1], clientConfig: {url: 'https://127.0.0.1:1/convert'}}}");
        await run.CreateAsync(Kinds.Definitions, definition).ConfigureAwait(false);
    }

    private static string Sorted(JsonNode node) => node is JsonObject fields
        ? new JsonObject(fields.OrderBy(field => field.Key, StringComparer.Ordinal).Select(field => KeyValuePair.Create(field.Key, field.Value?.DeepClone()))).ToJsonString()
        : node.ToJsonString();
}
