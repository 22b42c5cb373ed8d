using System.Text.Json.Nodes;
using Network.Conformance.Clients;
using Network.Conformance.Running;

namespace Network.Conformance.ApiMachinery;

/// <summary>How clients find out what a server serves.</summary>
internal static class Discovery
{
    private const string Sig = "api-machinery";
    private const string Aggregated = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

    internal static IReadOnlyList<Scenario> All { get; } =
    [
        new(Sig, "server version is told", Version),
        new(Sig, "every group names its preferred version, and each version its resources", PreferredVersions),
        new(Sig, "aggregated discovery lists every group with its resources", AggregatedGroups) { Clients = ClientKind.CSharp },
        new(Sig, "aggregated discovery: the Accept header decides about the form", AcceptDecides) { Clients = ClientKind.CSharp },
        new(Sig, "custom kinds appear in discovery and go with their definition", CustomKinds),
        new(Sig, "groups of admission registration, extension, RBAC, storage and policy are discovered", Groups),
        new(Sig, "health endpoints answer ok", Health),
        new(Sig, "unknown paths are not found, unknown media types not acceptable", Unknown) { Clients = ClientKind.CSharp },
    ];

    private static async Task Version(ScenarioRun run)
    {
        var version = await run.GetJsonAsync("/version").ConfigureAwait(false);
        Expect.Equal("1", (string?)version["major"], "major");
        Expect.True(int.TryParse(((string?)version["minor"])?.TrimEnd('+'), out _), $"minor is a number: {version["minor"]}");
        foreach (var field in (string[])["gitVersion", "gitCommit", "gitTreeState", "buildDate", "goVersion", "compiler", "platform"])
            Expect.True(!string.IsNullOrEmpty((string?)version[field]), $"/version has {field}");
        if (run.Client is CSharpClient csharp)
            Expect.Equal((string?)version["gitVersion"], (await k8s.VersionOperationsExtensions.GetCodeAsync(csharp.Kubernetes.Version, run.Cancel).ConfigureAwait(false)).GitVersion, "version as the client reads it");
    }

    private static async Task PreferredVersions(ScenarioRun run)
    {
        var list = await run.GetJsonAsync("/apis").ConfigureAwait(false);
        Expect.Equal("APIGroupList", (string?)list["kind"], "kind of /apis");
        foreach (var group in list["groups"]!.AsArray())
        {
            var name = (string)group!["name"]!;
            var versions = group["versions"]!.AsArray().Select(version => (string)version!["groupVersion"]!).ToList();
            Expect.True(versions.Contains((string)group["preferredVersion"]!["groupVersion"]!), $"the preferred version of {name} is one of its versions");
            var one = await run.GetJsonAsync($"/apis/{name}").ConfigureAwait(false);
            Expect.Equal((string?)group["preferredVersion"]!["version"], (string?)one["preferredVersion"]!["version"], $"preferred version in /apis/{name}");
            foreach (var version in versions.Where(_ => !name.Contains("conf-", StringComparison.Ordinal)))
            {
                var resources = await run.GetJsonAsync($"/apis/{version}").ConfigureAwait(false);
                Expect.Equal(version, (string?)resources["groupVersion"], $"groupVersion in /apis/{version}");
                Expect.True(resources["resources"]!.AsArray().Count > 0, $"/apis/{version} has resources");
            }
        }
    }

    private static async Task AggregatedGroups(ScenarioRun run)
    {
        var (core, _) = await ReadAsync(run, "/api", Aggregated).ConfigureAwait(false);
        Expect.Equal("APIGroupDiscoveryList", (string?)core["kind"], "kind of /api");
        var (apis, _) = await ReadAsync(run, "/apis", Aggregated).ConfigureAwait(false);
        var plain = await run.GetJsonAsync("/apis").ConfigureAwait(false);
        var expected = plain["groups"]!.AsArray().Select(group => (string)group!["name"]!).Where(name => !name.Contains("conf-", StringComparison.Ordinal)).Order();
        Expect.Sequence(expected, apis["items"]!.AsArray().Select(group => (string)group!["metadata"]!["name"]!).Where(name => !name.Contains("conf-", StringComparison.Ordinal)).Order(), "groups of both forms");
        var deployments = apis["items"]!.AsArray().Single(group => (string)group!["metadata"]!["name"]! == "apps")!["versions"]![0]!["resources"]!.AsArray()
            .Single(resource => (string)resource!["resource"]! == "deployments")!;
        Expect.Equal("Deployment", (string?)deployments["responseKind"]!["kind"], "responseKind of deployments");
        Expect.Equal("Namespaced", (string?)deployments["scope"], "scope of deployments");
        Expect.Sequence(["scale", "status"], deployments["subresources"]!.AsArray().Select(sub => (string)sub!["subresource"]!).Order(), "subresources of deployments");
    }

