using Network.Conformance.Clients;
using Network.Conformance.Running;

namespace Network.Conformance.ApiMachinery;

/// <summary>What a watch shows and in which order.</summary>
internal static class Watchers
{
    private const string Sig = "api-machinery";

    internal static IReadOnlyList<Scenario> All { get; } =
    [
        new(Sig, "watch by label sees add, update and delete of its objects only", Labels),
        new(Sig, "watch from a resourceVersion sees what came after it", FromRevision),
        new(Sig, "watch is resumed from the last resourceVersion seen", Resumed),
        new(Sig, "object that leaves the selector is DELETED, one that comes back is ADDED", Leaving),
        new(Sig, "concurrent watches see events in the same order", SameOrder) { Deadline = TimeSpan.FromSeconds(90) },
    ];

    private static async Task Labels(ScenarioRun run)
    {
        await using var first = await run.WatchAsync(Kinds.ConfigMaps, new Selection { Labels = "watched=a" }).ConfigureAwait(false);
        await using var either = await run.WatchAsync(Kinds.ConfigMaps, new Selection { Labels = "watched in (a,b)" }).ConfigureAwait(false);
        await run.CreateAsync(Kinds.ConfigMaps, "metadata: {name: a, labels: {watched: a}}").ConfigureAwait(false);
        await first.NextAsync("ADDED", "a").ConfigureAwait(false);
        await either.NextAsync("ADDED", "a").ConfigureAwait(false);
        await run.PatchAsync(Kinds.ConfigMaps, "a", """{"data":{"mutation":"1"}}""").ConfigureAwait(false);
        var changed = await first.NextAsync("MODIFIED", "a").ConfigureAwait(false);
        Expect.Equal("1", (string?)changed["data"]?["mutation"], "data of the event");
        await either.NextAsync("MODIFIED", "a").ConfigureAwait(false);
        await run.DeleteAsync(Kinds.ConfigMaps, "a").ConfigureAwait(false);
        await first.NextAsync("DELETED", "a").ConfigureAwait(false);
        await either.NextAsync("DELETED", "a").ConfigureAwait(false);
        await run.CreateAsync(Kinds.ConfigMaps, "metadata: {name: b, labels: {watched: b}}").ConfigureAwait(false);
        await either.NextAsync("ADDED", "b").ConfigureAwait(false);
        await run.DeleteAsync(Kinds.ConfigMaps, "b").ConfigureAwait(false);
        await either.NextAsync("DELETED", "b").ConfigureAwait(false);
        await run.CreateAsync(Kinds.ConfigMaps, "metadata: {name: last, labels: {watched: a}}").ConfigureAwait(false);
        await first.NextAsync("ADDED", "last").ConfigureAwait(false);
    }

    private static async Task FromRevision(ScenarioRun run)
    {
        await run.CreateAsync(Kinds.ConfigMaps, "metadata: {name: a, labels: {watched: from}}").ConfigureAwait(false);
        var first = await run.PatchAsync(Kinds.ConfigMaps, "a", """{"data":{"mutation":"1"}}""").ConfigureAwait(false);
        await run.PatchAsync(Kinds.ConfigMaps, "a", """{"data":{"mutation":"2"}}""").ConfigureAwait(false);
        await run.DeleteAsync(Kinds.ConfigMaps, "a").ConfigureAwait(false);
        await using var watch = await run.WatchAsync(Kinds.ConfigMaps, new Selection { Labels = "watched=from", ResourceVersion = Revision(first) }).ConfigureAwait(false);
        var second = await watch.NextAsync("MODIFIED", "a").ConfigureAwait(false);
        Expect.Equal("2", (string?)second["data"]?["mutation"], "data of the event");
        var gone = await watch.NextAsync("DELETED", "a").ConfigureAwait(false);
        Expect.True(long.Parse(Revision(gone)) > long.Parse(Revision(second)), "the DELETED event carries the revision of the deletion");
    }

