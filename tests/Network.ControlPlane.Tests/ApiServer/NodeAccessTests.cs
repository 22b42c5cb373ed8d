using Xunit;

namespace Network.ControlPlane.Tests.ApiServer;

/// <summary>What a kubelet's certificate is good for.</summary>
public sealed class NodeAccessTests(ApiServerFixture server) : IClassFixture<ApiServerFixture>
{
    private const string Core = "/api/v1/namespaces/default";

    private HttpClient Node(string name) => server.Client(server.Issue("system:node:" + name, "system:nodes"));

    [Fact]
    public async Task A_node_reads_the_secrets_of_its_pods_and_no_others()
    {
        using var admin = server.Admin();
        foreach (var name in new[] { "used", "unused" })
            await admin.SendAsync("POST", $"{Core}/secrets", $$$"""{"metadata":{"name":"{{{name}}}"}}""");
        Assert.Equal(201, (await admin.SendAsync("POST", $"{Core}/pods", """
            {"metadata":{"name":"reader"},"spec":{"nodeName":"n1","containers":[{"name":"c","image":"x",
             "env":[{"name":"A","valueFrom":{"secretKeyRef":{"name":"used","key":"a"}}}]}]}}
            """)).Code);
        using var n1 = Node("n1");
        using var n2 = Node("n2");
        Assert.Equal(200, (await n1.SendAsync("GET", $"{Core}/secrets/used")).Code);
        Assert.Equal(200, (await n1.SendAsync("GET", $"{Core}/configmaps/kube-root-ca.crt")).Code);
        var (code, status) = await n1.SendAsync("GET", $"{Core}/secrets/unused");
        Assert.Equal(403, code);
        Assert.Equal("secrets \"unused\" is forbidden: User \"system:node:n1\" cannot get resource \"secrets\" in API group \"\" in the namespace \"default\": no relationship found between node 'n1' and this object", (string)status["message"]!);
        Assert.Equal(403, (await n2.SendAsync("GET", $"{Core}/secrets/used")).Code);
        Assert.Equal(403, (await n1.SendAsync("GET", "/api/v1/secrets")).Code);
        Assert.Equal(403, (await n1.SendAsync("DELETE", $"{Core}/secrets/used")).Code);
    }

    [Fact]
    public async Task A_node_lists_only_its_own_pods_and_writes_only_their_status()
    {
        using var admin = server.Admin();
        foreach (var node in new[] { "n3", "n4" })
            await admin.SendAsync("POST", $"{Core}/pods", $$$"""{"metadata":{"name":"on-{{{node}}}"},"spec":{"nodeName":"{{{node}}}","containers":[{"name":"c","image":"x"}]}}""");
        using var n3 = Node("n3");
        Assert.Equal(200, (await n3.SendAsync("GET", "/api/v1/pods?fieldSelector=spec.nodeName%3Dn3")).Code);
        Assert.Equal(403, (await n3.SendAsync("GET", "/api/v1/pods?fieldSelector=spec.nodeName%3Dn4")).Code);
        Assert.Equal(403, (await n3.SendAsync("GET", "/api/v1/pods")).Code);
        Assert.Equal(200, (await n3.SendAsync("PATCH", $"{Core}/pods/on-n3/status", """{"status":{"phase":"Running"}}""", "application/merge-patch+json")).Code);
        var (code, status) = await n3.SendAsync("PATCH", $"{Core}/pods/on-n4/status", """{"status":{"phase":"Running"}}""", "application/merge-patch+json");
        Assert.Equal((403, "pods \"on-n4\" is forbidden: node \"n3\" can only update pod status for pods with spec.nodeName set to itself"), (code, (string)status["message"]!));
        Assert.Equal(403, (await n3.SendAsync("PATCH", $"{Core}/pods/on-n3", """{"metadata":{"labels":{"a":"b"}}}""", "application/merge-patch+json")).Code);
        Assert.Equal(403, (await n3.SendAsync("DELETE", $"{Core}/pods/on-n4?gracePeriodSeconds=0")).Code);
        Assert.Equal(200, (await n3.SendAsync("DELETE", $"{Core}/pods/on-n3?gracePeriodSeconds=0")).Code);
    }

