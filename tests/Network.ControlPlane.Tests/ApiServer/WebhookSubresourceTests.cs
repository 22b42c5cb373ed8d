using System.Text.Json.Nodes;
using Xunit;

namespace Network.ControlPlane.Tests.ApiServer;

/// <summary>Webhooks on what is not a plain write of an object: subresources, connections, custom kinds.</summary>
public sealed class WebhookSubresourceTests(ApiServerFixture server) : IClassFixture<ApiServerFixture>
{
    [Fact]
    public async Task Status_is_a_part_of_the_object_and_a_webhook_changes_that_part_only()
    {
        await using var hook = new WebhookServer();
        using var admin = server.Admin();
        var ns = await admin.NamespaceAsync("status");
        await admin.SendAsync("POST", $"{ns}/pods", AdmissionTests.Pod("p"));
        await admin.MutatingAsync("status", WebhookSetup.Hook(hook, "status", "status", Rule("pods/status", "UPDATE")));
        hook.Answer = _ => WebhookServer.Patch("""[{"op":"add","path":"/status/message","value":"seen"},{"op":"replace","path":"/spec/containers/0/image","value":"other"}]""");
        var (code, pod) = await admin.SendAsync("PATCH", $"{ns}/pods/p/status", """{"status":{"phase":"Running"}}""", "application/merge-patch+json");
        Assert.True(code == 200, pod.ToJsonString());
        Assert.Equal(("Running", "seen", "x"), ((string)pod["status"]!["phase"]!, (string)pod["status"]!["message"]!, (string)pod["spec"]!["containers"]![0]!["image"]!));
        Assert.Equal(("Pod", "status"), ((string)hook.Asked.Single()["kind"]!["kind"]!, (string)hook.Asked.Single()["subResource"]!));
    }

    [Fact]
    public async Task A_scale_is_shown_as_a_scale_and_only_as_that()
    {
        await using var hook = new WebhookServer();
        await using var whole = new WebhookServer();
        using var admin = server.Admin();
        await admin.NamespaceAsync("scaled");
        const string Path = "/apis/apps/v1/namespaces/scaled/deployments";
        await admin.SendAsync("POST", Path, """
            {"metadata":{"name":"d"},"spec":{"replicas":1,"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"x"}]}}}}
            """);
        await admin.MutatingAsync("scaled", WebhookSetup.Hook(hook, "scale", "scaled", Rule("deployments/scale", "UPDATE", "apps")), WebhookSetup.Hook(whole, "whole", "scaled", Rule("deployments", "UPDATE", "apps")));
        hook.Answer = _ => WebhookServer.Patch("""[{"op":"replace","path":"/spec/replicas","value":3}]""");
        var (code, scale) = await admin.SendAsync("PATCH", Path + "/d/scale", """{"spec":{"replicas":9}}""", "application/merge-patch+json");
        Assert.Equal((200, 3), (code, (int)scale["spec"]!["replicas"]!));
        var asked = hook.Asked.Single();
        Assert.Equal(("Scale", "autoscaling", "apps", "scale", "d"), ((string)asked["kind"]!["kind"]!, (string)asked["kind"]!["group"]!,
            (string)asked["resource"]!["group"]!, (string)asked["subResource"]!, (string)asked["name"]!));
        Assert.Equal((1, 9), ((int)asked["oldObject"]!["spec"]!["replicas"]!, (int)asked["object"]!["spec"]!["replicas"]!));
        Assert.Empty(whole.Asked);
        Assert.Equal(3, (int)(await admin.SendAsync("GET", Path + "/d")).Body["spec"]!["replicas"]!);
    }

    [Fact]
    public async Task Bindings_and_evictions_can_be_refused()
    {
        await using var hook = new WebhookServer();
        using var admin = server.Admin();
        var ns = await admin.NamespaceAsync("bound");
        await admin.SendAsync("POST", $"{ns}/pods", AdmissionTests.Pod("p"));
        await admin.ValidatingAsync("bound", WebhookSetup.Hook(hook, "bound", "bound", Rule("pods/*", "CREATE")));
        hook.Answer = request => WebhookServer.Deny((string)request["subResource"]!);
        var (code, status) = await admin.SendAsync("POST", $"{ns}/pods/p/binding", """{"metadata":{"name":"p"},"target":{"kind":"Node","name":"n"}}""");
        Assert.Equal((400, "admission webhook \"bound.example.com\" denied the request: binding"), (code, (string)status["message"]!));
        Assert.Equal(("Binding", "n", "p"), ((string)hook.Asked.Single()["kind"]!["kind"]!, (string)hook.Asked.Single()["object"]!["target"]!["name"]!, (string)hook.Asked.Single()["name"]!));
        (code, status) = await admin.SendAsync("POST", $"{ns}/pods/p/eviction", """{"metadata":{"name":"p"}}""");
        Assert.Equal((400, "admission webhook \"bound.example.com\" denied the request: eviction"), (code, (string)status["message"]!));
        Assert.Equal(("Eviction", "policy"), ((string)hook.Asked.Last()["kind"]!["kind"]!, (string)hook.Asked.Last()["kind"]!["group"]!));
        Assert.Null((await admin.SendAsync("GET", $"{ns}/pods/p")).Body["spec"]!["nodeName"]);
        hook.Answer = _ => new JsonObject { ["allowed"] = true };
        Assert.Equal(201, (await admin.SendAsync("POST", $"{ns}/pods/p/eviction", """{"metadata":{"name":"p"}}""")).Code);
        Assert.Equal(404, (await admin.SendAsync("GET", $"{ns}/pods/p")).Code);
    }

