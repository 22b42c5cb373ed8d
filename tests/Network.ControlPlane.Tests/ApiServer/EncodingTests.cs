using System.Buffers.Binary;
using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Network.Api.Resources;
using Network.Api.Schema;
using Network.TestKit;
using Xunit;

namespace Network.ControlPlane.Tests.ApiServer;

public sealed class EncodingTests(ApiServerFixture server) : IClassFixture<ApiServerFixture>
{
    private const string Protobuf = "application/vnd.kubernetes.protobuf";

    [Fact]
    public async Task Every_stored_kind_is_answered_in_protobuf_as_the_same_object_as_in_json()
    {
        var folder = Requires.Data("golden");
        using var client = server.Admin();
        var wrong = new List<string>();
        foreach (var resource in ResourceCatalog.All.Where(r => !r.Has(ResourceTraits.CreateOnly) && r is { Converted: false, Kind: not ("Namespace" or "APIService") }))
        {
            var file = Path.Combine(folder, $"{(resource.Group.Length == 0 ? "core" : resource.Group)}.{resource.Version}.{resource.Kind}.json");
            if (!File.Exists(file))
                continue;
            // Straight into the store: golden values fill every field and pass no validation.
            var value = JsonDecoder.Decode(await File.ReadAllBytesAsync(file), resource.Schema).Object;
            value["metadata"]!.AsObject().Remove("resourceVersion");
            value["metadata"]!["namespace"] = "default";
            var key = resource.Key("default", "golden");
            await server.Store.PutAsync(key, CanonicalJson.Write(value, resource.Schema), 0, null, CancellationToken.None);
            var root = resource.Group.Length == 0 ? "/api/v1/" : $"/apis/{resource.ApiVersion}/";
            var path = root + (resource.Namespaced ? "namespaces/default/" : "") + resource.Plural;
            var json = (await client.SendAsync("GET", path + "/golden")).Body;
            var one = await GetAsync(client, path + "/golden", Protobuf + ",application/json");
            if (!JsonNode.DeepEquals(Sorted(json), Sorted(Decode(one, resource.Schema))))
                wrong.Add($"{path}\njson {json.ToJsonString()}\nwire {Decode(one, resource.Schema).ToJsonString()}");
            var listed = Items(await GetAsync(client, path, Protobuf), resource.ListKind, resource.Schema);
            if (!listed.Any(i => JsonNode.DeepEquals(Sorted(i), Sorted(Bare(json)))))
                wrong.Add($"{path}: the list lacks the object; it has {string.Join(' ', listed.Select(i => i.ToJsonString()))}");
            await server.Store.DeleteAsync(key, -1, CancellationToken.None);
        }

        Assert.True(wrong.Count == 0, string.Join("\n\n", wrong));
    }

    [Fact]
    public async Task Refusals_and_reduced_metadata_are_protobuf_and_tables_never_are()
    {
        using var client = server.Admin();
        await client.SendAsync("POST", "/api/v1/namespaces/default/configmaps", Rest.ConfigMap("shaped"));
        var missing = Decode(await GetAsync(client, "/api/v1/namespaces/default/configmaps/none", Protobuf, 404), ApiSchema.Get("meta.v1.Status"));
        Assert.Equal(("Status", "NotFound", 404), (missing.Text("kind"), missing.Text("reason"), (int)missing.Number("code")!));
        const string partial = ";as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
        var reduced = Decode(await GetAsync(client, "/api/v1/namespaces/default/configmaps/shaped", Protobuf + partial), ApiSchema.Get("meta.v1.PartialObjectMetadata"));
        Assert.Equal(("PartialObjectMetadata", "shaped"), (reduced.Text("kind"), reduced.Text("metadata", "name")));
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/namespaces/default/configmaps");
        request.Headers.TryAddWithoutValidation("Accept", $"{Protobuf};as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1;g=meta.k8s.io,application/json");
        using var table = await client.SendAsync(request);
        Assert.Equal("Table", JsonNode.Parse(await table.Content.ReadAsStringAsync()).Text("kind"));
    }

