using System.Text.Json.Nodes;
using Xunit;

namespace Network.ControlPlane.Tests.ApiServer;

/// <summary>Mutating webhooks: patches, their order, the second round, and what has the last word.</summary>
public sealed class MutatingWebhookTests(ApiServerFixture server) : IClassFixture<ApiServerFixture>
{
    private const string Pods = """{"operations":["CREATE"],"apiGroups":[""],"apiVersions":["v1"],"resources":["pods"]}""";

    [Fact]
    public async Task A_patch_is_stored_with_defaults_and_the_next_webhook_sees_it()
    {
        await using var first = new WebhookServer();
        await using var second = new WebhookServer();
        using var admin = server.Admin();
        var ns = await admin.NamespaceAsync("patched");
        first.Answer = _ => WebhookServer.Patch("""[{"op":"add","path":"/spec/containers/-","value":{"name":"sidecar","image":"side"}},{"op":"add","path":"/spec/unknown","value":1}]""");
        second.Answer = _ => WebhookServer.Patch("""[{"op":"add","path":"/metadata/annotations","value":{"second":"was here"}}]""");
        // In order of the configurations' names, not of their age.
        await admin.MutatingAsync("patched-2", WebhookSetup.Hook(second, "second", "patched", Pods));
        await admin.MutatingAsync("patched-1", WebhookSetup.Hook(first, "first", "patched", Pods));
        var (code, pod) = await admin.SendAsync("POST", $"{ns}/pods", AdmissionTests.Pod("p"));
        Assert.True(code == 201, pod.ToJsonString());
        var sidecar = pod["spec"]!["containers"]![1]!;
        Assert.Equal(("sidecar", "Always", "/dev/termination-log"), ((string)sidecar["name"]!, (string)sidecar["imagePullPolicy"]!, (string)sidecar["terminationMessagePath"]!));
        // The plugins saw the sidecar too: it has the account's token.
        Assert.Equal("/var/run/secrets/kubernetes.io/serviceaccount", (string)sidecar["volumeMounts"]![0]!["mountPath"]!);
        Assert.Equal("was here", (string)pod["metadata"]!["annotations"]!["second"]!);
        Assert.Null(pod["spec"]!["unknown"]);
        Assert.Equal(2, second.Asked.Single()["object"]!["spec"]!["containers"]!.AsArray().Count);
        Assert.Single(first.Asked);
    }

    [Fact]
    public async Task Webhooks_that_want_it_are_asked_again_when_something_changed_behind_them()
    {
        await using var again = new WebhookServer();
        await using var once = new WebhookServer();
        await using var last = new WebhookServer();
        using var admin = server.Admin();
        var ns = await admin.NamespaceAsync("again");
        await admin.MutatingAsync("again",
            WebhookSetup.Hook(again, "a", "again", more: "\"reinvocationPolicy\":\"IfNeeded\""), WebhookSetup.Hook(once, "b", "again"),
            WebhookSetup.Hook(last, "c", "again", more: "\"reinvocationPolicy\":\"IfNeeded\""));
        Assert.Equal(201, (await admin.SendAsync("POST", $"{ns}/configmaps", Rest.ConfigMap("still"))).Code);
        Assert.Equal((1, 1, 1), (again.Asked.Count, once.Asked.Count, last.Asked.Count));
        once.Answer = _ => WebhookServer.Patch("""[{"op":"add","path":"/data/once","value":"1"}]""");
        again.Answer = request => request["object"]!["data"]!["once"] is null ? new JsonObject { ["allowed"] = true } : WebhookServer.Patch("""[{"op":"add","path":"/data/again","value":"2"}]""");
        var (_, map) = await admin.SendAsync("POST", $"{ns}/configmaps", Rest.ConfigMap("moved"));
        Assert.Equal(("1", "2"), ((string)map["data"]!["once"]!, (string)map["data"]!["again"]!));
        // The last one saw everything of the first round, and is shown what the one before it added in the second.
        Assert.Equal((3, 2, 3), (again.Asked.Count, once.Asked.Count, last.Asked.Count));
    }

