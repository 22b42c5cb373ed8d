using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Network.TestKit;
using Xunit;

namespace Network.ControlPlane.Tests.ApiServer;

/// <summary>What operators look at: health, the audit log, and how the server behaves when there is too much to do.</summary>
public sealed class OperationsTests(ApiServerFixture server) : IClassFixture<ApiServerFixture>
{
    [Fact]
    public async Task Health_tells_each_check_and_leaves_out_what_was_excluded()
    {
        using var admin = server.Admin();
        Assert.Equal("ok", await admin.GetStringAsync("/healthz"));
        Assert.Equal("ok", await admin.GetStringAsync("/readyz/etcd"));
        Assert.Equal("ok", await admin.GetStringAsync("/livez/poststarthook/rbac/bootstrap-roles"));
        var verbose = await admin.GetStringAsync("/readyz?verbose&exclude=etcd&exclude=nonsense");
        Assert.StartsWith("[+]ping ok\n[+]log ok\n[+]etcd excluded: ok\n", verbose);
        Assert.Contains("warn: some health checks cannot be excluded: no matches for \"nonsense\"\n", verbose);
        Assert.EndsWith("readyz check passed\n", verbose);
        Assert.DoesNotContain("shutdown", await admin.GetStringAsync("/livez?verbose"));
        using var unknown = await admin.GetAsync("/readyz/nothing");
        Assert.Equal(HttpStatusCode.NotFound, unknown.StatusCode);
        using var nobody = server.Client(null);
        Assert.Equal("ok", await nobody.GetStringAsync("/livez"));
        Assert.Equal(403, (await nobody.SendAsync("GET", "/livez/etcd")).Code);
        Assert.Equal(403, (await nobody.SendAsync("GET", "/openid/v1/jwks")).Code);
    }

    [Fact]
    public async Task Too_many_writes_at_once_are_turned_away_but_superusers_and_leases_are_not()
    {
        await using var small = new ApiServerFixture { InFlight = (1, 1) };
        await small.InitializeAsync();
        using var admin = small.Admin();
        await admin.SendAsync("POST", "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
            """{"metadata":{"name":"all"},"roleRef":{"kind":"ClusterRole","name":"cluster-admin"},"subjects":[{"kind":"User","name":"busy"}]}""");
        using var busy = small.Client(small.Issue("busy"));
        var answers = await Task.WhenAll(Enumerable.Range(0, 100).Select(async i =>
        {
            using var body = new StringContent(Rest.ConfigMap($"c{i}"), System.Text.Encoding.UTF8, "application/json");
            using var answer = await busy.PostAsync("/api/v1/namespaces/default/configmaps", body);
            return (answer.StatusCode, Retry: answer.Headers.RetryAfter?.Delta);
        }));
        Assert.Contains(answers, a => a.StatusCode == HttpStatusCode.Created);
        Assert.Contains(answers, a => a is { StatusCode: HttpStatusCode.TooManyRequests, Retry: { TotalSeconds: 1 } });
        var leases = await Task.WhenAll(Enumerable.Range(0, 50).Select(async i => (await busy.SendAsync("POST",
            "/apis/coordination.k8s.io/v1/namespaces/default/leases", $$$"""{"metadata":{"name":"l{{{i}}}"}}""")).Code));
        Assert.All(leases, code => Assert.Equal(201, code));
        var masters = await Task.WhenAll(Enumerable.Range(0, 50).Select(async i => (await admin.SendAsync("POST",
            "/api/v1/namespaces/default/configmaps", Rest.ConfigMap($"m{i}"))).Code));
        Assert.All(masters, code => Assert.Equal(201, code));
    }

    [Fact]
    public async Task The_audit_log_says_who_did_what_as_far_as_the_policy_asks()
    {
        await using var audited = new ApiServerFixture
        {
            AuditPolicy = """
                apiVersion: audit.k8s.io/v1
                kind: Policy
                omitStages: [RequestReceived]
                rules:
                - {level: None, users: ["system:apiserver"]}
                - {level: Metadata, resources: [{group: "", resources: [secrets]}]}
                - {level: RequestResponse, omitManagedFields: true, namespaces: [default], verbs: [create, delete]}
                - {level: None, nonResourceURLs: ["/readyz*"]}
                - {level: Metadata}
                """,
        };
        await audited.InitializeAsync();
        using var admin = audited.Admin();
        admin.DefaultRequestHeaders.Add("Impersonate-User", "jane");
        admin.DefaultRequestHeaders.Add("Impersonate-Group", "system:masters");
        using var body = new StringContent(Rest.ConfigMap("seen"), System.Text.Encoding.UTF8, "application/json");
        using var created = await admin.PostAsync("/api/v1/namespaces/default/configmaps", body);
        var id = created.Headers.GetValues("Audit-Id").Single();
        await admin.SendAsync("POST", "/api/v1/namespaces/default/secrets", """{"metadata":{"name":"hidden"},"stringData":{"a":"b"}}""");
        await admin.SendAsync("GET", "/readyz");
        using var bob = audited.Client(audited.Issue("bob"));
        await bob.SendAsync("GET", "/api/v1/namespaces/default/pods");
        List<JsonNode> events = [];
        await Eventually.TrueAsync(() => (events = [.. audited.AuditLines().Select(l => JsonNode.Parse(l)!)]).Count >= 3, TimeSpan.FromSeconds(10));
        Assert.DoesNotContain(events, e => (string)e["stage"]! == "RequestReceived" || (string)e["requestURI"]! == "/readyz");
        var write = events.Single(e => (string)e["auditID"]! == id);
        Assert.Equal(("create", "RequestResponse", "admin", "jane"), ((string)write["verb"]!, (string)write["level"]!, (string)write["user"]!["username"]!, (string)write["impersonatedUser"]!["username"]!));
        Assert.Equal(("configmaps", "default", 201), ((string)write["objectRef"]!["resource"]!, (string)write["objectRef"]!["namespace"]!, (int)write["responseStatus"]!["code"]!));
        Assert.Equal("1", (string)write["requestObject"]!["data"]!["v"]!);
        Assert.Null(write["responseObject"]!["metadata"]!["managedFields"]);
        Assert.Equal("allow", (string)write["annotations"]!["authorization.k8s.io/decision"]!);
        var secret = events.Single(e => (string?)e["objectRef"]?["resource"] == "secrets");
        Assert.Equal(("Metadata", null, null), ((string)secret["level"]!, secret["requestObject"], secret["responseObject"]));
        var refused = events.Single(e => (string)e["user"]!["username"]! == "bob");
        Assert.Equal(("forbid", 403, "Forbidden"), ((string)refused["annotations"]!["authorization.k8s.io/decision"]!, (int)refused["responseStatus"]!["code"]!, (string)refused["responseStatus"]!["reason"]!));
        Assert.True(DateTimeOffset.TryParse((string)write["stageTimestamp"]!, CultureInfo.InvariantCulture, out _));
    }
}
