using Network.Conformance.Clients;
using Network.Conformance.Running;

namespace Network.Conformance.ApiMachinery;

/// <summary>fieldValidation Strict, Warn and Ignore: unknown and duplicate fields of built-in and custom kinds (KEP-2885).</summary>
internal static class FieldValidation
{
    private const string Sig = "api-machinery";
    private static readonly KubectlVersion s_serverSide = new(1, 27);

    internal static IReadOnlyList<Scenario> All { get; } =
    [
        Row("field validation: unknown field of a built-in kind", Unknown),
        // kubectl's own decoder drops a field that stands twice before it sends anything.
        new(Sig, "field validation: duplicate field of a built-in kind", Duplicate) { Clients = ClientKind.CSharp },
        Row("field validation: unknown field of a custom kind with a schema", Custom),
        Row("field validation: unknown field of a custom kind that preserves unknown fields", Preserving),
        Row("field validation: unknown field in metadata of a custom object", Metadata),
        Row("field validation: Warn agrees and says so, Ignore agrees silently", Warn),
        new(Sig, "field validation: unknown field in a patch, with each patch type", Patches) { Clients = ClientKind.CSharp },
    ];

    private static Scenario Row(string name, Func<ScenarioRun, Task> body) => new(Sig, name, body) { OldestKubectl = s_serverSide };

    private static Task Unknown(ScenarioRun run) => RefusedAsync(run, Kinds.Deployments,
        Deployment("bad", "\"unknown\": 1,"), "unknown field \"spec.unknown\"");

    private static Task Duplicate(ScenarioRun run) => RefusedAsync(run, Kinds.Deployments,
        Deployment("bad", "\"paused\": true, \"paused\": false,"), "duplicate field \"spec.paused\"");

    private static async Task Custom(ScenarioRun run)
    {
        var kind = await CustomKind.DefineAsync(run, "{type: object, properties: {spec: {type: object, properties: {size: {type: integer}}}}}").ConfigureAwait(false);
        await RefusedAsync(run, kind, Object(kind, "bad", "\"spec\": {\"size\": 1, \"colour\": \"red\"}"), "unknown field \"spec.colour\"").ConfigureAwait(false);
        if (run.Client is CSharpClient)
            await RefusedAsync(run, kind, Object(kind, "bad", "\"spec\": {\"size\": 1, \"size\": 2}"), "duplicate field \"spec.size\"").ConfigureAwait(false);
        await AgreedAsync(run, kind, Object(kind, "good", "\"spec\": {\"size\": 1}")).ConfigureAwait(false);
    }

    private static async Task Preserving(ScenarioRun run)
    {
        var kind = await CustomKind.DefineAsync(run).ConfigureAwait(false);
        await AgreedAsync(run, kind, Object(kind, "good", "\"spec\": {\"anything\": \"goes\"}")).ConfigureAwait(false);
    }

    private static async Task Metadata(ScenarioRun run)
    {
        var kind = await CustomKind.DefineAsync(run).ConfigureAwait(false);
        var manifest = $"{{\"apiVersion\": \"{kind.ApiVersion}\", \"kind\": \"{kind.Name}\", \"metadata\": {{\"name\": \"bad\", \"unknownMeta\": \"foo\"}}}}";
        await RefusedAsync(run, kind, manifest, "unknown field \"metadata.unknownMeta\"").ConfigureAwait(false);
    }

    private static async Task Warn(ScenarioRun run)
    {
        if (run.Client is CSharpClient csharp)
        {
            foreach (var (mode, warned) in ((string, bool)[])[("Warn", true), ("Ignore", false)])
            {
                using var response = await csharp.ExchangeAsync(HttpMethod.Post, $"{Kinds.Deployments.Path(run.Namespace)}?fieldValidation={mode}",
                    CSharpClient.Body(Deployment(mode.ToLowerInvariant(), "\"unknown\": 1,"), "application/json"), null, run.Cancel).ConfigureAwait(false);
                Expect.Equal(201, (int)response.StatusCode, $"status with {mode}");
                Expect.Equal(warned, response.Headers.TryGetValues("Warning", out var warnings) && warnings.Any(text => text.Contains("unknown field \\\"spec.unknown\\\"", StringComparison.Ordinal)), $"a warning with {mode}");
            }

            return;
        }

        var warn = await run.KubectlClient.TryAsync(["-n", run.Namespace, "create", "-f", "-", "--validate=warn"], Deployment("warn", "\"unknown\": 1,"), run.Cancel).ConfigureAwait(false);
        Expect.True(warn.Succeeded, $"--validate=warn agrees: {warn.Error}");
        Expect.Contains("Warning: unknown field \"spec.unknown\"", warn.Error, "the warning");
        var ignore = await run.KubectlClient.TryAsync(["-n", run.Namespace, "create", "-f", "-", "--validate=ignore"], Deployment("ignore", "\"unknown\": 1,"), run.Cancel).ConfigureAwait(false);
        Expect.True(ignore.Succeeded, $"--validate=ignore agrees: {ignore.Error}");
        Expect.Lacks("Warning", ignore.Error, "what is said with --validate=ignore");
    }

