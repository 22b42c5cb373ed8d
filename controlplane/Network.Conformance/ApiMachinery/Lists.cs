using System.Text.Json.Nodes;
using Network.Conformance.Clients;
using Network.Conformance.Running;

namespace Network.Conformance.ApiMachinery;

/// <summary>Lists in pages, as tables, and of one moment.</summary>
internal static class Lists
{
    private const string Sig = "api-machinery";
    private const string Table = "application/json;as=Table;v=v1;g=meta.k8s.io";
    private const int Templates = 40;

    internal static IReadOnlyList<Scenario> All { get; } =
    [
        new(Sig, "list in pages: every object once, of one moment", Pages),
        new(Sig, "list in pages: a token of compacted history is refused with one to go on", Compacted) { Clients = ClientKind.CSharp },
        new(Sig, "list at a resourceVersion that is not there yet is refused for now", Future) { Clients = ClientKind.CSharp },
        new(Sig, "watch from a resourceVersion in compacted history ends with Expired", Expired),
        new(Sig, "table of pods, with columns and metadata of each", Pods) { Clients = ClientKind.CSharp },
        new(Sig, "table of pages carries the token to go on", TablePages) { Clients = ClientKind.CSharp },
        new(Sig, "table of a kind without metadata is not acceptable (406)", NotAcceptable) { Clients = ClientKind.CSharp },
        new(Sig, "metadata alone is given when asked for", Partial) { Clients = ClientKind.CSharp },
        new(Sig, "watch with initial events ends them with a marked bookmark", InitialEvents) { Clients = ClientKind.CSharp },
        new(Sig, "field selectors of built-in kinds select", Fields),
    ];

    private static async Task Pages(ScenarioRun run)
    {
        await FillAsync(run).ConfigureAwait(false);
        var (seen, revision, token) = (new List<string>(), "", (string?)null);
        do
        {
            var page = await run.ListAsync(Kinds.PodTemplates, new Selection { Limit = 12, Continue = token }).ConfigureAwait(false);
            var names = page["items"]!.AsArray().Select(item => (string)item!["metadata"]!["name"]!).ToList();
            Expect.True(names.Count <= 12, "a page has at most as many objects as asked for");
            if (seen.Count == 0)
                revision = (string)page["metadata"]!["resourceVersion"]!;
            seen.AddRange(names);
            token = (string?)page["metadata"]!["continue"] is { Length: > 0 } more ? more : null;
            Expect.Equal(revision, (string?)page["metadata"]!["resourceVersion"], "resourceVersion of a later page");
            if (token is not null)
                Expect.Equal((long)Templates - seen.Count, (long?)page["metadata"]!["remainingItemCount"] ?? -1, "remainingItemCount");
            // What is made between two pages is of another moment.
            await run.Observer.CreateAsync(Kinds.PodTemplates, run.Namespace, Template($"late-{seen.Count}"), run.Cancel).ConfigureAwait(false);
        }
        while (token is not null);
        Expect.Sequence(Enumerable.Range(0, Templates).Select(i => $"t{i:00}"), seen, "objects of all pages");
    }

    private static async Task Compacted(ScenarioRun run)
    {
        await FillAsync(run).ConfigureAwait(false);
        var page = await run.ListAsync(Kinds.PodTemplates, new Selection { Limit = 10 }).ConfigureAwait(false);
        var token = JsonNode.Parse(Convert.FromBase64String(Padded((string)page["metadata"]!["continue"]!)))!.AsObject();
        // No clock is waited for: the token of a client that slept through a compaction names a revision like this one.
        token["rv"] = 1;
        var old = Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(token.ToJsonString())).TrimEnd('=').Replace('+', '-').Replace('/', '_');
        using var response = await run.CSharp.ExchangeAsync(HttpMethod.Get, $"{Kinds.PodTemplates.Path(run.Namespace)}?limit=10&continue={old}", null, null, run.Cancel).ConfigureAwait(false);
        var status = JsonNode.Parse(await response.Content.ReadAsStringAsync(run.Cancel).ConfigureAwait(false))!.AsObject();
        if (response.IsSuccessStatusCode)
        {
            // History reaches back that far: then nothing of this namespace was there yet.
            Expect.Equal(0, status["items"]!.AsArray().Count, "objects at revision 1");
            return;
        }

