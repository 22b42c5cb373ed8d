using System.Text;
using System.Text.Json.Nodes;
using Xunit;

namespace Network.ControlPlane.Tests.ApiServer;

/// <summary>Validating webhooks and what all webhooks have in common, against real HTTPS servers.</summary>
public sealed class WebhookTests(ApiServerFixture server) : IClassFixture<ApiServerFixture>
{
    [Fact]
    public async Task A_webhook_sees_the_request_as_upstream_shows_it_and_its_no_is_the_answer()
    {
        await using var hook = new WebhookServer();
        using var admin = server.Admin();
        var ns = await admin.NamespaceAsync("seen");
        await admin.ValidatingAsync("seen", WebhookSetup.Hook(hook, "seen", "seen"));
        hook.Answer = _ => WebhookServer.Deny("not today", 409);
        var (code, status) = await admin.SendAsync("POST", $"{ns}/configmaps?fieldManager=me&fieldValidation=Strict", Rest.ConfigMap("a"));
        Assert.Equal((409, "admission webhook \"seen.example.com\" denied the request: not today"), (code, (string)status["message"]!));
        var asked = hook.Asked.Single();
        Assert.Equal("/review?timeout=10s", hook.Paths.Single());
        Assert.Equal("""{"group":"","version":"v1","kind":"ConfigMap"}""", asked["kind"]!.ToJsonString());
        Assert.Equal("""{"group":"","version":"v1","resource":"configmaps"}""", asked["resource"]!.ToJsonString());
        Assert.Equal(asked["kind"]!.ToJsonString(), asked["requestKind"]!.ToJsonString());
        Assert.Equal(("CREATE", "a", "seen", false), ((string)asked["operation"]!, (string)asked["name"]!, (string)asked["namespace"]!, (bool)asked["dryRun"]!));
        Assert.Equal("""{"kind":"CreateOptions","apiVersion":"meta.k8s.io/v1","fieldManager":"me","fieldValidation":"Strict"}""", asked["options"]!.ToJsonString());
        Assert.Equal(("admin", "system:masters"), ((string)asked["userInfo"]!["username"]!, (string)asked["userInfo"]!["groups"]![0]!));
        Assert.Equal(("ConfigMap", "1"), ((string)asked["object"]!["kind"]!, (string)asked["object"]!["data"]!["v"]!));
        Assert.True(asked.AsObject().ContainsKey("oldObject") && asked["oldObject"] is null);
        Assert.Equal(36, ((string)asked["uid"]!).Length);
        Assert.Equal(404, (await admin.SendAsync("GET", $"{ns}/configmaps/a")).Code);
    }

    [Fact]
    public async Task A_no_without_a_code_is_a_bad_request_and_without_words_says_so()
    {
        await using var hook = new WebhookServer();
        using var admin = server.Admin();
        var ns = await admin.NamespaceAsync("bare");
        await admin.ValidatingAsync("bare", WebhookSetup.Hook(hook, "bare", "bare"));
        hook.Answer = _ => new JsonObject { ["allowed"] = false };
        var (code, status) = await admin.SendAsync("POST", $"{ns}/configmaps", Rest.ConfigMap("a"));
        Assert.Equal((400, "", "admission webhook \"bare.example.com\" denied the request without explanation"),
            (code, (string?)status["reason"] ?? "", (string)status["message"]!));
        hook.Answer = _ => new JsonObject { ["allowed"] = false, ["status"] = new JsonObject { ["reason"] = "TooBlue", ["code"] = 200 } };
        Assert.Equal("admission webhook \"bare.example.com\" denied the request: TooBlue", (string)(await admin.SendAsync("POST", $"{ns}/configmaps", Rest.ConfigMap("a"))).Body["message"]!);
    }

