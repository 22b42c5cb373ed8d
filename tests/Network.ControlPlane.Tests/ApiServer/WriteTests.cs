using System.Text.Json.Nodes;
using Xunit;

namespace Network.ControlPlane.Tests.ApiServer;

public sealed class WriteTests(ApiServerFixture server) : IClassFixture<ApiServerFixture>
{
    private const string Maps = "/api/v1/namespaces/default/configmaps";
    private const string MergePatch = "application/merge-patch+json; charset=utf-8";

    [Fact]
    public async Task A_write_that_changes_nothing_keeps_the_revision()
    {
        using var client = server.Admin();
        var (_, made) = await client.SendAsync("POST", Maps, Rest.ConfigMap("noop"));
        var (code, same) = await client.SendAsync("PUT", Maps + "/noop", Rest.ConfigMap("noop"));
        Assert.Equal(200, code);
        Assert.Equal(made.Revision(), same.Revision());
    }

    [Fact]
    public async Task A_stale_revision_conflicts_and_patches_without_one_never_lose_an_update()
    {
        using var client = server.Admin();
        var (_, made) = await client.SendAsync("POST", Maps, Rest.ConfigMap("race"));
        await client.SendAsync("PATCH", Maps + "/race", """{"data":{"v":"2"}}""", MergePatch);
        var (code, status) = await client.SendAsync("PUT", Maps + "/race", made.ToJsonString());
        Assert.Equal(409, code);
        Assert.Equal("Operation cannot be fulfilled on configmaps \"race\": the object has been modified; please apply your changes to the latest version and try again",
            (string)status["message"]!);
        await Task.WhenAll(Enumerable.Range(0, 10).Select(i => client.SendAsync("PATCH", Maps + "/race", $$$"""{"data":{"k{{{i}}}":"x"}}""", MergePatch)));
        var (_, after) = await client.SendAsync("GET", Maps + "/race");
        Assert.Equal(11, after["data"]!.AsObject().Count);
    }

    [Fact]
    public async Task Generated_names_use_the_safe_alphabet()
    {
        using var client = server.Admin();
        var (code, made) = await client.SendAsync("POST", Maps, """{"metadata":{"generateName":"gen-"}}""");
        Assert.Equal(201, code);
        Assert.Matches("^gen-[bcdfghjklmnpqrstvwxz2456789]{5}$", (string)made["metadata"]!["name"]!);
    }

    [Theory]
    [InlineData("7web", 201)]
    [InlineData("web-7", 201)]
    [InlineData("web.seven", 422)]
    [InlineData("-web", 422)]
    public async Task A_service_name_is_a_label_and_may_begin_with_a_digit(string name, int expected)
    {
        using var client = server.Admin();
        var (code, status) = await client.SendAsync("POST", "/api/v1/namespaces/default/services", $$$"""{"metadata":{"name":"{{{name}}}"},"spec":{"ports":[{"port":80}]}}""");
        Assert.True(expected == code, status.ToJsonString());
    }

    [Fact]
    public async Task A_dry_run_answers_the_result_and_stores_nothing()
    {
        using var client = server.Admin();
        var (code, shown) = await client.SendAsync("POST", Maps + "?dryRun=All", Rest.ConfigMap("dry"));
        Assert.Equal(201, code);
        Assert.NotNull(shown["metadata"]!["uid"]);
        Assert.Equal(404, (await client.SendAsync("GET", Maps + "/dry")).Code);
    }

    [Fact]
    public async Task An_object_with_finalizers_stays_until_the_last_is_removed()
    {
        using var client = server.Admin();
        await client.SendAsync("POST", Maps, """{"metadata":{"name":"fin","finalizers":["example.com/x"]}}""");
        var (_, marked) = await client.SendAsync("DELETE", Maps + "/fin");
        Assert.NotNull(marked["metadata"]!["deletionTimestamp"]);
        Assert.Equal(200, (await client.SendAsync("GET", Maps + "/fin")).Code);
        await client.SendAsync("PATCH", Maps + "/fin", """{"metadata":{"finalizers":null}}""", MergePatch);
        Assert.Equal(404, (await client.SendAsync("GET", Maps + "/fin")).Code);
    }

    [Fact]
    public async Task A_namespace_ends_only_after_its_spec_is_finalized_and_takes_nothing_new_meanwhile()
    {
        using var client = server.Admin();
        await client.SendAsync("POST", "/api/v1/namespaces", """{"metadata":{"name":"ending"}}""");
        var (_, ending) = await client.SendAsync("DELETE", "/api/v1/namespaces/ending");
        Assert.Equal("Terminating", (string)ending["status"]!["phase"]!);
        var (code, refused) = await client.SendAsync("POST", "/api/v1/namespaces/ending/configmaps", Rest.ConfigMap("late"));
        Assert.Equal(403, code);
        Assert.Contains("unable to create new content in namespace ending because it is being terminated", (string)refused["message"]!);
        ending["spec"] = new JsonObject();
        Assert.Equal(200, (await client.SendAsync("PUT", "/api/v1/namespaces/ending/finalize", ending.ToJsonString())).Code);
        Assert.Equal(404, (await client.SendAsync("GET", "/api/v1/namespaces/ending")).Code);
    }