    [Fact]
    public async Task A_protobuf_watch_is_length_delimited_and_ends_initial_events_with_a_bookmark()
    {
        using var client = server.Admin();
        await client.SendAsync("POST", "/api/v1/namespaces", """{"kind":"Namespace","apiVersion":"v1","metadata":{"name":"framed"}}""");
        await client.SendAsync("POST", "/api/v1/namespaces/framed/configmaps", Rest.ConfigMap("first"));
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/namespaces/framed/configmaps?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&fieldSelector=metadata.name=first");
        request.Headers.TryAddWithoutValidation("Accept", Protobuf + ";stream=watch");
        using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal("application/vnd.kubernetes.protobuf;stream=watch", response.Content.Headers.ContentType!.ToString().Replace("; ", ";"));
        await using var stream = await response.Content.ReadAsStreamAsync();
        Assert.Equal(("ADDED", "first"), await ReadFrameAsync(stream));
        Assert.Equal("BOOKMARK", (await ReadFrameAsync(stream)).Type);
        await client.SendAsync("PATCH", "/api/v1/namespaces/framed/configmaps/first", """{"data":{"v":"2"}}""", "application/merge-patch+json");
        Assert.Equal(("MODIFIED", "first"), await ReadFrameAsync(stream));
        await client.SendAsync("DELETE", "/api/v1/namespaces/framed/configmaps/first");
        Assert.Equal(("DELETED", "first"), await ReadFrameAsync(stream));
    }

    [Fact]
    public async Task Large_answers_are_compressed_for_who_accepts_it_and_small_ones_are_not()
    {
        using var client = server.Admin();
        for (var i = 0; i < 3; i++)
            await client.SendAsync("POST", "/api/v1/namespaces/default/configmaps", Rest.ConfigMap("large" + i, new string('x', 60_000)));
        foreach (var accept in (string[])["application/json", Protobuf])
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/namespaces/default/configmaps");
            request.Headers.AcceptEncoding.Add(new StringWithQualityHeaderValue("gzip"));
            request.Headers.TryAddWithoutValidation("Accept", accept);
            using var response = await client.SendAsync(request);
            Assert.Equal(["gzip"], response.Content.Headers.ContentEncoding);
            await using var plain = new GZipStream(await response.Content.ReadAsStreamAsync(), CompressionMode.Decompress);
            using var whole = new MemoryStream();
            await plain.CopyToAsync(whole);
            Assert.True(whole.Length > 180_000);
            Assert.Contains("large2", Encoding.UTF8.GetString(whole.ToArray()));
        }