    [Fact]
    public async Task Updates_and_deletes_show_the_old_object_and_how()
    {
        await using var hook = new WebhookServer();
        using var admin = server.Admin();
        var ns = await admin.NamespaceAsync("changes");
        await admin.SendAsync("POST", $"{ns}/configmaps", Rest.ConfigMap("a"));
        await admin.ValidatingAsync("changes", WebhookSetup.Hook(hook, "changes", "changes"));
        Assert.Equal(200, (await admin.SendAsync("PATCH", $"{ns}/configmaps/a", """{"data":{"v":"2"}}""", "application/merge-patch+json")).Code);
        Assert.Equal(200, (await admin.SendAsync("DELETE", $"{ns}/configmaps/a", """{"propagationPolicy":"Background"}""")).Code);
        var (update, delete) = (hook.Asked.First(), hook.Asked.Last());
        Assert.Equal(("UPDATE", "1", "2"), ((string)update["operation"]!, (string)update["oldObject"]!["data"]!["v"]!, (string)update["object"]!["data"]!["v"]!));
        Assert.Equal("UpdateOptions", (string)update["options"]!["kind"]!);
        Assert.Equal(("DELETE", "2"), ((string)delete["operation"]!, (string)delete["oldObject"]!["data"]!["v"]!));
        Assert.Null(delete["object"]);
        Assert.Equal(("DeleteOptions", "Background"), ((string)delete["options"]!["kind"]!, (string)delete["options"]!["propagationPolicy"]!));
        Assert.Equal(1, hook.Connections);
    }

    [Fact]
    public async Task All_are_asked_at_once_and_the_first_in_order_is_the_answer()
    {
        await using var first = new WebhookServer();
        await using var second = new WebhookServer();
        using var admin = server.Admin();
        var ns = await admin.NamespaceAsync("atonce");
        using var met = new Barrier(2);
        // Each waits for the other: they only get on when both are asked at the same time.
        first.Answer = _ => met.SignalAndWait(TimeSpan.FromSeconds(10)) ? WebhookServer.Deny("one") : null;
        second.Answer = _ => met.SignalAndWait(TimeSpan.FromSeconds(10)) ? WebhookServer.Deny("two") : null;
        await admin.ValidatingAsync("atonce", WebhookSetup.Hook(first, "one", "atonce"), WebhookSetup.Hook(second, "two", "atonce"));
        var (_, status) = await admin.SendAsync("POST", $"{ns}/configmaps", Rest.ConfigMap("a"));
        Assert.Equal("admission webhook \"one.example.com\" denied the request: one", (string)status["message"]!);
        Assert.Single(second.Asked);
    }

    [Fact]
    public async Task A_silent_webhook_refuses_after_its_time_or_is_ignored()
    {
        await using var hook = new WebhookServer();
        using var admin = server.Admin();
        var ns = await admin.NamespaceAsync("silent");
        hook.Answer = _ => null;
        await admin.ValidatingAsync("silent", WebhookSetup.Hook(hook, "silent", "silent", more: "\"timeoutSeconds\":1"));
        var (code, status) = await admin.SendAsync("POST", $"{ns}/configmaps", Rest.ConfigMap("a"));
        Assert.Equal((500, "InternalError"), (code, (string)status["reason"]!));
        Assert.Equal($"Internal error occurred: failed calling webhook \"silent.example.com\": failed to call webhook: Post \"{hook.Url}?timeout=1s\": context deadline exceeded", (string)status["message"]!);
        await admin.SendAsync("PATCH", WebhookSetup.Path("ValidatingWebhookConfiguration") + "/silent", """[{"op":"replace","path":"/webhooks/0/failurePolicy","value":"Ignore"}]""", "application/json-patch+json");
        Assert.Equal(201, (await admin.SendAsync("POST", $"{ns}/configmaps", Rest.ConfigMap("a"))).Code);
    }

