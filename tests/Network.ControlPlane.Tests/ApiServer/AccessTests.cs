using Network.Api.Pki;
using Network.TestKit;
using Xunit;

namespace Network.ControlPlane.Tests.ApiServer;

public sealed class AccessTests(ApiServerFixture server) : IClassFixture<ApiServerFixture>
{
    [Fact]
    public async Task Somebody_without_rights_is_refused_with_upstreams_words()
    {
        using var client = server.Client(server.Issue("bob"));
        var (code, status) = await client.SendAsync("GET", "/api/v1/namespaces/default/pods");
        Assert.Equal(403, code);
        Assert.Equal("pods is forbidden: User \"bob\" cannot list resource \"pods\" in API group \"\" in the namespace \"default\"", (string)status["message"]!);
    }

    [Fact]
    public async Task A_certificate_of_another_authority_is_answered_with_401_and_words()
    {
        using var stranger = CertificateAuthority.Create("elsewhere", TimeProvider.System);
        var pem = stranger.Issue(new CertificateRequestSpec("admin") { Organizations = ["system:masters"], Client = true });
        using var client = server.Client(pem.Load());
        var (code, status) = await client.SendAsync("GET", "/api/v1/pods");
        Assert.Equal((401, "Unauthorized"), (code, (string)status["reason"]!));
    }

    [Fact]
    public async Task Nobody_may_read_health_and_version_but_not_objects()
    {
        using var client = server.Client(null);
        Assert.Equal("ok", (string)(await client.SendAsync("GET", "/readyz")).Body["text"]!);
        Assert.Equal(200, (await client.SendAsync("GET", "/version")).Code);
        var (code, status) = await client.SendAsync("GET", "/api/v1/secrets");
        Assert.Equal(403, code);
        Assert.Contains("system:anonymous", (string)status["message"]!);
    }

    [Fact]
    public async Task An_account_token_works_with_the_rights_bound_to_it_and_dies_with_its_account()
    {
        Requires.Tool("kubectl");
        server.Kubectl("create", "serviceaccount", "robot");
        server.Kubectl("create", "rolebinding", "robot-views", "--clusterrole=view", "--serviceaccount=default:robot");
        var token = server.Kubectl("create", "token", "robot").Trim();
        using var client = server.Client(null);
        client.DefaultRequestHeaders.Authorization = new("Bearer", token);
        Assert.Equal(200, (await client.SendAsync("GET", "/api/v1/namespaces/default/pods")).Code);
        Assert.Equal(403, (await client.SendAsync("GET", "/api/v1/namespaces/default/secrets")).Code);
        Assert.Equal(403, (await client.SendAsync("GET", "/api/v1/namespaces/kube-system/pods")).Code);
        server.Kubectl("delete", "serviceaccount", "robot");
        Assert.Equal(401, (await client.SendAsync("GET", "/api/v1/namespaces/default/pods")).Code);
    }

    [Fact]
    public void Kubectl_can_act_as_somebody_else_and_ask_what_they_may()
    {
        Requires.Tool("kubectl");
        Assert.StartsWith("no", server.Run("auth", "can-i", "delete", "nodes", "--as=jane").Output);
        Assert.StartsWith("yes", server.Run("auth", "can-i", "update", "nodes/n1", "--subresource=status", "--as=system:node:n1", "--as-group=system:nodes").Output);
    }
}
