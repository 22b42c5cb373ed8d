using Xunit;

namespace Network.ControlPlane.Tests.ApiServer;

public sealed class WatchTests(ApiServerFixture server) : IClassFixture<ApiServerFixture>
{
    private static async Task<string> NamespaceAsync(HttpClient client)
    {
        var name = "w-" + Guid.NewGuid().ToString("N")[..8];
        await client.SendAsync("POST", "/api/v1/namespaces", $$$"""{"metadata":{"name":"{{{name}}}"}}""");
        return $"/api/v1/namespaces/{name}/configmaps";
    }

    [Fact]
    public async Task A_watch_from_the_list_revision_shows_every_later_change_in_order()
    {
        using var client = server.Admin();
        var path = await NamespaceAsync(client);
        var (_, list) = await client.SendAsync("GET", path);
        var events = await client.WatchAsync($"{path}?watch=true&resourceVersion={list.Revision()}", 3, async () =>
        {
            await client.SendAsync("POST", path, Rest.ConfigMap("a"));
            await client.SendAsync("PUT", path + "/a", Rest.ConfigMap("a", "2"));
            await client.SendAsync("DELETE", path + "/a");
        });
        Assert.Equal(["ADDED", "MODIFIED", "DELETED"], events.Select(e => (string)e["type"]!));
        var revisions = events.Select(e => long.Parse(e["object"]!.Revision())).ToList();
        Assert.Equal(revisions.Order(), revisions);
        Assert.Equal("2", (string)events[2]["object"]!["data"]!["v"]!);
        Assert.True(revisions[2] > revisions[1], "a DELETED event carries the revision of the deletion");
    }

    [Fact]
    public async Task An_object_that_stops_matching_the_selector_is_deleted_with_its_last_matching_state()
    {
        using var client = server.Admin();
        var path = await NamespaceAsync(client);
        await client.SendAsync("POST", path, Rest.ConfigMap("a", "1", """{"x":"y"}"""));
        var (_, list) = await client.SendAsync("GET", path);
        var events = await client.WatchAsync($"{path}?watch=true&labelSelector=x%3Dy&resourceVersion={list.Revision()}", 2, async () =>
        {
            await client.SendAsync("PUT", path + "/a", Rest.ConfigMap("a", "2"));
            await client.SendAsync("PUT", path + "/a", Rest.ConfigMap("a", "3", """{"x":"y"}"""));
        });
        Assert.Equal(["DELETED", "ADDED"], events.Select(e => (string)e["type"]!));
        Assert.Equal("1", (string)events[0]["object"]!["data"]!["v"]!);
        Assert.True(long.Parse(events[0]["object"]!.Revision()) > long.Parse(list.Revision()));
    }

    [Fact]
    public async Task A_streaming_list_ends_its_initial_events_with_an_annotated_bookmark()
    {
        using var client = server.Admin();
        var path = await NamespaceAsync(client);
        await client.SendAsync("POST", path, Rest.ConfigMap("a"));
        var events = await client.WatchAsync($"{path}?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true", 3);
        Assert.Equal(["ADDED", "ADDED", "BOOKMARK"], events.Select(e => (string)e["type"]!));
        Assert.Equal("true", (string)events[2]["object"]!["metadata"]!["annotations"]!["k8s.io/initial-events-end"]!);
    }

    [Fact]
    public async Task A_watch_closes_cleanly_at_its_time_and_bookmarks_come_only_when_asked_for()
    {
        using var client = server.Admin();
        var path = await NamespaceAsync(client);
        var (_, list) = await client.SendAsync("GET", path);
        Assert.Empty(await client.WatchAsync($"{path}?watch=true&timeoutSeconds=1&resourceVersion={list.Revision()}", 5));
        var events = await client.WatchAsync($"{path}?watch=true&timeoutSeconds=1&allowWatchBookmarks=true&resourceVersion={list.Revision()}", 5);
        Assert.Equal("BOOKMARK", (string)Assert.Single(events)["type"]!);
    }