        Expect.Equal(410, (int)response.StatusCode, "status");
        Expect.Equal("Expired", (string?)status["reason"], "reason");
        var rest = await run.ListAsync(Kinds.PodTemplates, new Selection { Limit = 500, Continue = (string)status["metadata"]!["continue"]! }).ConfigureAwait(false);
        Expect.Equal(Templates - 10, rest["items"]!.AsArray().Count, "objects from the last key on");
    }

    private static async Task Future(ScenarioRun run)
    {
        using var response = await run.CSharp.ExchangeAsync(HttpMethod.Get, $"{Kinds.ConfigMaps.Path(run.Namespace)}?resourceVersion=999999999999&resourceVersionMatch=NotOlderThan", null, null, run.Cancel).ConfigureAwait(false);
        var status = JsonNode.Parse(await response.Content.ReadAsStringAsync(run.Cancel).ConfigureAwait(false))!;
        Expect.Equal(504, (int)response.StatusCode, "status");
        Expect.Equal("ResourceVersionTooLarge", (string?)status["details"]?["causes"]?[0]?["reason"], "cause");
        Expect.Contains("Too large resource version", (string?)status["message"], "message");
    }

    private static async Task Expired(ScenarioRun run)
    {
        await using var watch = await run.WatchAsync(Kinds.ConfigMaps, new Selection { ResourceVersion = "1" }).ConfigureAwait(false);
        await run.CreateAsync(Kinds.ConfigMaps, "metadata: {name: now}").ConfigureAwait(false);
        var first = await watch.NextAsync().ConfigureAwait(false);
        // A young server may still have all its history; then the watch shows it.
        if (first.Type == "ERROR")
            Expect.Equal("Expired", (string?)first.Object["reason"], "reason in the ERROR event");
        else
            Expect.Equal("ADDED", first.Type, "first event");
    }

    private static async Task Pods(ScenarioRun run)
    {
        await run.CreateAsync(Kinds.Pods, "{metadata: {name: p}, spec: {nodeSelector: {none: such}, containers: [{name: c, image: busybox}]}}").ConfigureAwait(false);
        var table = await ReadAsync(run, Kinds.Pods.Path(run.Namespace), Table).ConfigureAwait(false);
        Expect.Equal("Table", (string?)table["kind"], "kind");
        Expect.Equal("meta.k8s.io/v1", (string?)table["apiVersion"], "apiVersion");
        Expect.Sequence(["Name", "Ready", "Status", "Restarts", "Age", "IP", "Node", "Nominated Node", "Readiness Gates"],
            table["columnDefinitions"]!.AsArray().Select(column => (string)column!["name"]!), "columns");
        var row = table["rows"]!.AsArray().Single()!;
        Expect.Sequence(["p", "0/1", "Pending", "0"], row["cells"]!.AsArray().Take(4).Select(cell => cell!.ToString()), "cells");
        Expect.Equal("PartialObjectMetadata", (string?)row["object"]?["kind"], "kind of the object of a row");
        var one = await ReadAsync(run, Kinds.Pods.Path(run.Namespace, "p"), Table).ConfigureAwait(false);
        Expect.Equal("Table", (string?)one["kind"], "kind of the table of one object");
        var whole = await ReadAsync(run, Kinds.Pods.Path(run.Namespace) + "?includeObject=Object", Table).ConfigureAwait(false);
        Expect.Equal("Pod", (string?)whole["rows"]![0]!["object"]?["kind"], "kind of the object with includeObject=Object");
        var none = await ReadAsync(run, Kinds.Pods.Path(run.Namespace) + "?includeObject=None", Table).ConfigureAwait(false);
        Expect.True(none["rows"]![0]!["object"] is null, "no object with includeObject=None");
    }

    private static async Task TablePages(ScenarioRun run)
    {
        await FillAsync(run).ConfigureAwait(false);
        var page = await ReadAsync(run, Kinds.PodTemplates.Path(run.Namespace) + "?limit=10", Table).ConfigureAwait(false);
        Expect.Equal(10, page["rows"]!.AsArray().Count, "rows of the first page");
        var rest = await ReadAsync(run, $"{Kinds.PodTemplates.Path(run.Namespace)}?continue={page["metadata"]!["continue"]}", Table).ConfigureAwait(false);
        Expect.Equal(Templates - 10, rest["rows"]!.AsArray().Count, "rows of the rest");
    }

    private static async Task NotAcceptable(ScenarioRun run)
    {
        using var response = await run.CSharp.ExchangeAsync(HttpMethod.Post, Kinds.SelfSubjectAccessReviews.Path(null),
            CSharpClient.Body("""{"kind":"SelfSubjectAccessReview","apiVersion":"authorization.k8s.io/v1","spec":{"resourceAttributes":{"verb":"get","resource":"pods"}}}""", "application/json"),
            Table, run.Cancel).ConfigureAwait(false);
        Expect.Equal(406, (int)response.StatusCode, "status");
    }

    private static async Task Partial(ScenarioRun run)
    {
        await run.CreateAsync(Kinds.ConfigMaps, "{metadata: {name: a, labels: {b: c}}, data: {secret: none}}").ConfigureAwait(false);
        var one = await ReadAsync(run, Kinds.ConfigMaps.Path(run.Namespace, "a"), "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io").ConfigureAwait(false);
        Expect.Equal("PartialObjectMetadata", (string?)one["kind"], "kind");
        Expect.Equal("c", (string?)one["metadata"]?["labels"]?["b"], "label");
        Expect.True(one["data"] is null, "no data");
        var list = await ReadAsync(run, Kinds.ConfigMaps.Path(run.Namespace), "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io").ConfigureAwait(false);
        Expect.Equal("PartialObjectMetadataList", (string?)list["kind"], "kind of the list");
    }

    private static async Task InitialEvents(ScenarioRun run)
    {
        await run.CreateAsync(Kinds.ConfigMaps, "metadata: {name: a, labels: {initial: a}}").ConfigureAwait(false);
        using var response = await run.CSharp.ExchangeAsync(HttpMethod.Get,
            $"{Kinds.ConfigMaps.Path(run.Namespace)}?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&timeoutSeconds=20&labelSelector=initial%3Da", null, null, run.Cancel).ConfigureAwait(false);
        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync(run.Cancel).ConfigureAwait(false));
        var added = JsonNode.Parse((await lines.ReadLineAsync(run.Cancel).ConfigureAwait(false))!)!;
        Expect.Equal("ADDED", (string?)added["type"], "first event");
        var mark = JsonNode.Parse((await lines.ReadLineAsync(run.Cancel).ConfigureAwait(false))!)!;
        Expect.Equal("BOOKMARK", (string?)mark["type"], "second event");
        Expect.Equal("true", (string?)mark["object"]?["metadata"]?["annotations"]?["k8s.io/initial-events-end"], "annotation of the bookmark");
    }

    private static async Task Fields(ScenarioRun run)
    {
        await run.CreateAsync(Kinds.Secrets, "{metadata: {name: a}, type: example.com/a}").ConfigureAwait(false);
        await run.CreateAsync(Kinds.Secrets, "{metadata: {name: b}, type: Opaque}").ConfigureAwait(false);
        Expect.Sequence(["a"], await run.NamesAsync(Kinds.Secrets, new Selection { Fields = "type=example.com/a" }).ConfigureAwait(false), "secrets by type");
        Expect.Sequence(["b"], await run.NamesAsync(Kinds.Secrets, new Selection { Fields = "metadata.name!=a" }).ConfigureAwait(false), "secrets but one");
        await run.CreateAsync(Kinds.Pods, "{metadata: {name: p}, spec: {nodeSelector: {none: such}, containers: [{name: c, image: busybox}]}}").ConfigureAwait(false);
        Expect.Sequence(["p"], await run.NamesAsync(Kinds.Pods, new Selection { Fields = "status.phase=Pending,spec.nodeName=" }).ConfigureAwait(false), "pods by phase and node");
        var refusal = await Expect.RefusedAsync("BadRequest", () => run.NamesAsync(Kinds.Pods, new Selection { Fields = "spec.colour=red" }), "a field that cannot be selected by").ConfigureAwait(false);
        Expect.Contains("field label not supported", refusal.Message, "the refusal");
    }

    private static async Task FillAsync(ScenarioRun run)
    {
        foreach (var some in Enumerable.Range(0, Templates).Chunk(10))
            await Task.WhenAll(some.Select(i => run.Observer.CreateAsync(Kinds.PodTemplates, run.Namespace, Template($"t{i:00}"), run.Cancel))).ConfigureAwait(false);
    }

    private static JsonObject Template(string name) => ScenarioRun.Yaml($"{{metadata: {{name: {name}}}, template: {{metadata: {{}}, spec: {{containers: [{{name: c, image: busybox}}]}}}}}}");

    private static async Task<JsonObject> ReadAsync(ScenarioRun run, string path, string accept)
    {
        using var response = await run.CSharp.ExchangeAsync(HttpMethod.Get, path, null, accept, run.Cancel).ConfigureAwait(false);
        Expect.Equal(200, (int)response.StatusCode, $"status of {path}");
        return JsonNode.Parse(await response.Content.ReadAsStringAsync(run.Cancel).ConfigureAwait(false))!.AsObject();
    }

    private static string Padded(string token)
    {
        var text = token.Replace('-', '+').Replace('_', '/');
        return text.PadRight((text.Length + 3) / 4 * 4, '=');
    }
}
