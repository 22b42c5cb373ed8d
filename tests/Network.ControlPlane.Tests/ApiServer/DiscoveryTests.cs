using System.Net;
using System.Text.Json.Nodes;
using Network.TestKit;
using Xunit;

namespace Network.ControlPlane.Tests.ApiServer;

/// <summary>Discovery against the documents of an upstream server. Every difference is in one list here, with its reason.</summary>
public sealed class DiscoveryTests(ApiServerFixture server) : IClassFixture<ApiServerFixture>
{
    private const string Resize = "containers are not resized in place";
    private const string Betas = "only stable versions are served";
    private const string Alias = "removed upstream in 1.25; kept so that kubectl 1.20 works whole";
    private const string NotServed = "devices, storage versions and their migration are not part of the product";

    // storageVersionHash is left out everywhere: it is a hash of upstream's Go type names and serves its own migrator.
    private static readonly Dictionary<string, string> s_deviations = new()
    {
        ["v1 pods/resize: not served"] = Resize,
        ["certificates.k8s.io/v1beta1: not served"] = Betas, ["certificates.k8s.io/v1alpha1: not served"] = Betas,
        ["networking.k8s.io/v1beta1: not served"] = Betas, ["storage.k8s.io/v1beta1: not served"] = Betas,
        ["admissionregistration.k8s.io/v1beta1: not served"] = Betas, ["admissionregistration.k8s.io/v1alpha1: not served"] = Betas,
        ["scheduling.k8s.io/v1alpha2: not served"] = Betas, ["coordination.k8s.io/v1beta1: not served"] = Betas,
        ["coordination.k8s.io/v1alpha2: not served"] = Betas,
        ["resource.k8s.io/v1: not served"] = NotServed, ["resource.k8s.io/v1beta2: not served"] = NotServed,
        ["resource.k8s.io/v1beta1: not served"] = NotServed, ["resource.k8s.io/v1alpha3: not served"] = NotServed,
        ["internal.apiserver.k8s.io/v1alpha1: not served"] = NotServed, ["storagemigration.k8s.io/v1beta1: not served"] = NotServed,
        ["batch/v1beta1: added"] = Alias, ["policy/v1beta1: added"] = Alias, ["discovery.k8s.io/v1beta1: added"] = Alias,
    };

    [Fact]
    public async Task Legacy_documents_are_those_of_upstream_but_for_the_listed_differences()
    {
        var folder = Requires.Data("discovery");
        using var client = server.Admin();
        var found = new SortedSet<string>(StringComparer.Ordinal);
        var theirs = Versions(Golden(folder, "apis"));
        var ours = Versions((await client.SendAsync("GET", "/apis")).Body);
        Compare(theirs, ours, found);
        Compare(theirs.Where(ours.Contains), ours.Where(theirs.Contains), "order of the groups", found);
        foreach (var version in theirs.Where(ours.Contains).Append("v1"))
        {
            var (file, path) = version == "v1" ? ("api__v1", "/api/v1") : ("apis__" + version.Replace("/", "__"), "/apis/" + version);
            CompareResources(version, Golden(folder, file), (await client.SendAsync("GET", path)).Body, found);
        }

        foreach (var group in theirs.Where(ours.Contains).Select(v => v.Split('/')[0]).Distinct())
        {
            var (want, got) = (Golden(folder, "apis__" + group), (await client.SendAsync("GET", "/apis/" + group)).Body);
            Assert.Equal((string?)want["preferredVersion"]!["groupVersion"], (string?)got["preferredVersion"]!["groupVersion"]);
            Assert.Equal(((string?)want["kind"], (string?)want["apiVersion"], (string?)want["name"]), ((string?)got["kind"], (string?)got["apiVersion"], (string?)got["name"]));
        }

        Judge(found);
    }

    [Theory]
    [InlineData("v2")]
    [InlineData("v2beta1")]
    public async Task Aggregated_document_is_that_of_upstream_but_for_the_listed_differences(string version)
    {
        var want = Golden(Requires.Data("discovery"), "aggregated_v2");
        var found = new SortedSet<string>(StringComparer.Ordinal);
        using var client = server.Admin();
        var got = await AggregatedAsync(client, "/apis", version);
        Assert.Equal("apidiscovery.k8s.io/" + version, (string?)got["apiVersion"]);
        var (theirs, ours) = (AggregatedVersions(want), AggregatedVersions(got));
        Compare(theirs.Keys, ours.Keys, found);
        foreach (var name in theirs.Keys.Where(ours.ContainsKey))
        {
            if (!JsonNode.DeepEquals(Plain(theirs[name]), Plain(ours[name])))
                found.Add($"{name}: aggregated document differs: {Plain(theirs[name])!.ToJsonString()} {Plain(ours[name])!.ToJsonString()}");
        }

        found.UnionWith(s_deviations.Keys.Where(d => d.StartsWith("v1 ", StringComparison.Ordinal)));
        Judge(found);
        var core = AggregatedVersions(await AggregatedAsync(client, "/api", version));
        Assert.Equal(["/v1"], core.Keys);
    }