    [Fact]
    public async Task What_webhooks_make_is_validated_and_judged_like_what_clients_send()
    {
        await using var hook = new WebhookServer();
        using var admin = server.Admin();
        var ns = await admin.NamespaceAsync("judged");
        await admin.SendAsync("PATCH", "/api/v1/namespaces/judged", """{"metadata":{"labels":{"pod-security.kubernetes.io/enforce":"baseline"}}}""", "application/merge-patch+json");
        await admin.MutatingAsync("judged", WebhookSetup.Hook(hook, "judged", "judged", Pods));
        hook.Answer = _ => WebhookServer.Patch("""[{"op":"replace","path":"/spec/containers/0/image","value":""}]""");
        Assert.Equal(422, (await admin.SendAsync("POST", $"{ns}/pods", AdmissionTests.Pod("p"))).Code);
        hook.Answer = _ => WebhookServer.Patch("""[{"op":"add","path":"/spec/containers/0/securityContext","value":{"privileged":true}}]""");
        var (code, status) = await admin.SendAsync("POST", $"{ns}/pods", AdmissionTests.Pod("p"));
        Assert.Equal(403, code);
        Assert.Contains("violates PodSecurity", (string)status["message"]!);
        hook.Answer = _ => WebhookServer.Patch("""[{"op":"add","path":"/spec/priority","value":7}]""");
        Assert.Contains("the integer value of priority (7) must not be provided", (string)(await admin.SendAsync("POST", $"{ns}/pods", AdmissionTests.Pod("p"))).Body["message"]!);
        Assert.Equal(404, (await admin.SendAsync("GET", $"{ns}/pods/p")).Code);
    }

    [Fact]
    public async Task Identity_is_the_servers_also_against_webhooks()
    {
        await using var hook = new WebhookServer();
        using var admin = server.Admin();
        var ns = await admin.NamespaceAsync("identity");
        await admin.MutatingAsync("identity", WebhookSetup.Hook(hook, "identity", "identity"));
        hook.Answer = _ => WebhookServer.Patch("""[{"op":"add","path":"/metadata/uid","value":"mine"},{"op":"add","path":"/metadata/namespace","value":"kube-system"},{"op":"replace","path":"/kind","value":"Secret"}]""");
        var (code, map) = await admin.SendAsync("POST", $"{ns}/configmaps", Rest.ConfigMap("a"));
        Assert.Equal((201, "identity", "ConfigMap"), (code, (string)map["metadata"]!["namespace"]!, (string)map["kind"]!));
        Assert.NotEqual("mine", (string)map["metadata"]!["uid"]!);
        var uid = (string)map["metadata"]!["uid"]!;
        hook.Answer = _ => WebhookServer.Patch("""[{"op":"replace","path":"/metadata/name","value":"b"},{"op":"add","path":"/data/v","value":"hooked"}]""");
        var (_, changed) = await admin.SendAsync("PATCH", $"{ns}/configmaps/a", """{"data":{"v":"2"}}""", "application/merge-patch+json");
        Assert.Equal(("a", uid, "hooked"), ((string)changed["metadata"]!["name"]!, (string)changed["metadata"]!["uid"]!, (string)changed["data"]!["v"]!));
    }

    [Theory]
    [InlineData("[{\"op\":\"remove\",\"path\":\"/data/nothing\"}]", "remove operation does not apply")]
    [InlineData("[{\"op\":\"add\",\"path\":\"/data\",\"value\":7}]", "made of the object what is no ConfigMap")]
    [InlineData("{\"data\":{}}", "received undecodable patch in webhook response")]
    public async Task A_patch_that_does_not_fit_refuses_the_request(string patch, string why)
    {
        await using var hook = new WebhookServer();
        using var admin = server.Admin();
        var name = "misfit" + Guid.NewGuid().ToString("N")[..8];
        var ns = await admin.NamespaceAsync(name);
        await admin.MutatingAsync(name, WebhookSetup.Hook(hook, "misfit", name));
        hook.Answer = _ => WebhookServer.Patch(patch);
        var (code, status) = await admin.SendAsync("POST", $"{ns}/configmaps", Rest.ConfigMap("a"));
        Assert.Equal(500, code);
        Assert.Contains(why, (string)status["message"]!);
    }