    private static async Task Patches(ScenarioRun run)
    {
        await AgreedAsync(run, Kinds.Deployments, Deployment("d", "")).ConfigureAwait(false);
        foreach (var (mediaType, body) in ((string, string)[])[
            ("application/strategic-merge-patch+json", """{"spec":{"unknown":1}}"""), ("application/merge-patch+json", """{"spec":{"unknown":1}}"""),
            ("application/json-patch+json", """[{"op":"add","path":"/spec/unknown","value":1}]"""),
            ("application/apply-patch+yaml", "{apiVersion: apps/v1, kind: Deployment, metadata: {name: d}, spec: {unknown: 1}}")])
        {
            using var response = await run.CSharp.ExchangeAsync(HttpMethod.Patch, $"{Kinds.Deployments.Path(run.Namespace, "d")}?fieldValidation=Strict&fieldManager=conformance",
                CSharpClient.Body(body, mediaType), null, run.Cancel).ConfigureAwait(false);
            var text = await response.Content.ReadAsStringAsync(run.Cancel).ConfigureAwait(false);
            Expect.True((int)response.StatusCode is 400 or 422 or 500, $"{mediaType} is refused: {(int)response.StatusCode}");
            Expect.Contains(mediaType.Contains("apply", StringComparison.Ordinal) ? ".spec.unknown: field not declared in schema" : "unknown field \\\"spec.unknown\\\"", text, $"the refusal of {mediaType}");
        }
    }

    private static async Task RefusedAsync(ScenarioRun run, Kind kind, string manifest, string named)
    {
        if (run.Client is CSharpClient csharp)
        {
            using var response = await csharp.ExchangeAsync(HttpMethod.Post, $"{kind.Path(run.Namespace)}?fieldValidation=Strict", CSharpClient.Body(manifest, "application/json"), null, run.Cancel).ConfigureAwait(false);
            var text = await response.Content.ReadAsStringAsync(run.Cancel).ConfigureAwait(false);
            Expect.Equal(400, (int)response.StatusCode, "status");
            Expect.Contains("strict decoding error: ", text, "the refusal");
            Expect.Contains(named.Replace("\"", "\\\"", StringComparison.Ordinal), text, "the refusal");
            return;
        }

        var result = await run.KubectlClient.TryAsync(["-n", run.Namespace, "create", "-f", "-", "--validate=strict"], manifest, run.Cancel).ConfigureAwait(false);
        Expect.True(!result.Succeeded, "the manifest is refused");
        Expect.Contains(named, result.Error, "the refusal");
    }

    private static async Task AgreedAsync(ScenarioRun run, Kind kind, string manifest)
    {
        if (run.Client is CSharpClient csharp)
        {
            using var response = await csharp.ExchangeAsync(HttpMethod.Post, $"{kind.Path(run.Namespace)}?fieldValidation=Strict", CSharpClient.Body(manifest, "application/json"), null, run.Cancel).ConfigureAwait(false);
            Expect.Equal(201, (int)response.StatusCode, "status");
        }
        else
            await run.KubectlWithAsync(manifest, "create", "-f", "-", "--validate=strict").ConfigureAwait(false);
    }

    private static string Deployment(string name, string extra) =>
        "{\"apiVersion\": \"apps/v1\", \"kind\": \"Deployment\", \"metadata\": {\"name\": \"" + name + "\"}, \"spec\": {" + extra
        + "\"replicas\": 0, \"selector\": {\"matchLabels\": {\"a\": \"b\"}}, \"template\": {\"metadata\": {\"labels\": {\"a\": \"b\"}}, \"spec\": {\"containers\": [{\"name\": \"c\", \"image\": \"busybox\"}]}}}}";

    private static string Object(Kind kind, string name, string fields) => $"{{\"apiVersion\": \"{kind.ApiVersion}\", \"kind\": \"{kind.Name}\", \"metadata\": {{\"name\": \"{name}\"}}, {fields}}}";
}
