using System.Text.Json.Nodes;
using Network.Store;
using Network.TestKit;
using Xunit;

namespace Network.ControlPlane.Tests.ApiServer;

public sealed class ListPagesTests
{
    private const string Maps = "/api/v1/namespaces/default/configmaps";

    [Fact]
    public async Task A_token_of_compacted_history_comes_back_as_one_to_go_on()
    {
        await using var server = new ApiServerFixture { History = new StoreSettings { MaxHistoryBytes = 64 * 1024, HousekeepingEvery = TimeSpan.FromMilliseconds(50) } };
        await server.InitializeAsync();
        using var client = server.Admin();
        for (var i = 0; i < 30; i++)
            Assert.Equal(201, (await client.SendAsync("POST", Maps, Rest.ConfigMap($"m{i:00}"))).Code);
        var page = await client.SendAsync("GET", $"{Maps}?limit=10");
        var token = (string)page.Body["metadata"]!["continue"]!;
        var refusal = page;
        await Eventually.TrueAsync(async () =>
        {
            await client.SendAsync("PUT", $"{Maps}/m29", Rest.ConfigMap("m29", Guid.NewGuid() + new string('x', 30_000)));
            refusal = await client.SendAsync("GET", $"{Maps}?limit=10&continue={token}");
            return refusal.Code == 410;
        }, TimeSpan.FromSeconds(20), () => "the token's revision is still there");
        Assert.Equal("Expired", (string)refusal.Body["reason"]!);
        var rest = await client.SendAsync("GET", $"{Maps}?limit=500&continue={refusal.Body["metadata"]!["continue"]}");
        Assert.Equal(Enumerable.Range(0, 30).Select(i => $"m{i:00}"), Names(page.Body).Concat(Names(rest.Body)));
    }

    private static IEnumerable<string> Names(JsonNode list) =>
        list["items"]!.AsArray().Select(item => (string)item!["metadata"]!["name"]!).Where(name => name.StartsWith('m'));
}