    [Fact]
    public async Task Other_kinds_of_patches_and_patches_of_a_delete_are_refused()
    {
        await using var hook = new WebhookServer();
        using var admin = server.Admin();
        var ns = await admin.NamespaceAsync("kinds");
        await admin.SendAsync("POST", $"{ns}/configmaps", Rest.ConfigMap("a"));
        await admin.MutatingAsync("kinds", WebhookSetup.Hook(hook, "kinds", "kinds"));
        hook.Answer = _ => WebhookServer.Patch("""[{"op":"add","path":"/data/x","value":"1"}]""");
        Assert.Equal("Internal error occurred: admission webhook \"kinds.example.com\" attempted to modify the object, which is not supported for this operation",
            (string)(await admin.SendAsync("DELETE", $"{ns}/configmaps/a")).Body["message"]!);
        Assert.Null(hook.Asked.Single()["object"]);
        hook.Answer = _ => new JsonObject { ["allowed"] = true, ["patchType"] = "MergePatch", ["patch"] = "e30=" };
        Assert.Contains("webhook returned invalid response.patchType of \"MergePatch\"", (string)(await admin.SendAsync("POST", $"{ns}/configmaps", Rest.ConfigMap("b"))).Body["message"]!);
        hook.Answer = _ => new JsonObject { ["allowed"] = true, ["patch"] = "W10=" };
        Assert.Contains("webhook returned response.patch but not response.patchType", (string)(await admin.SendAsync("POST", $"{ns}/configmaps", Rest.ConfigMap("b"))).Body["message"]!);
        Assert.Equal(200, (await admin.SendAsync("GET", $"{ns}/configmaps/a")).Code);
    }

    [Fact]
    public async Task Another_version_of_the_same_objects_is_shown_in_the_version_the_rule_names()
    {
        await using var hook = new WebhookServer();
        await using var exact = new WebhookServer();
        using var admin = server.Admin();
        await admin.NamespaceAsync("versions");
        const string Old = """{"operations":["CREATE"],"apiGroups":["autoscaling"],"apiVersions":["v1"],"resources":["horizontalpodautoscalers"]}""";
        await admin.MutatingAsync("versions", WebhookSetup.Hook(hook, "old", "versions", Old), WebhookSetup.Hook(exact, "exact", "versions", Old, "\"matchPolicy\":\"Exact\""));
        hook.Answer = _ => WebhookServer.Patch("""[{"op":"replace","path":"/spec/targetCPUUtilizationPercentage","value":70}]""");
        var (code, scaler) = await admin.SendAsync("POST", "/apis/autoscaling/v2/namespaces/versions/horizontalpodautoscalers", """
            {"metadata":{"name":"h"},"spec":{"maxReplicas":3,"scaleTargetRef":{"kind":"Deployment","name":"d","apiVersion":"apps/v1"},
             "metrics":[{"type":"Resource","resource":{"name":"cpu","target":{"type":"Utilization","averageUtilization":50}}}]}}
            """);
        Assert.True(code == 201, scaler.ToJsonString());
        var asked = hook.Asked.Single();
        Assert.Equal(("v1", "v2", "autoscaling/v1", 50), ((string)asked["resource"]!["version"]!, (string)asked["requestResource"]!["version"]!,
            (string)asked["object"]!["apiVersion"]!, (int)asked["object"]!["spec"]!["targetCPUUtilizationPercentage"]!));
        Assert.Equal(70, (int)scaler["spec"]!["metrics"]![0]!["resource"]!["target"]!["averageUtilization"]!);
        Assert.Equal("autoscaling/v2", (string)scaler["apiVersion"]!);
        Assert.Empty(exact.Asked);
    }
}
