using System.Buffers.Text;
using System.Text;
using System.Text.Json.Nodes;
using Network.TestKit;
using Xunit;

namespace Network.ControlPlane.Tests.ApiServer;

public sealed class TokenTests(ApiServerFixture server) : IClassFixture<ApiServerFixture>
{
    private const string Core = "/api/v1/namespaces/default";

    [Fact]
    public async Task A_token_for_another_audience_is_refused_here_and_accepted_by_a_review_for_it()
    {
        Requires.Tool("kubectl");
        var token = server.Kubectl("create", "token", "default", "--audience=vault", "--duration=20m").Trim();
        var claims = Claims(token);
        Assert.Equal(("vault", 1200L), ((string)claims["aud"]![0]!, (long)claims["exp"]! - (long)claims["iat"]!));
        using var bearer = Bearer(token);
        Assert.Equal(401, (await bearer.SendAsync("GET", "/api")).Code);
        using var admin = server.Admin();
        var (_, review) = await admin.SendAsync("POST", "/apis/authentication.k8s.io/v1/tokenreviews", $$$"""{"spec":{"token":"{{{token}}}","audiences":["vault","other"]}}""");
        Assert.True((bool)review["status"]!["authenticated"]!);
        Assert.Equal("vault", (string)Assert.Single(review["status"]!["audiences"]!.AsArray())!);
        var (_, denied) = await admin.SendAsync("POST", "/apis/authentication.k8s.io/v1/tokenreviews", $$$"""{"spec":{"token":"{{{token}}}"}}""");
        Assert.False((bool)denied["status"]!["authenticated"]!);
        Assert.StartsWith("[invalid bearer token, token audiences", (string)denied["status"]!["error"]!);
    }

    [Fact]
    public async Task A_token_bound_to_a_pod_tells_its_node_and_dies_with_the_pod_even_when_the_name_returns()
    {
        using var admin = server.Admin();
        await admin.SendAsync("POST", "/api/v1/nodes", """{"metadata":{"name":"host1"}}""");
        const string Pod = """{"metadata":{"name":"bound"},"spec":{"nodeName":"host1","containers":[{"name":"c","image":"x"}]}}""";
        await admin.SendAsync("POST", $"{Core}/pods", Pod);
        var (code, answer) = await admin.SendAsync("POST", $"{Core}/serviceaccounts/default/token", """{"spec":{"boundObjectRef":{"kind":"Pod","apiVersion":"v1","name":"bound"}}}""");
        Assert.Equal(201, code);
        var token = (string)answer["status"]!["token"]!;
        Assert.Equal("host1", (string)Claims(token)["kubernetes.io"]!["node"]!["name"]!);
        using var bearer = Bearer(token);
        var who = (await bearer.SendAsync("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", "{}")).Body["status"]!["userInfo"]!;
        Assert.Equal("bound", (string)who["extra"]!["authentication.kubernetes.io/pod-name"]![0]!);
        Assert.Equal("host1", (string)who["extra"]!["authentication.kubernetes.io/node-name"]![0]!);
        await admin.SendAsync("DELETE", $"{Core}/pods/bound?gracePeriodSeconds=0");
        await admin.SendAsync("POST", $"{Core}/pods", Pod);
        Assert.Equal(401, (await bearer.SendAsync("GET", "/api")).Code);
    }

    [Fact]
    public async Task A_token_cannot_be_bound_to_what_is_not_there_or_belongs_to_another_account_or_last_a_minute()
    {
        using var admin = server.Admin();
        await admin.SendAsync("POST", $"{Core}/serviceaccounts", """{"metadata":{"name":"other"}}""");
        await admin.SendAsync("POST", $"{Core}/pods", """{"metadata":{"name":"theirs"},"spec":{"containers":[{"name":"c","image":"x"}]}}""");
        Assert.Equal(400, (await admin.SendAsync("POST", $"{Core}/serviceaccounts/other/token", """{"spec":{"boundObjectRef":{"kind":"Pod","name":"theirs"}}}""")).Code);
        Assert.Equal(404, (await admin.SendAsync("POST", $"{Core}/serviceaccounts/other/token", """{"spec":{"boundObjectRef":{"kind":"Secret","name":"none"}}}""")).Code);
        Assert.Equal(422, (await admin.SendAsync("POST", $"{Core}/serviceaccounts/other/token", """{"spec":{"expirationSeconds":60}}""")).Code);
    }

    [Fact]
    public async Task The_issuer_publishes_its_keys_for_verifiers_outside()
    {
        using var admin = server.Admin();
        using var keys = await admin.GetAsync("/openid/v1/jwks");
        Assert.Equal("application/jwk-set+json", keys.Content.Headers.ContentType!.MediaType);
        var key = JsonNode.Parse(await keys.Content.ReadAsStringAsync())!["keys"]![0]!;
        var header = JsonNode.Parse(Base64Url.DecodeFromChars(server.Kubectl("create", "token", "default").Split('.')[0]))!;
        Assert.Equal((string)header["kid"]!, (string)key["kid"]!);
        var configuration = (await admin.SendAsync("GET", "/.well-known/openid-configuration")).Body;
        Assert.Equal("https://kubernetes.default.svc.cluster.local/openid/v1/jwks", (string)configuration["jwks_uri"]!);
        using var stranger = server.Client(server.Issue("stranger"));
        Assert.Equal(403, (await stranger.SendAsync("GET", "/openid/v1/jwks")).Code);
    }

    private static JsonNode Claims(string token) => JsonNode.Parse(Encoding.UTF8.GetString(Base64Url.DecodeFromChars(token.Split('.')[1])))!;

    private HttpClient Bearer(string token)
    {
        var client = server.Client(null);
        client.DefaultRequestHeaders.Authorization = new("Bearer", token);
        return client;
    }
}