    [Fact]
    public async Task Aggregated_document_is_not_sent_again_to_who_has_it()
    {
        using var client = server.Admin();
        using var first = await client.SendAsync(Aggregated("/apis", "v2"));
        var tag = first.Headers.ETag!;
        Assert.False(tag.IsWeak);
        using var request = Aggregated("/apis", "v2");
        request.Headers.IfNoneMatch.Add(tag);
        using var second = await client.SendAsync(request);
        Assert.Equal(HttpStatusCode.NotModified, second.StatusCode);
        Assert.Equal("application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList", first.Content.Headers.ContentType!.ToString().Replace("; ", ";"));
    }

    private static void Judge(SortedSet<string> found)
    {
        Assert.Equal([], found.Except(s_deviations.Keys));
        Assert.Equal([], s_deviations.Keys.Except(found));
    }

    private static void Compare(IEnumerable<string> theirs, IEnumerable<string> ours, SortedSet<string> found)
    {
        found.UnionWith(theirs.Except(ours).Select(v => v + ": not served"));
        found.UnionWith(ours.Except(theirs).Select(v => v + ": added"));
    }

    private static void Compare(IEnumerable<string> theirs, IEnumerable<string> ours, string what, SortedSet<string> found)
    {
        if (!theirs.SequenceEqual(ours))
            found.Add($"{what}: {string.Join(' ', theirs)} but {string.Join(' ', ours)}");
    }

    private static void CompareResources(string version, JsonNode want, JsonNode got, SortedSet<string> found)
    {
        var (theirs, ours) = (want["resources"]!.AsArray().ToDictionary(r => (string)r!["name"]!), got["resources"]!.AsArray().ToDictionary(r => (string)r!["name"]!));
        found.UnionWith(theirs.Keys.Except(ours.Keys).Select(n => $"{version} {n}: not served"));
        found.UnionWith(ours.Keys.Except(theirs.Keys).Select(n => $"{version} {n}: added"));
        Compare(theirs.Keys.Where(ours.ContainsKey), ours.Keys, version + " order", found);
        foreach (var name in theirs.Keys.Where(ours.ContainsKey).Where(n => !JsonNode.DeepEquals(Plain(theirs[n]), Plain(ours[n]))))
            found.Add($"{version} {name}: {Plain(theirs[name])!.ToJsonString()} but {Plain(ours[name])!.ToJsonString()}");
        foreach (var member in (string[])["kind", "apiVersion", "groupVersion"])
            Compare([(string?)want[member] ?? ""], [(string?)got[member] ?? ""], $"{version} {member}", found);
    }

    private static JsonNode? Plain(JsonNode? value)
    {
        switch (value)
        {
            case JsonObject map:
                return new JsonObject(map.Where(p => p.Key != "storageVersionHash").OrderBy(p => p.Key, StringComparer.Ordinal)
                    .Select(p => KeyValuePair.Create(p.Key, Plain(p.Value))));
            case JsonArray list:
                return new JsonArray([.. list.Select(Plain)]);
            default:
                return value?.DeepClone();
        }
    }

    private static JsonNode Golden(string folder, string name) => JsonNode.Parse(File.ReadAllText(Path.Combine(folder, name + ".json")))!;

    private static List<string> Versions(JsonNode groups) =>
        [.. groups["groups"]!.AsArray().SelectMany(g => g!["versions"]!.AsArray()).Select(v => (string)v!["groupVersion"]!)];

    private static Dictionary<string, JsonNode> AggregatedVersions(JsonNode document) => document["items"]!.AsArray()
        .SelectMany(g => g!["versions"]!.AsArray().Select(v => ($"{(string?)g["metadata"]!["name"]}/{(string)v!["version"]!}", v)))
        .ToDictionary(p => p.Item1, p => p.v);

    private static async Task<JsonNode> AggregatedAsync(HttpClient client, string path, string version)
    {
        using var response = await client.SendAsync(Aggregated(path, version));
        return JsonNode.Parse(await response.Content.ReadAsStringAsync())!;
    }

    private static HttpRequestMessage Aggregated(string path, string version)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.TryAddWithoutValidation("Accept", $"application/json;g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList,application/json");
        return request;
    }
}
