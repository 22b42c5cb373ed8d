using Network.TestKit;
using Xunit;

namespace Network.ControlPlane.Tests.ApiServer;

public sealed class DefinitionRemovalTests
{
    private const string Definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", Things = "/apis/removal.example.com/v1/namespaces/default/things";

    [Fact]
    public async Task Watchers_see_the_objects_go_before_they_are_cut_off()
    {
        await using var server = new ApiServerFixture { Around = store => new LateStore(store, "removal.example.com/things/") };
        await server.InitializeAsync();
        using var admin = server.Admin();
        Assert.Equal(201, (await admin.SendAsync("POST", Definitions, """
            {"kind":"CustomResourceDefinition","apiVersion":"apiextensions.k8s.io/v1","metadata":{"name":"things.removal.example.com"},"spec":{"group":"removal.example.com","scope":"Namespaced",
             "names":{"plural":"things","kind":"Thing"},"versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object"}}}]}}
            """)).Code);
        await Eventually.TrueAsync(async () => (await admin.SendAsync("GET", Things)).Code == 200, TimeSpan.FromSeconds(20));
        var thing = await admin.SendAsync("POST", Things, """{"apiVersion":"removal.example.com/v1","kind":"Thing","metadata":{"name":"a"}}""");
        Assert.Equal(201, thing.Code);
        var seen = await admin.WatchAsync($"{Things}?watch=true&timeoutSeconds=20&resourceVersion={thing.Body.Revision()}", 1,
            () => admin.SendAsync("DELETE", $"{Definitions}/things.removal.example.com"));
        Assert.Equal("DELETED", (string)Assert.Single(seen)["type"]!);
    }
}
