using System.Text.Json.Nodes;
using Network.TestKit;
using Xunit;

namespace Network.ControlPlane.Tests.ApiServer;

public sealed class RbacTests(ApiServerFixture server) : IClassFixture<ApiServerFixture>
{
    private const string Rbac = "/apis/rbac.authorization.k8s.io/v1";

    [Fact]
    public async Task A_rule_with_names_allows_these_names_and_a_list_limited_to_them()
    {
        await BindAsync("named", "nora", """{"verbs":["get","list"],"apiGroups":[""],"resources":["configmaps"],"resourceNames":["mine"]}""");
        using var admin = server.Admin();
        await admin.SendAsync("POST", "/api/v1/namespaces/default/configmaps", Rest.ConfigMap("mine"));
        using var nora = server.Client(server.Issue("nora"));
        Assert.Equal(200, (await nora.SendAsync("GET", "/api/v1/namespaces/default/configmaps/mine")).Code);
        Assert.Equal(403, (await nora.SendAsync("GET", "/api/v1/namespaces/default/configmaps/other")).Code);
        Assert.Equal(403, (await nora.SendAsync("GET", "/api/v1/namespaces/default/configmaps")).Code);
        Assert.Equal(200, (await nora.SendAsync("GET", "/api/v1/namespaces/default/configmaps?fieldSelector=metadata.name%3Dmine")).Code);
    }

    [Fact]
    public async Task A_role_with_rights_its_author_does_not_hold_is_refused_with_the_missing_rights()
    {
        await BindAsync("role-writer", "rita", """{"verbs":["create","update"],"apiGroups":["rbac.authorization.k8s.io"],"resources":["roles"]}""",
            """{"verbs":["get"],"apiGroups":[""],"resources":["pods"]}""");
        using var rita = server.Client(server.Issue("rita"));
        var (code, status) = await rita.SendAsync("POST", $"{Rbac}/namespaces/default/roles", """
            {"metadata":{"name":"thief"},"rules":[{"verbs":["get","list"],"apiGroups":[""],"resources":["pods","secrets"]}]}
            """);
        Assert.Equal(403, code);
        Assert.Equal("""
            roles.rbac.authorization.k8s.io "thief" is forbidden: user "rita" (groups=["system:authenticated"]) is attempting to grant RBAC permissions not currently held:
            {APIGroups:[""], Resources:["pods"], Verbs:["list"]}
            {APIGroups:[""], Resources:["secrets"], Verbs:["get" "list"]}
            """, (string)status["message"]!);
        Assert.Equal(201, (await rita.SendAsync("POST", $"{Rbac}/namespaces/default/roles", """
            {"metadata":{"name":"honest"},"rules":[{"verbs":["get"],"apiGroups":[""],"resources":["pods"],"resourceNames":["a"]}]}
            """)).Code);
    }

    [Fact]
    public async Task A_binding_needs_the_rights_of_its_role_or_the_verb_bind()
    {
        await BindAsync("binder", "bea", """{"verbs":["create"],"apiGroups":["rbac.authorization.k8s.io"],"resources":["rolebindings"]}""",
            """{"verbs":["bind"],"apiGroups":["rbac.authorization.k8s.io"],"resources":["clusterroles"],"resourceNames":["view"]}""");
        using var bea = server.Client(server.Issue("bea"));
        Assert.Equal(201, (await bea.SendAsync("POST", $"{Rbac}/namespaces/default/rolebindings", BindingTo("bea-view", "view", "bob"))).Code);
        var (code, status) = await bea.SendAsync("POST", $"{Rbac}/namespaces/default/rolebindings", BindingTo("bea-edit", "edit", "bob"));
        Assert.Equal(403, code);
        Assert.Contains("is attempting to grant RBAC permissions not currently held", (string)status["message"]!);
        Assert.Equal(404, (await bea.SendAsync("POST", $"{Rbac}/namespaces/default/rolebindings", BindingTo("bea-none", "nothing", "bob"))).Code);
    }

    [Fact]
    public async Task An_aggregated_role_needs_a_cluster_admin()
    {
        await BindAsync("aggregator", "agnes", """{"verbs":["create"],"apiGroups":["rbac.authorization.k8s.io"],"resources":["clusterroles"]}""");
        using var agnes = server.Client(server.Issue("agnes"));
        var (code, status) = await agnes.SendAsync("POST", $"{Rbac}/clusterroles", """
            {"metadata":{"name":"all"},"aggregationRule":{"clusterRoleSelectors":[{"matchLabels":{"a":"b"}}]},"rules":[]}
            """);
        Assert.Equal(403, code);
        Assert.EndsWith("must have cluster-admin privileges to use the aggregationRule", (string)status["message"]!);
    }