    [Fact]
    public async Task A_scheduled_pod_is_deleted_gracefully_and_an_unscheduled_one_at_once()
    {
        using var client = server.Admin();
        const string Pods = "/api/v1/namespaces/default/pods";
        await client.SendAsync("POST", Pods, """{"metadata":{"name":"g"},"spec":{"containers":[{"name":"c","image":"x"}]}}""");
        await client.SendAsync("POST", Pods + "/g/binding", """{"target":{"kind":"Node","name":"n1"}}""");
        var (again, _) = await client.SendAsync("POST", Pods + "/g/binding", """{"target":{"kind":"Node","name":"n2"}}""");
        Assert.Equal(409, again);
        var (_, marked) = await client.SendAsync("DELETE", Pods + "/g");
        Assert.Equal(30, (int)marked["metadata"]!["deletionGracePeriodSeconds"]!);
        await client.SendAsync("DELETE", Pods + "/g", """{"gracePeriodSeconds":0}""");
        Assert.Equal(404, (await client.SendAsync("GET", Pods + "/g")).Code);
    }

    [Fact]
    public async Task Parallel_services_never_share_an_address_or_port()
    {
        using var client = server.Admin();
        var made = await Task.WhenAll(Enumerable.Range(0, 150).Select(i => client.SendAsync("POST", "/api/v1/namespaces/default/services",
            $$$"""{"metadata":{"name":"s{{{i}}}"},"spec":{"type":"NodePort","ports":[{"port":80}]}}""")));
        Assert.All(made, m => Assert.Equal(201, m.Code));
        Assert.Equal(150, made.Select(m => (string)m.Body["spec"]!["clusterIP"]!).Distinct().Count());
        Assert.Equal(150, made.Select(m => (int)m.Body["spec"]!["ports"]![0]!["nodePort"]!).Distinct().Count());
    }

    [Fact]
    public async Task Status_is_written_only_through_its_subresource()
    {
        using var client = server.Admin();
        const string Sets = "/apis/apps/v1/namespaces/default/replicasets";
        const string Set = """{"metadata":{"name":"rs"},"spec":{"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"x"}]}}}""";
        await client.SendAsync("POST", Sets, Set + "}");
        var (_, main) = await client.SendAsync("PUT", Sets + "/rs", Set + ""","status":{"replicas":7}}""");
        Assert.Equal(0, (int)main["status"]!["replicas"]!);
        var (_, status) = await client.SendAsync("PATCH", Sets + "/rs/status", """{"spec":{"replicas":9},"status":{"replicas":3}}""", MergePatch);
        Assert.Equal((3, 1), ((int)status["status"]!["replicas"]!, (int)status["spec"]!["replicas"]!));
        Assert.Equal(1, (int)status["metadata"]!["generation"]!);
    }

    [Fact]
    public async Task Events_are_the_same_objects_under_both_groups()
    {
        using var client = server.Admin();
        var (code, _) = await client.SendAsync("POST", "/api/v1/namespaces/default/events",
            """{"metadata":{"name":"e1"},"involvedObject":{"kind":"Pod","name":"p"},"reason":"R","message":"hello","type":"Normal"}""");
        Assert.Equal(201, code);
        var (_, other) = await client.SendAsync("GET", "/apis/events.k8s.io/v1/namespaces/default/events/e1");
        Assert.Equal(("hello", "p"), ((string)other["note"]!, (string)other["regarding"]!["name"]!));
        var (_, list) = await client.SendAsync("GET", "/api/v1/namespaces/default/events?fieldSelector=involvedObject.name%3Dp,involvedObject.namespace%3D");
        Assert.Single(list["items"]!.AsArray());
    }

    [Fact]
    public async Task Wrong_objects_are_refused_with_all_faults_and_their_paths()
    {
        using var client = server.Admin();
        var (code, status) = await client.SendAsync("POST", "/api/v1/namespaces/default/pods",
            """{"metadata":{"name":"Bad_Name"},"spec":{"restartPolicy":"Sometimes","containers":[{"name":"c"},{"name":"c","image":"x"}]}}""");
        Assert.Equal(422, code);
        var fields = status["details"]!["causes"]!.AsArray().Select(c => (string)c!["field"]!).ToList();
        Assert.Equal(["metadata.name", "spec.containers[0].image", "spec.containers[1].name", "spec.restartPolicy"], fields.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("/apis/networking.k8s.io/v1/namespaces/default/networkpolicies", """{"metadata":{"name":"stored"},"spec":{"podSelector":{}}}""", "networkpolicies.networking.k8s.io")]
    [InlineData("/api/v1/namespaces/default/replicationcontrollers", """{"metadata":{"name":"stored"},"spec":{"replicas":0}}""", "replicationcontrollers")]
    [InlineData("/api/v1/namespaces/default/configmaps", """{"metadata":{"name":"stored"}}""", null)]
    public async Task Kinds_that_nothing_acts_on_say_so_to_whoever_writes_them(string path, string body, string? named)
    {
        using var admin = server.Admin();
        using var component = server.Client(server.Issue("system:kube-controller-manager", "system:masters"));
        var expected = named is null ? "" : $"299 - \"podnet stores {named} but none of its components acts on them\"";
        foreach (var (client, method, at, text) in new[] { (admin, "POST", path, expected), (admin, "PATCH", path + "/stored", expected), (component, "PATCH", path + "/stored", ""), (admin, "GET", path + "/stored", "") })
        {
            using var request = new HttpRequestMessage(new HttpMethod(method), at);
            if (method != "GET")
                request.Content = new StringContent(method == "POST" ? body : """{"metadata":{"labels":{"a":"b"}}}""", System.Text.Encoding.UTF8, method == "POST" ? "application/json" : "application/merge-patch+json");
            using var answer = await client.SendAsync(request);
            Assert.True((int)answer.StatusCode < 300, await answer.Content.ReadAsStringAsync());
            Assert.Equal(text, answer.Headers.TryGetValues("Warning", out var warnings) ? string.Join(", ", warnings) : "");
        }
    }
}
