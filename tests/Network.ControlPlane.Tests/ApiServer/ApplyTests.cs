using System.Text.Json.Nodes;
using Network.TestKit;
using Xunit;

namespace Network.ControlPlane.Tests.ApiServer;

public sealed class ApplyTests : IClassFixture<ApiServerFixture>
{
    private const string Web = """
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: NAME, labels: {tier: front}}
        spec:
          replicas: 2
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec:
              containers:
              - {name: c, image: "nginx:1.25", env: [{name: A, value: "1"}, {name: B, value: "2"}]}
        """;

    private readonly ApiServerFixture _server;

    public ApplyTests(ApiServerFixture server)
    {
        Requires.Tool("kubectl");
        _server = server;
    }

    private JsonNode Get(string name) => JsonNode.Parse(_server.Kubectl("get", "deployment", name, "-o", "json", "--show-managed-fields"))!;

    [Fact]
    public void A_field_that_its_only_owner_drops_disappears()
    {
        var text = Web.Replace("NAME", "drop");
        _server.Kubectl("apply", "--server-side", "-f", _server.Manifest(text));
        _server.Kubectl("apply", "--server-side", "-f", _server.Manifest(text.Replace(", {name: B, value: \"2\"}", "").Replace(", labels: {tier: front}", "")));
        var live = Get("drop");
        Assert.Equal("A", (string)Assert.Single(live["spec"]!["template"]!["spec"]!["containers"]![0]!["env"]!.AsArray())!["name"]!);
        Assert.Null(live["metadata"]!["labels"]?["tier"]);
        Assert.Equal(2, (int)live["metadata"]!["generation"]!);
    }

    [Fact]
    public void Another_owners_value_conflicts_until_forced()
    {
        var text = Web.Replace("NAME", "fight");
        _server.Kubectl("apply", "--server-side", "-f", _server.Manifest(text));
        _server.Kubectl("scale", "deployment/fight", "--replicas=7");
        var refused = _server.Run("apply", "--server-side", "-f", _server.Manifest(text));
        Assert.Contains("Apply failed with 1 conflict: conflict with \"kubectl\" using apps/v1: .spec.replicas", refused.Error);
        _server.Kubectl("apply", "--server-side", "--force-conflicts", "-f", _server.Manifest(text));
        Assert.Equal(2, (int)Get("fight")["spec"]!["replicas"]!);
    }

    [Fact]
    public async Task An_undeclared_field_is_the_clients_fault()
    {
        using var client = _server.Admin();
        var answer = await client.SendAsync("PATCH", "/api/v1/namespaces/default/configmaps/undeclared?fieldManager=f",
            """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"undeclared"},"colour":"red"}""", "application/apply-patch+yaml");
        Assert.Equal(400, answer.Code);
        Assert.Equal("failed to create typed patch object (default/undeclared; v1, Kind=ConfigMap): .colour: field not declared in schema", (string)answer.Body["message"]!);
    }

    [Fact]
    public void Applying_the_same_twice_changes_nothing()
    {
        var path = _server.Manifest(Web.Replace("NAME", "same"));
        _server.Kubectl("apply", "--server-side", "-f", path);
        var first = Get("same").Revision();
        _server.Kubectl("apply", "--server-side", "-f", path);
        Assert.Equal(first, Get("same").Revision());
    }

    [Fact]
    public void An_object_applied_by_the_client_can_move_to_the_server()
    {
        var text = Web.Replace("NAME", "move");
        _server.Kubectl("apply", "-f", _server.Manifest(text));
        _server.Kubectl("apply", "--server-side", "-f", _server.Manifest(text.Replace("1.25", "1.26")));
        var live = Get("move");
        Assert.Equal("nginx:1.26", (string)live["spec"]!["template"]!["spec"]!["containers"]![0]!["image"]!);
        Assert.DoesNotContain(live["metadata"]!["managedFields"]!.AsArray(), m => (string)m!["manager"]! == "kubectl-client-side-apply");
    }
}
