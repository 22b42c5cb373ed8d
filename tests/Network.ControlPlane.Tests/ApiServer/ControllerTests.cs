using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Network.Linux;
using Network.TestKit;
using Xunit;

namespace Network.ControlPlane.Tests.ApiServer;

/// <summary>Controllers about rights and budgets, against a real API server.</summary>
public sealed class ControllerTests(ApiServerFixture server) : IClassFixture<ApiServerFixture>
{
    private const string Requests = "/apis/certificates.k8s.io/v1/certificatesigningrequests";
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task A_person_asks_for_a_certificate_with_openssl_and_uses_it_once_kubectl_approved_it()
    {
        Requires.Tool("kubectl");
        Requires.Tool("openssl");
        await using var controllers = new RunningControllers(server);
        var (key, request) = (Path.Combine(server.ScratchDirectory, "carol.key"), Path.Combine(server.ScratchDirectory, "carol.csr"));
        (await Command.RunAsync(new ChildSpec("openssl", ["req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", request, "-subj", "/O=dev/CN=carol"]))).OrThrow("openssl req");
        using var admin = server.Admin();
        Assert.Equal(201, (await AskAsync(admin, "carol", await File.ReadAllTextAsync(request), "kube-apiserver-client", "client auth")).Code);
        Assert.Matches(@"carol\s+\S+\s+kubernetes.io/kube-apiserver-client\s+admin\s+<none>\s+Pending", server.Kubectl("get", "csr", "carol"));
        server.Kubectl("certificate", "approve", "carol");
        var pem = await CertificateAsync(admin, "carol");
        var keyText = await File.ReadAllTextAsync(key);
        using var certificate = X509Certificate2.CreateFromPem(pem, keyText);
        using var carol = server.Client(X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), null));
        var who = (await carol.SendAsync("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", "{}")).Body["status"]!["userInfo"]!;
        Assert.Equal(("carol", "dev"), ((string)who["username"]!, (string)who["groups"]![0]!));
        Assert.Contains("Approved,Issued", server.Kubectl("get", "csr", "carol"));
    }

    [Fact]
    public async Task A_new_node_gets_its_certificate_with_a_bootstrap_token_alone()
    {
        await using var controllers = new RunningControllers(server);
        using var admin = server.Admin();
        string Data(string text) => Convert.ToBase64String(Encoding.ASCII.GetBytes(text));
        Assert.Equal(201, (await admin.SendAsync("POST", "/api/v1/namespaces/kube-system/secrets", $$$"""
            {"metadata":{"name":"bootstrap-token-abcdef"},"type":"bootstrap.kubernetes.io/token","data":{"token-id":"{{{Data("abcdef")}}}",
             "token-secret":"{{{Data("0123456789abcdef")}}}","usage-bootstrap-authentication":"{{{Data("true")}}}"}}
            """)).Code);
        using var joining = server.Client(null);
        joining.DefaultRequestHeaders.Authorization = new("Bearer", "abcdef.0123456789abcdef");
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        Assert.Equal(201, (await AskAsync(joining, "join", Request(key, "O=system:nodes, CN=system:node:w9"), "kube-apiserver-client-kubelet", "client auth", "digital signature")).Code);
        using var certificate = X509Certificate2.CreateFromPem(await CertificateAsync(admin, "join")).CopyWithPrivateKey(key);
        using var node = server.Client(X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), null));
        Assert.Equal(201, (await node.SendAsync("POST", "/api/v1/nodes", """{"metadata":{"name":"w9"}}""")).Code);
        Assert.Equal(403, (await joining.SendAsync("GET", "/api/v1/nodes")).Code);
        joining.DefaultRequestHeaders.Authorization = new("Bearer", "abcdef.0123456789abcdee");
        Assert.Equal(401, (await joining.SendAsync("GET", "/api/v1/nodes")).Code);
    }

    [Fact]
    public async Task A_request_the_signer_cannot_accept_fails_with_its_reason_and_nobody_asks_to_be_a_master()
    {
        await using var controllers = new RunningControllers(server);
        using var admin = server.Admin();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        await AskAsync(admin, "wrong", Request(key, "CN=x"), "kube-apiserver-client-kubelet", "client auth", "digital signature");
        await admin.SendAsync("PATCH", $"{Requests}/wrong/approval", """{"status":{"conditions":[{"type":"Approved","status":"True","reason":"x","message":""}]}}""", "application/merge-patch+json");
        JsonNode? failed = null;
        await Eventually.TrueAsync(async () => (failed = (await admin.SendAsync("GET", $"{Requests}/wrong")).Body["status"]?["conditions"]?.AsArray()
            .FirstOrDefault(c => (string?)c!["type"] == "Failed")) is not null, s_patience);
        Assert.Equal("subject organization is not system:nodes", (string)failed!["message"]!);
        var (code, status) = await AskAsync(admin, "master", Request(key, "O=system:masters, CN=x"), "kube-apiserver-client", "client auth");
        Assert.Equal(403, code);
        Assert.Contains("use of kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed", (string)status["message"]!);
    }

    [Fact]
    public async Task Approving_needs_the_signer_s_right_and_is_for_ever()
    {
        using var admin = server.Admin();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        await AskAsync(admin, "theirs", Request(key, "CN=y"), "kube-apiserver-client", "client auth");
        await admin.SendAsync("POST", "/apis/rbac.authorization.k8s.io/v1/clusterroles", """
            {"metadata":{"name":"approver"},"rules":[{"verbs":["get","update","patch"],"apiGroups":["certificates.k8s.io"],"resources":["certificatesigningrequests","certificatesigningrequests/approval"]}]}
            """);
        await admin.SendAsync("POST", "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", """
            {"metadata":{"name":"approver"},"roleRef":{"kind":"ClusterRole","name":"approver"},"subjects":[{"kind":"User","name":"paul"}]}
            """);
        using var paul = server.Client(server.Issue("paul"));
        var body = """{"status":{"conditions":[{"type":"Denied","status":"True","reason":"no","message":""}]}}""";
        var (code, status) = await paul.SendAsync("PATCH", $"{Requests}/theirs/approval", body, "application/merge-patch+json");
        Assert.Equal(403, code);
        Assert.Contains("user not permitted to approve requests with signerName \"kubernetes.io/kube-apiserver-client\"", (string)status["message"]!);
        Assert.Equal(200, (await admin.SendAsync("PATCH", $"{Requests}/theirs/approval", body, "application/merge-patch+json")).Code);
        Assert.Equal(422, (await admin.SendAsync("PATCH", $"{Requests}/theirs/approval", """{"status":{"conditions":[]}}""", "application/merge-patch+json")).Code);
    }

    [Fact]
    public async Task A_secret_of_the_token_type_is_filled_and_its_token_works_until_the_secret_goes()
    {
        await using var controllers = new RunningControllers(server);
        using var admin = server.Admin();
        await admin.SendAsync("POST", "/api/v1/namespaces/default/serviceaccounts", """{"metadata":{"name":"old"}}""");
        Assert.Equal(422, (await admin.SendAsync("POST", "/api/v1/namespaces/default/secrets", """{"metadata":{"name":"no"},"type":"kubernetes.io/service-account-token"}""")).Code);
        await admin.SendAsync("POST", "/api/v1/namespaces/default/secrets", """
            {"metadata":{"name":"old-token","annotations":{"kubernetes.io/service-account.name":"old"}},"type":"kubernetes.io/service-account-token"}
            """);
        string? token = null;
        await Eventually.TrueAsync(async () => (token = (string?)(await admin.SendAsync("GET", "/api/v1/namespaces/default/secrets/old-token")).Body["data"]?["token"]) is not null, s_patience);
        using var old = server.Client(null);
        old.DefaultRequestHeaders.Authorization = new("Bearer", Encoding.ASCII.GetString(Convert.FromBase64String(token!)));
        var who = (await old.SendAsync("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", "{}")).Body["status"]!["userInfo"]!;
        Assert.Equal("system:serviceaccount:default:old", (string)who["username"]!);
        await admin.SendAsync("DELETE", "/api/v1/namespaces/default/secrets/old-token");
        Assert.Equal(401, (await old.SendAsync("GET", "/version")).Code);
    }

    [Fact]
    public async Task A_role_labelled_for_view_soon_belongs_to_view_edit_and_admin()
    {
        Requires.Tool("kubectl");
        await using var controllers = new RunningControllers(server);
        using var admin = server.Admin();
        await admin.SendAsync("POST", "/apis/rbac.authorization.k8s.io/v1/clusterroles", """
            {"metadata":{"name":"see-gadgets","labels":{"rbac.authorization.k8s.io/aggregate-to-view":"true"}},"rules":[{"verbs":["get"],"apiGroups":["x.io"],"resources":["gadgets"]}]}
            """);
        foreach (var role in new[] { "view", "edit", "admin" })
            await Eventually.TrueAsync(() => server.Kubectl("describe", "clusterrole", role).Contains("gadgets.x.io"), s_patience);
        await admin.SendAsync("DELETE", "/apis/rbac.authorization.k8s.io/v1/clusterroles/see-gadgets");
        await Eventually.TrueAsync(() => !server.Kubectl("describe", "clusterrole", "admin").Contains("gadgets.x.io"), s_patience);
    }

    [Fact]
    public async Task A_quota_falls_again_when_what_it_counts_is_deleted()
    {
        await using var controllers = new RunningControllers(server);
        using var admin = server.Admin();
        await admin.SendAsync("POST", "/api/v1/namespaces", """{"metadata":{"name":"counted"}}""");
        await admin.SendAsync("POST", "/api/v1/namespaces/counted/resourcequotas", """{"metadata":{"name":"q"},"spec":{"hard":{"configmaps":"3","services":"2","pods":"1"}}}""");
        async Task<string> UsedAsync(string what) => (string?)(await admin.SendAsync("GET", "/api/v1/namespaces/counted/resourcequotas/q")).Body["status"]?["used"]?[what] ?? "";
        await Eventually.TrueAsync(async () => await UsedAsync("configmaps") == "1" && await UsedAsync("pods") == "0", s_patience);
        await admin.SendAsync("POST", "/api/v1/namespaces/counted/configmaps", Rest.ConfigMap("one"));
        Assert.Equal("2", await UsedAsync("configmaps"));
        await admin.SendAsync("DELETE", "/api/v1/namespaces/counted/configmaps/one");
        await Eventually.TrueAsync(async () => await UsedAsync("configmaps") == "1", s_patience);
    }

    [Fact]
    public async Task A_budget_counts_ready_pods_and_an_eviction_spends_it()
    {
        await using var controllers = new RunningControllers(server);
        using var admin = server.Admin();
        const string Pods = "/api/v1/namespaces/default/pods";
        // Pods of a node that does not exist would be collected.
        await admin.SendAsync("POST", "/api/v1/nodes", """{"metadata":{"name":"somewhere"}}""");
        foreach (var i in new[] { 1, 2 })
        {
            await admin.SendAsync("POST", Pods, $$$"""{"metadata":{"name":"db{{{i}}}","labels":{"app":"db"}},"spec":{"nodeName":"somewhere","containers":[{"name":"c","image":"x"}]}}""");
            await admin.SendAsync("PATCH", $"{Pods}/db{i}/status", """{"status":{"phase":"Running","conditions":[{"type":"Ready","status":"True"}]}}""", "application/merge-patch+json");
        }

        await admin.SendAsync("POST", "/apis/policy/v1/namespaces/default/poddisruptionbudgets", """{"metadata":{"name":"db"},"spec":{"minAvailable":1,"selector":{"matchLabels":{"app":"db"}}}}""");
        async Task<int> AllowedAsync() => (int?)(await admin.SendAsync("GET", "/apis/policy/v1/namespaces/default/poddisruptionbudgets/db")).Body["status"]?["disruptionsAllowed"] ?? -1;
        await Eventually.TrueAsync(async () => await AllowedAsync() == 1, s_patience);
        Assert.Equal(201, (await admin.SendAsync("POST", $"{Pods}/db1/eviction", """{"apiVersion":"policy/v1","kind":"Eviction","metadata":{"name":"db1"}}""")).Code);
        var (code, status) = await admin.SendAsync("POST", $"{Pods}/db2/eviction", """{"apiVersion":"policy/v1","kind":"Eviction","metadata":{"name":"db2"}}""");
        Assert.Equal((429, "Cannot evict pod as it would violate the pod's disruption budget."), (code, (string)status["message"]!));
        await Eventually.TrueAsync(async () => await AllowedAsync() == 0, s_patience);
    }

    private static string Request(ECDsa key, string subject) =>
        new CertificateRequest(new X500DistinguishedName(subject), key, HashAlgorithmName.SHA256).CreateSigningRequestPem();

    private static Task<(int Code, JsonNode Body)> AskAsync(HttpClient client, string name, string pem, string signer, params string[] usages)
    {
        var body = new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = name },
            ["spec"] = new JsonObject
            {
                ["request"] = Convert.ToBase64String(Encoding.ASCII.GetBytes(pem)), ["signerName"] = "kubernetes.io/" + signer,
                ["usages"] = new JsonArray([.. usages.Select(u => (JsonNode)u)]), ["username"] = string.Create(CultureInfo.InvariantCulture, $"forged-{name}"),
            },
        };
        return client.SendAsync("POST", Requests, body.ToJsonString());
    }

    private static async Task<string> CertificateAsync(HttpClient admin, string name)
    {
        JsonNode? last = null;
        await Eventually.TrueAsync(async () => (last = (await admin.SendAsync("GET", $"{Requests}/{name}")).Body)["status"]?["certificate"] is not null, s_patience, () => last?.ToJsonString() ?? "");
        return Encoding.ASCII.GetString(Convert.FromBase64String((string)last!["status"]!["certificate"]!));
    }
}