    [Fact]
    public async Task Connections_show_their_options_and_are_opened_only_with_a_yes()
    {
        await using var kubelet = new FakeKubelet(server.IssueServing("127.0.0.1"));
        await using var hook = new WebhookServer();
        using var admin = server.Admin();
        var ns = await admin.NamespaceAsync("connected");
        await admin.SendAsync("POST", "/api/v1/nodes", $$$"""
            {"metadata":{"name":"hooked"},"status":{"addresses":[{"type":"InternalIP","address":"127.0.0.1"}],"daemonEndpoints":{"kubeletEndpoint":{"Port": {{{kubelet.Port}}} } } } }
            """);
        await admin.SendAsync("POST", $"{ns}/pods", """{"metadata":{"name":"p"},"spec":{"nodeName":"hooked","containers":[{"name":"c","image":"x"}]}}""");
        await admin.MutatingAsync("connected", WebhookSetup.Hook(hook, "exec", "connected", Rule("pods/*", "CONNECT")));
        hook.Answer = _ => WebhookServer.Deny("keep out");
        var (code, status) = await admin.SendAsync("POST", $"{ns}/pods/p/exec?command=sh&command=-c&container=c&stdout=true&tty=false");
        Assert.Equal((400, "admission webhook \"exec.example.com\" denied the request: keep out"), (code, (string)status["message"]!));
        var asked = hook.Asked.Single();
        Assert.Equal(("CONNECT", "PodExecOptions", "exec", "p", "connected"), ((string)asked["operation"]!, (string)asked["kind"]!["kind"]!, (string)asked["subResource"]!, (string)asked["name"]!, (string)asked["namespace"]!));
        Assert.Equal("""{"stdout":true,"tty":false,"container":"c","command":["sh","-c"],"kind":"PodExecOptions","apiVersion":"v1"}""", asked["object"]!.ToJsonString());
        Assert.True(asked.AsObject().ContainsKey("options") && asked["options"] is null && asked["oldObject"] is null);
        Assert.Empty(kubelet.Heads);
        Assert.Equal(400, (await admin.SendAsync("GET", $"{ns}/pods/p/proxy/some/where")).Code);
        Assert.Equal(("PodProxyOptions", "/some/where"), ((string)hook.Asked.Last()["kind"]!["kind"]!, (string)hook.Asked.Last()["object"]!["path"]!));
        // What a webhook makes of the options is what the kubelet gets.
        hook.Answer = _ => WebhookServer.Patch("""[{"op":"replace","path":"/command","value":["id"]}]""");
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{ns}/pods/p/exec?command=sh&stdout=true") { Headers = { { "Connection", "Upgrade" }, { "Upgrade", "SPDY/3.1" } } };
        using var answer = await admin.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal(101, (int)answer.StatusCode);
        Assert.StartsWith("GET /exec/connected/p/c?stdout=true&command=id HTTP/1.1", kubelet.Heads.Single());
    }