    [Fact]
    public async Task A_server_nobody_vouches_for_or_that_is_not_there_is_not_asked()
    {
        await using var hook = new WebhookServer();
        await using var stranger = new WebhookServer("other.example.com");
        using var admin = server.Admin();
        var ns = await admin.NamespaceAsync("untrusted");
        var wrongAuthority = $$"""{"url":"{{hook.Url}}","caBundle":"{{stranger.CaBundle}}"}""";
        await admin.ValidatingAsync("untrusted", WebhookSetup.Hook(wrongAuthority, "untrusted", "untrusted"));
        Assert.Contains("tls: failed to verify certificate: x509: certificate signed by unknown authority", await RefusedAsync());
        await ClientAsync($$"""{"url":"{{stranger.Url}}","caBundle":"{{stranger.CaBundle}}"}""");
        Assert.Contains("x509: certificate is not valid for the name", await RefusedAsync());
        await ClientAsync($$"""{"url":"https://127.0.0.1:1/","caBundle":"{{hook.CaBundle}}"}""");
        Assert.Contains("Post \"https://127.0.0.1:1/?timeout=10s\": dial tcp: connect: connection refused", await RefusedAsync());
        await ClientAsync($$"""{"url":"{{hook.Url}}","caBundle":"{{Convert.ToBase64String("nothing"u8)}}"}""");
        Assert.Contains("unable to load root certificates", await RefusedAsync());
        await ClientAsync("""{"service":{"namespace":"untrusted","name":"nowhere"},"url":null}""");
        Assert.Contains("Post \"https://nowhere.untrusted.svc:443/?timeout=10s\": services \"nowhere\" not found", await RefusedAsync());
        Assert.Empty(hook.Asked);

        async Task<string> RefusedAsync()
        {
            var (code, status) = await admin.SendAsync("POST", $"{ns}/configmaps", Rest.ConfigMap("a"));
            Assert.Equal(500, code);
            return (string)status["message"]!;
        }

        async Task ClientAsync(string client) => Assert.Equal(200, (await admin.SendAsync("PATCH", WebhookSetup.Path("ValidatingWebhookConfiguration") + "/untrusted",
            $$"""[{"op":"replace","path":"/webhooks/0/clientConfig","value":{{client}}}]""", "application/json-patch+json")).Code);
    }

    [Theory]
    [InlineData("""{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","response":{"uid":"other","allowed":true}}""", "received invalid webhook response: expected response.uid=")]
    [InlineData("""{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1"}""", "received invalid webhook response: webhook response was absent")]
    [InlineData("""hello""", "json parse error")]
    [InlineData("""{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","response":{"uid":7,"allowed":"yes"}}""", "failed to call webhook")]
    public async Task An_answer_to_another_question_is_none(string body, string why)
    {
        await using var hook = new WebhookServer();
        using var admin = server.Admin();
        var name = "odd" + Guid.NewGuid().ToString("N")[..8];
        var ns = await admin.NamespaceAsync(name);
        await admin.ValidatingAsync(name, WebhookSetup.Hook(hook, "odd", name));
        hook.Raw = () => (200, body);
        var (code, status) = await admin.SendAsync("POST", $"{ns}/configmaps", Rest.ConfigMap("a"));
        Assert.Equal(500, code);
        Assert.Contains(why, (string)status["message"]!);
    }