        using var small = new HttpRequestMessage(HttpMethod.Get, "/api/v1/namespaces/default/configmaps/large0");
        small.Headers.AcceptEncoding.Add(new StringWithQualityHeaderValue("gzip"));
        using var untouched = await client.SendAsync(small);
        Assert.Empty(untouched.Content.Headers.ContentEncoding);
    }

    [Fact]
    public async Task Older_versions_show_the_stored_object_and_lose_nothing_of_it()
    {
        using var client = server.Admin();
        const string path = "/namespaces/default/horizontalpodautoscalers";
        await client.SendAsync("POST", "/apis/autoscaling/v2" + path, """
            {"kind":"HorizontalPodAutoscaler","apiVersion":"autoscaling/v2","metadata":{"name":"web"},"spec":{"maxReplicas":5,
            "scaleTargetRef":{"kind":"Deployment","name":"web","apiVersion":"apps/v1"},"metrics":[
            {"type":"Resource","resource":{"name":"memory","target":{"type":"Utilization","averageUtilization":70}}},
            {"type":"Resource","resource":{"name":"cpu","target":{"type":"Utilization","averageUtilization":50}}}]}}
            """);
        var old = (await client.SendAsync("GET", $"/apis/autoscaling/v1{path}/web")).Body;
        Assert.Equal(50, (int)old["spec"]!["targetCPUUtilizationPercentage"]!);
        await client.SendAsync("PATCH", $"/apis/autoscaling/v1{path}/web", """{"spec":{"targetCPUUtilizationPercentage":60}}""", "application/merge-patch+json");
        var metrics = (await client.SendAsync("GET", $"/apis/autoscaling/v2{path}/web")).Body["spec"]!["metrics"]!.AsArray();
        Assert.Equal(["cpu 60", "memory 70"], metrics.Select(m => $"{m.Text("resource", "name")} {m.Number("resource", "target", "averageUtilization")}"));

        const string slices = "/namespaces/default/endpointslices";
        await client.SendAsync("POST", "/apis/discovery.k8s.io/v1beta1" + slices, """
            {"kind":"EndpointSlice","apiVersion":"discovery.k8s.io/v1beta1","metadata":{"name":"s"},"addressType":"IPv4",
            "endpoints":[{"addresses":["192.0.2.7"],"topology":{"topology.kubernetes.io/zone":"a","kubernetes.io/hostname":"w1"}}]}
            """);
        var slice = (await client.SendAsync("GET", $"/apis/discovery.k8s.io/v1{slices}/s")).Body["endpoints"]![0]!;
        Assert.Equal(("a", "w1"), (slice.Text("zone"), slice.Text("deprecatedTopology", "kubernetes.io/hostname")));
        var topology = (await client.SendAsync("GET", $"/apis/discovery.k8s.io/v1beta1{slices}/s")).Body["endpoints"]![0]!["topology"]!;
        Assert.Equal(("a", "w1"), (topology.Text("topology.kubernetes.io/zone"), topology.Text("kubernetes.io/hostname")));
    }

    [Fact]
    public void Kubectl_shows_tables_of_kinds_that_are_only_stored()
    {
        Requires.Tool("kubectl");
        Assert.Matches(@"v1\.apps\s+Local\s+True", server.Kubectl("get", "apiservices"));
        Assert.Matches(@"etcd-0\s+Healthy\s+ok", server.Kubectl("get", "componentstatuses"));
        server.Kubectl("apply", "-f", server.Manifest("""
            apiVersion: node.k8s.io/v1
            kind: RuntimeClass
            metadata: {name: plain}
            handler: runc
            ---
            apiVersion: networking.k8s.io/v1
            kind: IPAddress
            metadata: {name: "2001:db8::1"}
            spec: {parentRef: {resource: services, namespace: default, name: x}}
            """));
        Assert.Matches(@"plain\s+runc\s+\d+s", server.Kubectl("get", "runtimeclass"));
        Assert.Matches(@"2001:db8::1\s+services/default/x", server.Kubectl("get", "ipaddress"));
        server.Kubectl("create", "cronjob", "tick", "--image=x", "--schedule=* * * * *");
        server.Kubectl("create", "poddisruptionbudget", "one", "--selector=a=b", "--min-available=1");
        Assert.Matches(@"one\s+1\s+N/A", server.Kubectl("get", "pdb"));
    }

    private static async Task<byte[]> GetAsync(HttpClient client, string path, string accept, int code = 200)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.TryAddWithoutValidation("Accept", accept);
        using var response = await client.SendAsync(request);
        Assert.Equal((HttpStatusCode)code, response.StatusCode);
        Assert.Equal(Protobuf, response.Content.Headers.ContentType!.MediaType);
        return await response.Content.ReadAsByteArrayAsync();
    }

    private static JsonObject Decode(byte[] body, MessageType type)
    {
        Assert.True(ProtobufDecoder.TryReadEnvelope(body, out var apiVersion, out var kind, out var raw));
        Assert.True(ProtobufDecoder.TryDecode(raw, type, out var value));
        (value["kind"], value["apiVersion"]) = (kind, apiVersion);
        return value;
    }

    private static List<JsonObject> Items(byte[] body, string listKind, MessageType type)
    {
        Assert.True(ProtobufDecoder.TryReadEnvelope(body, out _, out var kind, out var raw));
        Assert.Equal(listKind, kind);
        var items = new List<JsonObject>();
        var wire = new ProtobufReader(raw);
        while (wire.TryReadField(out var number, out _) && wire.TryReadBytes(out var bytes))
        {
            if (number != 2)
                continue;
            Assert.True(ProtobufDecoder.TryDecode(bytes, type, out var item));
            items.Add(item);
        }

        return items;
    }

    private static JsonNode Bare(JsonNode value)
    {
        var copy = value.DeepClone().AsObject();
        copy.Remove("kind");
        copy.Remove("apiVersion");
        return copy;
    }

    private static JsonNode? Sorted(JsonNode? value) => value switch
    {
        JsonObject map => new JsonObject(map.OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => KeyValuePair.Create(p.Key, Sorted(p.Value)))),
        JsonArray list => new JsonArray([.. list.Select(Sorted)]),
        _ => value?.DeepClone(),
    };

    private static async Task<(string Type, string Name)> ReadFrameAsync(Stream stream)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        var head = new byte[4];
        await stream.ReadExactlyAsync(head, patience.Token);
        var frame = new byte[BinaryPrimitives.ReadInt32BigEndian(head)];
        await stream.ReadExactlyAsync(frame, patience.Token);
        Assert.True(ProtobufDecoder.TryDecode(frame, ApiSchema.Get("meta.v1.WatchEvent"), out var value));
        return (value.Text("type"), value.Text("object", "metadata", "name"));
    }
}