    [Fact]
    public async Task Custom_objects_are_like_any_other_in_the_version_a_rule_names()
    {
        await using var hook = new WebhookServer();
        using var admin = server.Admin();
        await admin.NamespaceAsync("custom");
        const string Schema = """{"openAPIV3Schema":{"type":"object","properties":{"spec":{"type":"object","properties":{"size":{"type":"integer","maximum":10},"color":{"type":"string","default":"red"}}}}}}""";
        Assert.Equal(201, (await admin.SendAsync("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", $$$"""
            {"metadata":{"name":"hats.example.com"},"spec":{"group":"example.com","scope":"Namespaced","names":{"plural":"hats","kind":"Hat"},
             "versions":[{"name":"v1","served":true,"storage":true,"schema":{{{Schema}}} },{"name":"v2","served":true,"storage":false,"schema":{{{Schema}}} }]}}
            """)).Code);
        await TestKit.Eventually.TrueAsync(async () => (await admin.SendAsync("GET", "/apis/example.com/v2/namespaces/custom/hats")).Code == 200, TimeSpan.FromSeconds(10));
        await admin.MutatingAsync("custom", WebhookSetup.Hook(hook, "hats", "custom", Rule("hats", "*", "example.com", "v1")));
        hook.Answer = _ => WebhookServer.Patch("""[{"op":"add","path":"/spec","value":{"size":3,"unknown":true}}]""");
        var (code, hat) = await admin.SendAsync("POST", "/apis/example.com/v2/namespaces/custom/hats", """{"apiVersion":"example.com/v2","kind":"Hat","metadata":{"name":"h"}}""");
        Assert.True(code == 201, hat.ToJsonString());
        Assert.Equal("""{"color":"red","size":3}""", Sorted(hat["spec"]!));
        Assert.Equal("example.com/v2", (string)hat["apiVersion"]!);
        Assert.Equal("example.com/v1", (string)hook.Asked.Single()["object"]!["apiVersion"]!);
        hook.Answer = _ => WebhookServer.Patch("""[{"op":"add","path":"/spec","value":{"size":11}}]""");
        Assert.Equal(422, (await admin.SendAsync("PATCH", "/apis/example.com/v1/namespaces/custom/hats/h", """{"metadata":{"labels":{"a":"b"}}}""", "application/merge-patch+json")).Code);
    }

    [Fact]
    public async Task A_service_leads_to_a_pod_behind_its_kubelet_and_must_have_its_name()
    {
        await using var hook = new WebhookServer("hook.serviced.svc");
        await using var kubelet = new TunnelKubelet(server.IssueServing("127.0.0.1"), hook.Port);
        using var admin = server.Admin();
        var ns = await admin.NamespaceAsync("serviced");
        await admin.SendAsync("POST", "/api/v1/nodes", $$$"""
            {"metadata":{"name":"tunnel"},"status":{"addresses":[{"type":"InternalIP","address":"127.0.0.1"}],"daemonEndpoints":{"kubeletEndpoint":{"Port": {{{kubelet.Port}}} } } } }
            """);
        await admin.SendAsync("POST", $"{ns}/pods", """{"metadata":{"name":"hook"},"spec":{"nodeName":"tunnel","containers":[{"name":"c","image":"x"}]}}""");
        await admin.SendAsync("POST", $"{ns}/services", """{"metadata":{"name":"hook"},"spec":{"ports":[{"name":"https","port":8443,"targetPort":9443}]}}""");
        await admin.ValidatingAsync("serviced", WebhookSetup.Hook($$$"""{"service":{"namespace":"serviced","name":"hook","port":8443,"path":"/check"},"caBundle":"{{{hook.CaBundle}}}"}""", "hook", "serviced"));
        var (code, status) = await admin.SendAsync("POST", $"{ns}/configmaps", Rest.ConfigMap("a"));
        Assert.Equal((500, "Internal error occurred: failed calling webhook \"hook.example.com\": failed to call webhook: Post \"https://hook.serviced.svc:8443/check?timeout=10s\": no endpoints available for service \"hook\""), (code, (string)status["message"]!));
        await admin.SendAsync("POST", "/apis/discovery.k8s.io/v1/namespaces/serviced/endpointslices", """
            {"metadata":{"name":"hook-1","labels":{"kubernetes.io/service-name":"hook"}},"addressType":"IPv4","ports":[{"name":"https","port":9443,"protocol":"TCP"}],
             "endpoints":[{"addresses":["10.244.0.8"],"conditions":{"ready":true},"targetRef":{"kind":"Pod","name":"hook","namespace":"serviced"}}]}
            """);
        (code, var map) = await admin.SendAsync("POST", $"{ns}/configmaps", Rest.ConfigMap("a"));
        Assert.True(code == 201, map.ToJsonString());
        Assert.Equal(("/check?timeout=10s", "/tunnel/serviced/hook/9443"), (hook.Paths.Single(), kubelet.Paths.Single()));
        Assert.Equal(201, (await admin.SendAsync("POST", $"{ns}/configmaps", Rest.ConfigMap("b"))).Code);
        Assert.Single(kubelet.Paths);
    }

    private static string Rule(string resource, string operation, string group = "", string version = "*") =>
        $$"""{"operations":["{{operation}}"],"apiGroups":["{{group}}"],"apiVersions":["{{version}}"],"resources":["{{resource}}"]}""";

    private static string Sorted(JsonNode value) => new JsonObject(value.AsObject().OrderBy(member => member.Key, StringComparer.Ordinal)
        .Select(member => KeyValuePair.Create(member.Key, member.Value?.DeepClone()))).ToJsonString();
}