    [Fact]
    public void Kubectl_explains_and_lists_what_somebody_may()
    {
        Requires.Tool("kubectl");
        server.Kubectl("create", "rolebinding", "lena-views", "--clusterrole=view", "--user=lena");
        var list = server.Kubectl("auth", "can-i", "--list", "--as=lena");
        Assert.Matches(@"configmaps\s+\[\]\s+\[\]\s+\[get list watch\]", list);
        Assert.Matches(@"\[/healthz\]\s+\[\]\s+\[get\]", list);
        Assert.DoesNotContain("secrets ", list);
        Assert.StartsWith("yes", server.Run("auth", "can-i", "get", "pods", "--subresource=log", "--as=lena").Output);
        Assert.StartsWith("no", server.Run("auth", "can-i", "get", "secrets", "--as=lena").Output);
        Assert.StartsWith("yes", server.Run("auth", "can-i", "get", "/readyz", "--as=lena").Output);
    }

    [Fact]
    public void Impersonation_of_user_groups_and_uid_is_shown_by_whoami_and_needs_its_own_rights()
    {
        Requires.Tool("kubectl");
        var who = JsonNode.Parse(server.Kubectl("auth", "whoami", "-o", "json", "--as=jane", "--as-group=dev", "--as-group=ops", "--as-uid=42"))!["status"]!["userInfo"]!;
        Assert.Equal(("jane", "42"), ((string)who["username"]!, (string)who["uid"]!));
        Assert.Equal(["dev", "ops", "system:authenticated"], who["groups"]!.AsArray().Select(g => (string)g!));
        var account = JsonNode.Parse(server.Kubectl("auth", "whoami", "-o", "json", "--as=system:serviceaccount:shop:till"))!["status"]!["userInfo"]!;
        Assert.Contains("system:serviceaccounts:shop", account["groups"]!.AsArray().Select(g => (string)g!));
    }

    [Fact]
    public async Task Who_may_not_impersonate_an_extra_value_is_told_so()
    {
        await BindClusterAsync("actor", "adam", """{"verbs":["impersonate"],"apiGroups":[""],"resources":["users"]}""",
            """{"verbs":["impersonate"],"apiGroups":["authentication.k8s.io"],"resources":["userextras/scopes"],"resourceNames":["view"]}""");
        using var adam = server.Client(server.Issue("adam"));
        adam.DefaultRequestHeaders.Add("Impersonate-User", "eve");
        adam.DefaultRequestHeaders.Add("Impersonate-Extra-Scopes", "view");
        var (code, me) = await adam.SendAsync("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", "{}");
        Assert.Equal((201, "view"), (code, (string)me["status"]!["userInfo"]!["extra"]!["scopes"]![0]!));
        adam.DefaultRequestHeaders.Add("Impersonate-Group", "system:masters");
        var (refused, status) = await adam.SendAsync("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", "{}");
        Assert.Equal(403, refused);
        Assert.Equal("groups \"system:masters\" is forbidden: User \"adam\" cannot impersonate resource \"groups\" in API group \"\" at the cluster scope", (string)status["message"]!);
    }

    [Fact]
    public async Task Reviews_about_others_answer_with_the_binding_that_allows_and_refuse_nonsense()
    {
        using var admin = server.Admin();
        var (_, review) = await admin.SendAsync("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", """
            {"spec":{"user":"x","groups":["system:authenticated"],"nonResourceAttributes":{"verb":"get","path":"/version"}}}
            """);
        Assert.True((bool)review["status"]!["allowed"]!);
        Assert.Equal("RBAC: allowed by ClusterRoleBinding \"system:discovery\" of ClusterRole \"system:discovery\" to Group \"system:authenticated\"", (string)review["status"]!["reason"]!);
        Assert.Equal(422, (await admin.SendAsync("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", """{"spec":{"user":"x"}}""")).Code);
        Assert.Equal(422, (await admin.SendAsync("POST", "/apis/authorization.k8s.io/v1/namespaces/default/localsubjectaccessreviews",
            """{"spec":{"user":"x","resourceAttributes":{"verb":"get","resource":"pods","namespace":"kube-system"}}}""")).Code);
    }

    private Task BindAsync(string name, string user, params string[] rules) => BindClusterAsync(name, user, rules);

    private async Task BindClusterAsync(string name, string user, params string[] rules)
    {
        using var admin = server.Admin();
        Assert.Equal(201, (await admin.SendAsync("POST", $"{Rbac}/clusterroles", $$"""{"metadata":{"name":"{{name}}"},"rules":[{{string.Join(',', rules)}}]}""")).Code);
        Assert.Equal(201, (await admin.SendAsync("POST", $"{Rbac}/clusterrolebindings", BindingTo(name, name, user))).Code);
    }

    private static string BindingTo(string name, string role, string user) => $$$"""
        {"metadata":{"name":"{{{name}}}"},"roleRef":{"kind":"ClusterRole","name":"{{{role}}}"},"subjects":[{"kind":"User","name":"{{{user}}}"}]}
        """;
}
