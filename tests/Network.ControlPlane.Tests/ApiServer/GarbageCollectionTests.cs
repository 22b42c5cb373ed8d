using Network.TestKit;
using Xunit;

namespace Network.ControlPlane.Tests.ApiServer;

public sealed class GarbageCollectionTests(ApiServerFixture server) : IClassFixture<ApiServerFixture>
{
    private const string Definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

    [Fact]
    public async Task Kinds_that_were_gone_before_they_could_be_listed_do_not_hide_later_ones()
    {
        await using var controllers = new RunningControllers(server);
        using var admin = server.Admin();
        for (var round = 0; round < 40; round++)
            await Task.WhenAll(Enumerable.Range(0, 4).Select(i => ComeAndGoAsync(admin, $"short{round}x{i}")));
        await DefineAsync(admin, "gadget");
        const string Gadgets = "/apis/gc.example.com/v1/namespaces/default/gadgets";
        var owner = await admin.SendAsync("POST", Gadgets, """{"apiVersion":"gc.example.com/v1","kind":"Gadget","metadata":{"name":"owner"}}""");
        Assert.Equal(201, owner.Code);
        Assert.Equal(201, (await admin.SendAsync("POST", Gadgets, $$$"""
            {"apiVersion":"gc.example.com/v1","kind":"Gadget","metadata":{"name":"owned","ownerReferences":
             [{"apiVersion":"gc.example.com/v1","kind":"Gadget","name":"owner","uid":"{{{owner.Body["metadata"]!["uid"]}}}"}]}}
            """)).Code);
        Assert.Equal(200, (await admin.SendAsync("DELETE", $"{Gadgets}/owner?propagationPolicy=Background")).Code);
        await Eventually.TrueAsync(async () => (await admin.SendAsync("GET", $"{Gadgets}/owned")).Code == 404, TimeSpan.FromSeconds(20), () => "the owned object is still there");
    }

    private static async Task ComeAndGoAsync(HttpClient admin, string name)
    {
        await DefineAsync(admin, name);
        Assert.Equal(200, (await admin.SendAsync("DELETE", $"{Definitions}/{name}s.gc.example.com")).Code);
    }

    private static async Task DefineAsync(HttpClient admin, string name)
    {
        var kind = char.ToUpperInvariant(name[0]) + name[1..];
        Assert.Equal(201, (await admin.SendAsync("POST", Definitions, $$$"""
            {"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"{{{name}}}s.gc.example.com"},"spec":{"group":"gc.example.com","scope":"Namespaced",
             "names":{"plural":"{{{name}}}s","kind":"{{{kind}}}"},"versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object"} } }]} }
            """)).Code);
        await Eventually.TrueAsync(async () => (await admin.SendAsync("GET", $"/apis/gc.example.com/v1/namespaces/default/{name}s")).Code == 200, TimeSpan.FromSeconds(20));
    }
}