    [Fact]
    public async Task A_watch_from_a_list_never_repeats_what_the_list_had_while_others_write()
    {
        using var client = server.Admin();
        var path = await NamespaceAsync(client);
        for (var round = 0; round < 30; round++)
        {
            await Task.WhenAll(Enumerable.Range(0, 4).Select(i => client.SendAsync("POST", path, Rest.ConfigMap($"r{round}-{i}"))));
            var (_, list) = await client.SendAsync("GET", path);
            var name = $"after-{round}";
            var events = await client.WatchAsync($"{path}?watch=true&resourceVersion={list.Revision()}", 1, () => client.SendAsync("POST", path, Rest.ConfigMap(name)));
            Assert.Equal(name, (string)events[0]["object"]!["metadata"]!["name"]!);
        }
    }

    [Fact]
    public async Task Table_watchers_get_the_columns_once()
    {
        using var client = server.Admin();
        client.DefaultRequestHeaders.Add("Accept", "application/json;as=Table;v=v1;g=meta.k8s.io");
        var path = await NamespaceAsync(client);
        var events = await client.WatchAsync($"{path}?watch=true", 2, () => client.SendAsync("POST", path, Rest.ConfigMap("a")));
        Assert.NotEmpty(events[0]["object"]!["columnDefinitions"]!.AsArray());
        Assert.Empty(events[1]["object"]!["columnDefinitions"]!.AsArray());
        // The object may come with the existing ones: a watch answers before it has listed them.
        Assert.Contains("a", events.Select(e => (string)e["object"]!["rows"]![0]!["cells"]![0]!));
    }

    [Fact]
    public async Task Many_watchers_see_the_same_events()
    {
        using var client = server.Admin();
        var path = await NamespaceAsync(client);
        var (_, list) = await client.SendAsync("GET", path);
        var watchers = Enumerable.Range(0, 50).Select(_ => client.WatchAsync($"{path}?watch=true&resourceVersion={list.Revision()}", 20)).ToList();
        for (var i = 0; i < 20; i++)
            await client.SendAsync("POST", path, Rest.ConfigMap("c" + i));
        var seen = await Task.WhenAll(watchers);
        var first = seen[0].Select(e => e["object"]!.Revision()).ToList();
        Assert.Equal(20, first.Count);
        Assert.All(seen, s => Assert.Equal(first, s.Select(e => e["object"]!.Revision())));
    }

    [Fact]
    public async Task Pages_of_a_list_are_one_snapshot()
    {
        using var client = server.Admin();
        var path = await NamespaceAsync(client);
        for (var i = 0; i < 5; i++)
            await client.SendAsync("POST", path, Rest.ConfigMap("p" + i));
        var (_, first) = await client.SendAsync("GET", path + "?limit=4");
        Assert.Equal(2, (int)first["metadata"]!["remainingItemCount"]!);
        await client.SendAsync("POST", path, Rest.ConfigMap("p9"));
        var (_, second) = await client.SendAsync("GET", path + "?limit=4&continue=" + first["metadata"]!["continue"]);
        Assert.Equal(["p3", "p4"], second["items"]!.AsArray().Select(i => (string)i!["metadata"]!["name"]!));
        Assert.Equal(first.Revision(), second.Revision());
        Assert.Null(second["metadata"]!["continue"]);
    }

    [Fact]
    public async Task A_revision_from_the_future_times_out_with_upstreams_words()
    {
        using var client = server.Admin();
        var (code, status) = await client.SendAsync("GET", "/api/v1/configmaps?resourceVersion=999999999");
        Assert.Equal(504, code);
        Assert.StartsWith("Too large resource version: 999999999, current: ", (string)status["message"]!);
        Assert.Equal("ResourceVersionTooLarge", (string)status["details"]!["causes"]![0]!["reason"]!);
    }
}