    [Fact]
    public async Task A_node_registers_only_itself_and_cannot_take_reserved_labels_or_drop_taints()
    {
        using var n5 = Node("n5");
        var (code, status) = await n5.SendAsync("POST", "/api/v1/nodes", """{"metadata":{"name":"n5","labels":{"node-restriction.kubernetes.io/zone":"secret"}}}""");
        Assert.Equal((403, "nodes \"n5\" is forbidden: node \"n5\" is not allowed to set the following labels: node-restriction.kubernetes.io/zone"), (code, (string)status["message"]!));
        Assert.Equal(403, (await n5.SendAsync("POST", "/api/v1/nodes", """{"metadata":{"name":"n6"}}""")).Code);
        Assert.Equal(201, (await n5.SendAsync("POST", "/api/v1/nodes", """{"metadata":{"name":"n5","labels":{"kubernetes.io/os":"linux","disk":"ssd"}}}""")).Code);
        Assert.Equal(200, (await n5.SendAsync("PATCH", "/api/v1/nodes/n5", """{"metadata":{"annotations":{"a":"b"},"labels":{"disk":"hdd"}}}""", "application/merge-patch+json")).Code);
        var (refused, why) = await n5.SendAsync("PATCH", "/api/v1/nodes/n5", """{"metadata":{"labels":{"node-role.kubernetes.io/control-plane":""}}}""", "application/merge-patch+json");
        Assert.Equal((403, "nodes \"n5\" is forbidden: is not allowed to modify labels: node-role.kubernetes.io/control-plane"), (refused, (string)why["message"]!));
        Assert.Equal(403, (await n5.SendAsync("PATCH", "/api/v1/nodes/n5", """{"spec":{"taints":null}}""", "application/merge-patch+json")).Code);
        Assert.Equal(403, (await n5.SendAsync("DELETE", "/api/v1/nodes/n5")).Code);
        // The overlay of every node has to know the others.
        Assert.Equal(200, (await n5.SendAsync("GET", "/api/v1/nodes")).Code);
    }

    [Fact]
    public async Task A_node_keeps_its_own_lease_and_creates_nothing_but_mirror_pods()
    {
        using var n7 = Node("n7");
        const string Leases = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases";
        Assert.Equal(201, (await n7.SendAsync("POST", Leases, """{"metadata":{"name":"n7"}}""")).Code);
        Assert.Equal(403, (await n7.SendAsync("POST", Leases, """{"metadata":{"name":"n8"}}""")).Code);
        Assert.Equal(403, (await n7.SendAsync("GET", $"{Leases}/n8")).Code);
        // Load balancers' addresses go from node to node; each speaks for itself alone.
        Assert.Equal(201, (await n7.SendAsync("POST", Leases, """{"metadata":{"name":"address.192.0.2.7"}}""")).Code);
        Assert.Equal(201, (await n7.SendAsync("POST", Leases, """{"metadata":{"name":"announcer.n7"}}""")).Code);
        Assert.Equal(403, (await n7.SendAsync("POST", Leases, """{"metadata":{"name":"announcer.n8"}}""")).Code);
        Assert.Equal(404, (await n7.SendAsync("GET", $"{Leases}/announcer.n8")).Code);
        Assert.Equal(403, (await n7.SendAsync("DELETE", $"{Leases}/announcer.n8")).Code);
        Assert.Equal(200, (await n7.SendAsync("GET", Leases)).Code);
        var pod = """{"metadata":{"name":"static","annotations":{}},"spec":{"nodeName":"n7","containers":[{"name":"c","image":"x"}]}}""";
        Assert.Equal(403, (await n7.SendAsync("POST", $"{Core}/pods", pod)).Code);
        var mirror = pod.Replace("\"annotations\":{}", "\"annotations\":{\"kubernetes.io/config.mirror\":\"1\"}");
        Assert.Equal(201, (await n7.SendAsync("POST", $"{Core}/pods", mirror)).Code);
        Assert.Equal(403, (await n7.SendAsync("POST", $"{Core}/pods", mirror.Replace("n7", "n9").Replace("static", "foreign"))).Code);
    }

    [Fact]
    public async Task A_node_gets_tokens_only_for_pods_it_runs()
    {
        using var admin = server.Admin();
        await admin.SendAsync("POST", $"{Core}/pods", """{"metadata":{"name":"worker"},"spec":{"nodeName":"n10","containers":[{"name":"c","image":"x"}]}}""");
        var uid = (string)(await admin.SendAsync("GET", $"{Core}/pods/worker")).Body["metadata"]!["uid"]!;
        var body = $$$"""{"spec":{"boundObjectRef":{"kind":"Pod","apiVersion":"v1","name":"worker","uid":"{{{uid}}}" } } }""";
        using var n10 = Node("n10");
        using var n11 = Node("n11");
        var (code, token) = await n10.SendAsync("POST", $"{Core}/serviceaccounts/default/token", body);
        Assert.Equal(201, code);
        Assert.NotEmpty((string)token["status"]!["token"]!);
        Assert.Equal(403, (await n11.SendAsync("POST", $"{Core}/serviceaccounts/default/token", body)).Code);
        var (loose, status) = await n10.SendAsync("POST", $"{Core}/serviceaccounts/default/token", """{"spec":{}}""");
        Assert.Equal((403, "serviceaccounts \"default\" is forbidden: node requested token not bound to a pod"), (loose, (string)status["message"]!));
    }

    [Fact]
    public async Task A_member_of_the_nodes_group_without_a_nodes_name_gets_nothing_of_a_node()
    {
        using var odd = server.Client(server.Issue("impostor", "system:nodes"));
        var (code, status) = await odd.SendAsync("GET", $"{Core}/secrets/any");
        Assert.Equal(403, code);
        Assert.Contains("unknown node for user \"impostor\"", (string)status["message"]!);
    }
}