    private static async Task Resumed(ScenarioRun run)
    {
        string seen;
        await using (var watch = await run.WatchAsync(Kinds.ConfigMaps, new Selection { Labels = "watched=again" }).ConfigureAwait(false))
        {
            await run.CreateAsync(Kinds.ConfigMaps, "metadata: {name: a, labels: {watched: again}}").ConfigureAwait(false);
            await watch.NextAsync("ADDED", "a").ConfigureAwait(false);
            await run.PatchAsync(Kinds.ConfigMaps, "a", """{"data":{"mutation":"1"}}""").ConfigureAwait(false);
            seen = Revision(await watch.NextAsync("MODIFIED", "a").ConfigureAwait(false));
        }

        await run.PatchAsync(Kinds.ConfigMaps, "a", """{"data":{"mutation":"2"}}""").ConfigureAwait(false);
        await run.DeleteAsync(Kinds.ConfigMaps, "a").ConfigureAwait(false);
        await using var resumed = await run.WatchAsync(Kinds.ConfigMaps, new Selection { Labels = "watched=again", ResourceVersion = seen }).ConfigureAwait(false);
        var missed = await resumed.NextAsync("MODIFIED", "a").ConfigureAwait(false);
        Expect.Equal("2", (string?)missed["data"]?["mutation"], "data of the missed event");
        await resumed.NextAsync("DELETED", "a").ConfigureAwait(false);
    }

    private static async Task Leaving(ScenarioRun run)
    {
        await using var watch = await run.WatchAsync(Kinds.ConfigMaps, new Selection { Labels = "stays=yes" }).ConfigureAwait(false);
        await run.CreateAsync(Kinds.ConfigMaps, "{metadata: {name: a, labels: {stays: 'yes'}}, data: {at: start}}").ConfigureAwait(false);
        await watch.NextAsync("ADDED", "a").ConfigureAwait(false);
        await run.PatchAsync(Kinds.ConfigMaps, "a", """{"metadata":{"labels":{"stays":"no"}},"data":{"at":"away"}}""").ConfigureAwait(false);
        var left = await watch.NextAsync("DELETED", "a").ConfigureAwait(false);
        Expect.Equal("start", (string?)left["data"]?["at"], "state in the DELETED event: the last that matched");
        await run.PatchAsync(Kinds.ConfigMaps, "a", """{"data":{"at":"unseen"}}""").ConfigureAwait(false);
        await run.PatchAsync(Kinds.ConfigMaps, "a", """{"metadata":{"labels":{"stays":"yes"}}}""").ConfigureAwait(false);
        var back = await watch.NextAsync("ADDED", "a").ConfigureAwait(false);
        Expect.Equal("unseen", (string?)back["data"]?["at"], "state in the ADDED event");
        await run.PatchAsync(Kinds.ConfigMaps, "a", """{"data":{"at":"third"}}""").ConfigureAwait(false);
        await watch.NextAsync("MODIFIED", "a").ConfigureAwait(false);
        await run.DeleteAsync(Kinds.ConfigMaps, "a").ConfigureAwait(false);
        await watch.NextAsync("DELETED", "a").ConfigureAwait(false);
    }

    private static async Task SameOrder(ScenarioRun run)
    {
        const int writes = 12;
        // A list of kubectl's own making has no revision; a page of the server's has.
        var start = (string)(await run.ListAsync(Kinds.ConfigMaps, new Selection { Limit = 500 }).ConfigureAwait(false))["metadata"]!["resourceVersion"]!;
        await Task.WhenAll(Enumerable.Range(0, writes).Select(i => run.Observer.CreateAsync(
            Kinds.ConfigMaps, run.Namespace, ScenarioRun.Yaml($"metadata: {{name: c{i}}}"), run.Cancel))).ConfigureAwait(false);
        // Started at different revisions, as each was while the writes went on: what they share they must see alike.
        List<List<string>> seen = [];
        var from = start;
        for (var i = 0; i < 10; i++)
        {
            await using var watch = await run.WatchAsync(Kinds.ConfigMaps, new Selection { ResourceVersion = from }).ConfigureAwait(false);
            var events = new List<string>();
            while (events.Count < writes - i)
                events.Add(Revision((await watch.NextAsync().ConfigureAwait(false)).Object));
            seen.Add(events);
            from = events[0];
        }

        for (var i = 1; i < seen.Count; i++)
            Expect.Sequence(seen[0].Skip(i), seen[i], $"revisions seen by watch {i}");
    }

    private static string Revision(System.Text.Json.Nodes.JsonObject obj) => (string)obj["metadata"]!["resourceVersion"]!;
}