    private static async Task AcceptDecides(ScenarioRun run)
    {
        foreach (var path in (string[])["/api", "/apis"])
        {
            var (answer, mediaType) = await ReadAsync(run, path, $"{Aggregated},application/json").ConfigureAwait(false);
            Expect.Equal("APIGroupDiscoveryList", (string?)answer["kind"], $"kind of {path} when the aggregated form comes first");
            Expect.Contains("apidiscovery.k8s.io", mediaType, $"media type of {path}");
            (answer, mediaType) = await ReadAsync(run, path, $"application/json,{Aggregated}").ConfigureAwait(false);
            Expect.Equal("APIGroupDiscoveryList", (string?)answer["kind"], $"kind of {path} when the aggregated form comes second: it is taken wherever it stands");
            (answer, mediaType) = await ReadAsync(run, path, "application/json").ConfigureAwait(false);
            Expect.Lacks("Discovery", (string?)answer["kind"], $"kind of {path} when only plain JSON is asked for");
            Expect.Equal("application/json", mediaType, $"media type of {path}");
            (answer, _) = await ReadAsync(run, path, "application/json;g=apidiscovery.k8s.io;v=v1alpha9;as=APIGroupDiscoveryList,application/json").ConfigureAwait(false);
            Expect.Lacks("Discovery", (string?)answer["kind"], $"kind of {path} when only an unknown version of the aggregated form is asked for");
        }
    }

    private static async Task CustomKinds(ScenarioRun run)
    {
        var kind = await CustomKind.DefineAsync(run).ConfigureAwait(false);
        var document = await run.GetJsonAsync($"/apis/{kind.ApiVersion}").ConfigureAwait(false);
        var entry = document["resources"]!.AsArray().Single(resource => (string)resource!["name"]! == kind.Plural)!;
        Expect.Equal(kind.Name, (string?)entry["kind"], "kind in discovery");
        Expect.Sequence(["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"], entry["verbs"]!.AsArray().Select(verb => (string)verb!).Order(), "verbs in discovery");
        await run.DeleteAsync(Kinds.Definitions, $"{kind.Plural}.{kind.Group}").ConfigureAwait(false);
        await run.UntilAsync("the group is gone from discovery", () => run.GetJsonAsync("/apis"),
            list => list["groups"]!.AsArray().All(group => (string)group!["name"]! != kind.Group)).ConfigureAwait(false);
        await Expect.RefusedAsync("NotFound", () => run.GetRawAsync($"/apis/{kind.ApiVersion}"), "discovery of a deleted kind").ConfigureAwait(false);
    }

    private static async Task Groups(ScenarioRun run)
    {
        (string Version, string Resource)[] wanted =
        [
            ("admissionregistration.k8s.io/v1", "mutatingwebhookconfigurations"), ("admissionregistration.k8s.io/v1", "validatingwebhookconfigurations"),
            ("apiextensions.k8s.io/v1", "customresourcedefinitions"), ("apiregistration.k8s.io/v1", "apiservices"), ("rbac.authorization.k8s.io/v1", "clusterroles"),
            ("storage.k8s.io/v1", "storageclasses"), ("storage.k8s.io/v1", "csidrivers"), ("storage.k8s.io/v1", "csinodes"), ("node.k8s.io/v1", "runtimeclasses"),
            ("policy/v1", "poddisruptionbudgets"), ("coordination.k8s.io/v1", "leases"), ("certificates.k8s.io/v1", "certificatesigningrequests"),
            ("scheduling.k8s.io/v1", "priorityclasses"), ("authentication.k8s.io/v1", "tokenreviews"), ("authorization.k8s.io/v1", "subjectaccessreviews"),
        ];
        foreach (var (version, resource) in wanted)
        {
            var document = await run.GetJsonAsync($"/apis/{version}").ConfigureAwait(false);
            Expect.True(document["resources"]!.AsArray().Any(entry => (string)entry!["name"]! == resource), $"/apis/{version} names {resource}");
        }
    }

    private static async Task Health(ScenarioRun run)
    {
        foreach (var path in (string[])["/healthz", "/livez", "/readyz"])
            Expect.Equal("ok", await run.GetRawAsync(path).ConfigureAwait(false), path);
        Expect.Contains("[+]ping ok", await run.GetRawAsync("/livez?verbose").ConfigureAwait(false), "/livez?verbose");
    }

    private static async Task Unknown(ScenarioRun run)
    {
        using var missing = await run.CSharp.ExchangeAsync(HttpMethod.Get, "/apis/none.example.com/v1/things", null, null, run.Cancel).ConfigureAwait(false);
        Expect.Equal(404, (int)missing.StatusCode, "status of an unknown group");
        using var form = await run.CSharp.ExchangeAsync(HttpMethod.Get, Kinds.Pods.Path(run.Namespace), null, "text/html", run.Cancel).ConfigureAwait(false);
        Expect.Equal(406, (int)form.StatusCode, "status when text/html is asked for");
        using var body = await run.CSharp.ExchangeAsync(HttpMethod.Post, Kinds.ConfigMaps.Path(run.Namespace), CSharpClient.Body("hello", "text/plain"), null, run.Cancel).ConfigureAwait(false);
        Expect.Equal(415, (int)body.StatusCode, "status of a body of text/plain");
        using var verb = await run.CSharp.ExchangeAsync(HttpMethod.Put, Kinds.ConfigMaps.Path(run.Namespace), CSharpClient.Body("{}", "application/json"), null, run.Cancel).ConfigureAwait(false);
        Expect.Equal(405, (int)verb.StatusCode, "status of PUT to a collection");
    }

    private static async Task<(JsonObject Body, string? MediaType)> ReadAsync(ScenarioRun run, string path, string accept)
    {
        using var response = await run.CSharp.ExchangeAsync(HttpMethod.Get, path, null, accept, run.Cancel).ConfigureAwait(false);
        var text = await response.Content.ReadAsStringAsync(run.Cancel).ConfigureAwait(false);
        Expect.Equal(200, (int)response.StatusCode, $"status of {path} with Accept {accept}");
        return (JsonNode.Parse(text)!.AsObject(), response.Content.Headers.ContentType?.ToString());
    }
}