    [Fact]
    public async Task An_answer_of_another_version_or_with_a_patch_or_too_long_or_a_failure_is_none()
    {
        await using var hook = new WebhookServer();
        using var admin = server.Admin();
        var ns = await admin.NamespaceAsync("wrong");
        await admin.ValidatingAsync("wrong", WebhookSetup.Hook(hook, "wrong", "wrong"));
        hook.Answer = _ => WebhookServer.Patch("[]");
        Assert.Contains("validating webhook may not return response.patch", await RefusedAsync());
        hook.Raw = () => (200, $$$"""{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1beta1","response":{"uid":"{{{(string)hook.Asked.Last()["uid"]!}}}","allowed":true} }""");
        Assert.Contains("expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got admission.k8s.io/v1beta1, Kind=AdmissionReview", await RefusedAsync());
        hook.Raw = () => (200, new string(' ', 4 * 1024 * 1024));
        Assert.Contains("failed to call webhook", await RefusedAsync());
        hook.Raw = () => (500, "boom");
        Assert.Contains("failed to call webhook: an error on the server (\"boom\") has prevented the request from succeeding", await RefusedAsync());
        hook.Raw = () => (404, "");
        Assert.Contains("failed to call webhook: the server could not find the requested resource", await RefusedAsync());

        async Task<string> RefusedAsync()
        {
            var (code, status) = await admin.SendAsync("POST", $"{ns}/configmaps", Rest.ConfigMap("a"));
            Assert.Equal(500, code);
            return (string)status["message"]!;
        }
    }

    [Fact]
    public async Task Warnings_reach_the_client_also_with_a_no()
    {
        await using var hook = new WebhookServer();
        using var admin = server.Admin();
        var ns = await admin.NamespaceAsync("warned");
        await admin.ValidatingAsync("warned", WebhookSetup.Hook(hook, "warned", "warned"));
        foreach (var allowed in new[] { true, false })
        {
            hook.Answer = _ => new JsonObject { ["allowed"] = allowed, ["warnings"] = new JsonArray("mind the gap", "and the \"door\"") };
            using var answer = await admin.PostAsync($"{ns}/configmaps", new StringContent(Rest.ConfigMap("w" + allowed.ToString().ToLowerInvariant()), Encoding.UTF8, "application/json"));
            Assert.Equal(allowed ? 201 : 400, (int)answer.StatusCode);
            Assert.Equal("299 - \"mind the gap\", 299 - \"and the \\\"door\\\"\"", string.Join(", ", answer.Headers.GetValues("Warning")));
        }

        // Headers have bounds at most clients.
        hook.Answer = _ => new JsonObject { ["allowed"] = true, ["warnings"] = new JsonArray(new string('a', 4000), new string('b', 4000), "c") };
        using var wordy = await admin.PostAsync($"{ns}/configmaps", new StringContent(Rest.ConfigMap("long"), Encoding.UTF8, "application/json"));
        Assert.Equal([4000, 96], wordy.Headers.GetValues("Warning").Select(warning => warning.Length - "299 - \"\"".Length));
    }

    [Fact]
    public async Task Labels_of_namespace_and_object_choose_also_the_old_object()
    {
        await using var hook = new WebhookServer();
        using var admin = server.Admin();
        var (here, there) = (await admin.NamespaceAsync("chosen"), await admin.NamespaceAsync("unchosen"));
        await admin.ValidatingAsync("chosen", WebhookSetup.Hook(hook, "chosen", "chosen", more: "\"objectSelector\":{\"matchExpressions\":[{\"key\":\"look\",\"operator\":\"Exists\"}]}"));
        await admin.SendAsync("POST", $"{there}/configmaps", Rest.ConfigMap("a", labels: """{"look":"1"}"""));
        await admin.SendAsync("POST", $"{here}/configmaps", Rest.ConfigMap("b"));
        Assert.Empty(hook.Asked);
        await admin.SendAsync("POST", $"{here}/configmaps", Rest.ConfigMap("c", labels: """{"look":"1"}"""));
        Assert.Single(hook.Asked);
        await admin.SendAsync("PATCH", $"{here}/configmaps/c", """{"metadata":{"labels":{"look":null}}}""", "application/merge-patch+json");
        Assert.Equal(2, hook.Asked.Count);
        await admin.SendAsync("PATCH", $"{here}/configmaps/c", """{"data":{"v":"3"}}""", "application/merge-patch+json");
        Assert.Equal(2, hook.Asked.Count);
    }

    [Fact]
    public async Task Namespaces_are_judged_by_their_own_new_labels()
    {
        await using var hook = new WebhookServer();
        using var admin = server.Admin();
        hook.Answer = _ => WebhookServer.Deny("no such namespace");
        const string Rules = """{"operations":["CREATE"],"apiGroups":[""],"apiVersions":["v1"],"resources":["namespaces"],"scope":"Cluster"}""";
        await admin.ValidatingAsync("forbidden-ns", WebhookSetup.Hook(hook, "ns", "forbidden-ns", Rules));
        Assert.Equal(400, (await admin.SendAsync("POST", "/api/v1/namespaces", """{"metadata":{"name":"forbidden-ns"}}""")).Code);
        Assert.Equal("forbidden-ns", (string)hook.Asked.Single()["namespace"]!);
        Assert.Equal(201, (await admin.SendAsync("POST", "/api/v1/namespaces", """{"metadata":{"name":"allowed-ns"}}""")).Code);
    }

    [Fact]
    public async Task Webhooks_are_not_asked_about_webhooks_nor_about_what_the_server_writes_itself()
    {
        await using var hook = new WebhookServer();
        using var admin = server.Admin();
        hook.Answer = request => (string)request["requestResource"]!["resource"]! == "namespaces" ? new JsonObject { ["allowed"] = true } : WebhookServer.Deny("never");
        var path = WebhookSetup.Path("ValidatingWebhookConfiguration");
        const string Everything = """{"operations":["*"],"apiGroups":["*"],"apiVersions":["*"],"resources":["*/*"]}""";
        var all = WebhookSetup.Hook(hook, "all", "x", Everything).Replace("\"matchLabels\":{\"kubernetes.io/metadata.name\":\"x\"}", "");
        await admin.ValidatingAsync("all", all);
        try
        {
            // A namespace comes with an account and a certificate, which nobody but the server writes.
            Assert.Equal(201, (await admin.SendAsync("POST", "/api/v1/namespaces", """{"metadata":{"name":"own-writes"}}""")).Code);
            Assert.Equal(200, (await admin.SendAsync("GET", "/api/v1/namespaces/own-writes/serviceaccounts/default")).Code);
            Assert.Equal(400, (await admin.SendAsync("POST", "/api/v1/namespaces/own-writes/configmaps", Rest.ConfigMap("a"))).Code);
        }
        finally
        {
            Assert.Equal(200, (await admin.SendAsync("DELETE", path + "/all")).Code);
        }

        Assert.Equal(["namespaces", "configmaps"], hook.Asked.Select(asked => (string)asked["resource"]!["resource"]!));
    }

    [Fact]
    public async Task Dry_runs_are_marked_and_refused_where_a_webhook_has_side_effects()
    {
        await using var hook = new WebhookServer();
        using var admin = server.Admin();
        var ns = await admin.NamespaceAsync("dry");
        await admin.ValidatingAsync("dry", WebhookSetup.Hook(hook, "dry", "dry"));
        Assert.Equal(201, (await admin.SendAsync("POST", $"{ns}/configmaps?dryRun=All", Rest.ConfigMap("a"))).Code);
        Assert.True((bool)hook.Asked.Single()["dryRun"]!);
        // Only an older server can have stored such a configuration.
        var key = "/registry/admissionregistration.k8s.io/validatingwebhookconfigurations/dry";
        var entry = server.Store.Get(key)!;
        await server.Store.PutAsync(key, Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(entry.Value.Span).Replace("\"sideEffects\":\"None\"", "\"sideEffects\":\"Some\"")), entry.ModRevision);
        var (code, status) = await admin.SendAsync("POST", $"{ns}/configmaps?dryRun=All", Rest.ConfigMap("a"));
        Assert.Equal((400, "admission webhook \"dry.example.com\" does not support dry run"), (code, (string)status["message"]!));
        Assert.Equal(201, (await admin.SendAsync("POST", $"{ns}/configmaps", Rest.ConfigMap("a"))).Code);
    }
}
