using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Network.Api.Schema;
using Xunit;

namespace Network.ControlPlane.Tests.ApiServer;

/// <summary>
/// Seeded hostile requests: every one is answered with what it asked for or with a Status that says why not, never with a 500, and the
/// server lives on. PODNET_FUZZ_ROUNDS sets another number of rounds.
/// </summary>
public sealed class FuzzTests(ApiServerFixture server) : IClassFixture<ApiServerFixture>
{
    private static readonly string[] s_methods = ["GET", "GET", "POST", "POST", "PUT", "PATCH", "PATCH", "DELETE", "HEAD", "OPTIONS"];

    private static readonly string[] s_types =
    [
        "application/json", "application/json", "application/yaml", "application/vnd.kubernetes.protobuf", "application/json-patch+json",
        "application/merge-patch+json", "application/strategic-merge-patch+json", "application/apply-patch+yaml", "text/plain", "application/json; charset=utf-8",
    ];

    private static readonly string[] s_paths =
    [
        "/api/v1/namespaces/default/configmaps", "/api/v1/namespaces/default/configmaps/a", "/api/v1/namespaces/default/pods/a", "/api/v1/namespaces/default/pods",
        "/api/v1/namespaces/default/pods/a/status", "/api/v1/namespaces/default/pods/a/exec", "/api/v1/namespaces/default/pods/a/log", "/api/v1/namespaces/default/pods/a/eviction",
        "/api/v1/namespaces/default/services/a", "/api/v1/namespaces/default/services", "/api/v1/namespaces", "/api/v1/namespaces/fuzz/finalize", "/api/v1/nodes/a", "/api/v1/nodes",
        "/apis/apps/v1/namespaces/default/deployments/a", "/apis/apps/v1/namespaces/default/deployments", "/apis/apps/v1/namespaces/default/deployments/a/scale",
        "/apis/coordination.k8s.io/v1/namespaces/default/leases/a", "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices", "/apis/events.k8s.io/v1/namespaces/default/events",
        "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/things.fuzz.example.com",
        "/apis/fuzz.example.com/v1/things", "/apis/fuzz.example.com/v1/things/a", "/apis/networking.k8s.io/v1/namespaces/default/networkpolicies", "/apis/batch/v1/namespaces/default/jobs",
        "/apis/rbac.authorization.k8s.io/v1/clusterroles/a", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", "/api", "/apis/apps", "/openapi/v3/apis/apps/v1",
        "/healthz/x", "/version/", "/metrics", "/api/v2/pods", "/apis/none/v1/things/%2e%2e/x", "//api//v1//pods", "/api/v1/namespaces//pods", "/api/v1/namespaces/%00/pods", "/openid/v1/jwks",
    ];

    private static readonly string[] s_queries =
    [
        "labelSelector=a%20in%20(b", "labelSelector=!,=,", "labelSelector=a%3Db,c!%3Dd", "fieldSelector=metadata.name%3Da", "fieldSelector=spec.nothing%3Da", "limit=-1", "limit=1", "limit=99999999999999999999",
        "continue=AAAA", "continue=eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6LTEsInN0YXJ0IjoiXHUwMDAwIn0", "resourceVersion=0", "resourceVersion=-5", "resourceVersion=x", "resourceVersionMatch=Exact&resourceVersion=1",
        "dryRun=All", "dryRun=Some", "fieldValidation=Strict", "fieldValidation=Ignore", "fieldManager=f&force=true", "fieldManager=" + "%F0%9F%98%80", "propagationPolicy=Orphan", "gracePeriodSeconds=-1",
        "gracePeriodSeconds=x", "pretty=true", "resourceVersion=x&allowWatchBookmarks=maybe", "sendInitialEvents=true", "includeObject=None", "command=a&stdin=true", "container=%00", "tailLines=-1",
    ];

    private static readonly string[] s_accepts =
    [
        "application/json", "application/yaml", "application/vnd.kubernetes.protobuf", "application/json;as=Table;v=v1;g=meta.k8s.io", "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io", "text/html", "*/*", ";;,,",
    ];

    private static readonly string[] s_bodies =
    [
        Rest.ConfigMap("a"),
        """{"kind":"Pod","apiVersion":"v1","metadata":{"name":"a","labels":{"x":"y"}},"spec":{"nodeName":"n","containers":[{"name":"c","image":"i","ports":[{"containerPort":80}],"resources":{"limits":{"cpu":"100m"}},"env":[{"name":"A","value":"1"}]}],"tolerations":[{"operator":"Exists"}]}}""",
        """{"kind":"Service","apiVersion":"v1","metadata":{"name":"a"},"spec":{"type":"NodePort","selector":{"a":"b"},"ports":[{"port":80,"targetPort":"http","nodePort":30080}],"clusterIP":"10.96.0.77"}}""",
        """{"kind":"Deployment","apiVersion":"apps/v1","metadata":{"name":"a"},"spec":{"replicas":2,"selector":{"matchLabels":{"a":"b"}},"strategy":{"rollingUpdate":{"maxSurge":"25%"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"i"}]}}}}""",
        """{"kind":"Namespace","apiVersion":"v1","metadata":{"name":"fuzz"},"spec":{"finalizers":[]}}""",
        """{"kind":"Node","apiVersion":"v1","metadata":{"name":"a"},"spec":{"podCIDR":"10.244.9.0/24","taints":[{"key":"k","effect":"NoSchedule"}]},"status":{"capacity":{"cpu":"2"}}}""",
        """{"kind":"Lease","apiVersion":"coordination.k8s.io/v1","metadata":{"name":"a"},"spec":{"holderIdentity":"h","renewTime":"2024-01-01T00:00:00.000000Z"}}""",
        """{"kind":"CustomResourceDefinition","apiVersion":"apiextensions.k8s.io/v1","metadata":{"name":"things.fuzz.example.com"},"spec":{"group":"fuzz.example.com","scope":"Cluster","names":{"plural":"things","kind":"Thing"},"versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object","properties":{"spec":{"type":"object","properties":{"n":{"type":"integer","minimum":1,"default":2},"l":{"type":"array","items":{"type":"string","pattern":"^a+$"}}},"x-kubernetes-preserve-unknown-fields":true}}}}}]}}""",
        """{"kind":"Thing","apiVersion":"fuzz.example.com/v1","metadata":{"name":"a"},"spec":{"n":3,"l":["aa"],"more":{"a":[1,2]}}}""",
        """{"kind":"EndpointSlice","apiVersion":"discovery.k8s.io/v1","metadata":{"name":"a"},"addressType":"IPv4","endpoints":[{"addresses":["10.0.0.1"],"conditions":{"ready":true}}],"ports":[{"port":80}]}""",
        """{"kind":"NetworkPolicy","apiVersion":"networking.k8s.io/v1","metadata":{"name":"a"},"spec":{"podSelector":{},"ingress":[{"from":[{"ipBlock":{"cidr":"10.0.0.0/8","except":["10.1.0.0/16"]}}],"ports":[{"port":"http"}]}]}}""",
        """{"kind":"Scale","apiVersion":"autoscaling/v1","metadata":{"name":"a"},"spec":{"replicas":3}}""",
        """{"kind":"Eviction","apiVersion":"policy/v1","metadata":{"name":"a"},"deleteOptions":{"gracePeriodSeconds":0}}""",
        """{"kind":"SelfSubjectAccessReview","apiVersion":"authorization.k8s.io/v1","spec":{"resourceAttributes":{"verb":"get","resource":"pods"}}}""",
        """[{"op":"add","path":"/metadata/labels","value":{"a":"b"}},{"op":"test","path":"/metadata/name","value":"a"},{"op":"copy","from":"/metadata","path":"/data"},{"op":"move","from":"/data","path":"/x/y"}]""",
        """{"metadata":{"labels":{"a":null,"b":"c"},"$deleteFromPrimitiveList/finalizers":["x"],"$patch":"replace"},"spec":{"template":{"spec":{"containers":[{"name":"c","$patch":"delete"},{"name":"d"}],"$setElementOrder/containers":[{"name":"d"}]}}}}""",
        """{"propagationPolicy":"Foreground","preconditions":{"uid":"x"}}""",
    ];

    [Fact]
    public async Task Hostile_requests_get_a_status_and_never_a_500()
    {
        var rounds = int.TryParse(Environment.GetEnvironmentVariable("PODNET_FUZZ_ROUNDS"), out var wanted) ? wanted : 3000;
        using var client = server.Admin();
        client.Timeout = TimeSpan.FromSeconds(20);
        var random = new Random(20260101);
        foreach (var body in s_bodies.Take(14))
            await client.SendAsync("POST", PathFor(body), body);
        var faults = new Dictionary<string, string>();
        for (var round = 0; round < rounds; round++)
        {
            using var request = Next(random, server.Url);
            var text = $"round {round}: {request.Method} {request.RequestUri} {request.Content?.Headers.ContentType}";
            using var response = await client.SendAsync(request);
            var answer = await response.Content.ReadAsByteArrayAsync();
            if (response.StatusCode == HttpStatusCode.InternalServerError)
                faults.TryAdd(Encoding.UTF8.GetString(answer), $"{text}\n{await Body(request)}");
            if ((int)response.StatusCode >= 400 && request.Method != HttpMethod.Head && response.Content.Headers.ContentType?.MediaType == "application/json")
                Assert.Equal("Status", (string?)JsonNode.Parse(answer)?["kind"]);
        }

        Assert.True(faults.Count == 0, string.Join("\n\n", faults.Select(fault => $"{fault.Key}\n{fault.Value}")));
        Assert.Equal(200, (await client.SendAsync("GET", "/readyz")).Code);
        Assert.Equal(201, (await client.SendAsync("POST", "/api/v1/namespaces/default/configmaps", Rest.ConfigMap("after"))).Code);
    }

    [Fact]
    public async Task Bombs_are_refused()
    {
        using var client = server.Admin();
        const string Maps = "/api/v1/namespaces/default/configmaps";
        await client.SendAsync("POST", Maps, Rest.ConfigMap("bombed"));
        var deep = string.Concat(Enumerable.Repeat("{\"a\":", 10_000)) + "1" + new string('}', 10_000);
        Assert.Equal(400, (await client.SendAsync("POST", Maps, deep)).Code);
        Assert.Equal(400, (await client.SendAsync("PATCH", $"{Maps}/bombed", deep, "application/merge-patch+json")).Code);
        Assert.Equal(400, (await client.SendAsync("POST", Maps, new string('[', 10_000), "application/yaml")).Code);
        Assert.Equal(413, (await client.SendAsync("POST", Maps, Rest.ConfigMap("big", new string('x', 4 * 1024 * 1024)))).Code);
        Assert.Equal(413, (await client.SendAsync("PATCH", $"{Maps}/bombed", $"[{string.Join(',', Enumerable.Repeat("{\"op\":\"test\",\"path\":\"/kind\",\"value\":\"ConfigMap\"}", 10_001))}]", "application/json-patch+json")).Code);
        var doubling = string.Join(',', Enumerable.Range(0, 40).Select(i => $$"""{"op":"copy","from":"/data","path":"/data/k{{i}}"}"""));
        Assert.Equal(413, (await client.SendAsync("PATCH", $"{Maps}/bombed", $"[{doubling}]", "application/json-patch+json")).Code);
        const string half = "{\"metadata\":{\"labels\":{\"a\":\"\\ud800\"}}}";
        Assert.Equal(400, (await client.SendAsync("POST", Maps, half)).Code);
        Assert.Equal(400, (await client.SendAsync("PATCH", $"{Maps}/bombed", half, "application/merge-patch+json")).Code);
        Assert.Equal(400, (await client.SendAsync("PATCH", $"{Maps}/bombed?fieldManager=f", "[1]", "application/apply-patch+yaml")).Code);
        Assert.Equal(400, (await client.SendAsync("POST", Maps, "a: &x [1]\nb: *x", "application/yaml")).Code);
        Assert.Equal("1", (string)(await client.SendAsync("GET", $"{Maps}/bombed")).Body["data"]!["v"]!);
    }

    private static HttpRequestMessage Next(Random random, Uri root)
    {
        var path = Pick(random, s_paths);
        if (random.Next(8) == 0)
            path = Mutate(random, path);
        var query = string.Join('&', Enumerable.Range(0, random.Next(3)).Select(_ => Pick(random, s_queries)));
        // A watch would stay open; short ones are enough.
        query += (query.Length > 0 ? "&" : "") + (random.Next(400) == 0 ? "watch=1&timeoutSeconds=1" : "watch=0&timeoutSeconds=1");
        var request = new HttpRequestMessage(new HttpMethod(Pick(random, s_methods)), Uri.TryCreate($"https://{root.Authority}{path}?{query}", UriKind.Absolute, out var uri) ? uri : root);
        request.Headers.TryAddWithoutValidation("Accept", Pick(random, s_accepts));
        if (random.Next(20) == 0)
            request.Headers.TryAddWithoutValidation(Pick(random, ["Impersonate-User", "Impersonate-Group", "Upgrade", "X-Stream-Protocol-Version", "If-None-Match", "Audit-ID"]), Pick(random, ["a", "SPDY/3.1", "websocket", "v4.channel.k8s.io"]));
        if (request.Method == HttpMethod.Get || request.Method == HttpMethod.Head)
            return request;
        var type = Pick(random, s_types);
        request.Content = new ByteArrayContent(BodyOf(random, type));
        if (random.Next(20) != 0)
            request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
        return request;
    }

    private static byte[] BodyOf(Random random, string type)
    {
        var body = Pick(random, s_bodies);
        var bytes = Encoding.UTF8.GetBytes(random.Next(3) == 0 ? body : Mutate(random, body));
        if (!type.Contains("protobuf", StringComparison.Ordinal))
            return bytes;
        bytes = Protobuf(body) ?? bytes;
        for (var i = random.Next(4); i > 0; i--)
            bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
        return random.Next(4) == 0 ? bytes[..random.Next(bytes.Length)] : bytes;
    }

    // Members are renamed, retyped, doubled, nulled; then single characters change.
    private static string Mutate(Random random, string text)
    {
        string[] values = ["null", "true", "-1", "1e999", "\"\"", "[]", "{}", "\"\\u0000\"", "99999999999999999999", "[[]]", "\"-\"", "{\"a\":1,\"a\":2}"];
        for (var i = random.Next(1, 4); i > 0; i--)
        {
            var colon = text.IndexOf(':', random.Next(text.Length));
            var end = colon < 0 ? -1 : text.IndexOfAny([',', '}', ']'], colon);
            if (end > colon && random.Next(2) == 0)
                text = text[..(colon + 1)] + Pick(random, values) + text[end..];
            else if (random.Next(2) == 0)
                text = text.Insert(random.Next(text.Length), Pick(random, ["\"", "{", "}", ",", ":", "\u0001", "ü", "$", "..", "%", "-"]));
            else if (text.Length > 4)
                text = text.Remove(random.Next(text.Length - 2), random.Next(1, 3));
        }

        return text;
    }

    private static byte[]? Protobuf(string body)
    {
        if (!body.StartsWith("{\"kind\"", StringComparison.Ordinal))
            return null;
        using var document = JsonDocument.Parse(body);
        var (version, kind) = (document.RootElement.Text("apiVersion"), document.RootElement.Text("kind"));
        if (ApiSchema.FindKind(version, kind) is not { } type)
            return null;
        using var wire = new ProtobufWriter();
        ProtobufEncoder.WriteEnvelope(wire, version, kind, Encoding.UTF8.GetBytes(body), type);
        return wire.Written.ToArray();
    }

    private static string PathFor(string body)
    {
        var value = JsonNode.Parse(body)!;
        var plural = (string)value["kind"]! switch
        {
            "ConfigMap" => "/api/v1/namespaces/default/configmaps",
            "Pod" => "/api/v1/namespaces/default/pods",
            "Service" => "/api/v1/namespaces/default/services",
            "Deployment" => "/apis/apps/v1/namespaces/default/deployments",
            "Namespace" => "/api/v1/namespaces",
            "Node" => "/api/v1/nodes",
            "CustomResourceDefinition" => "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
            "Thing" => "/apis/fuzz.example.com/v1/things",
            _ => "/apis/coordination.k8s.io/v1/namespaces/default/leases",
        };
        return plural;
    }

    private static async Task<string> Body(HttpRequestMessage request) => request.Content is null ? "" : Encoding.UTF8.GetString(await request.Content.ReadAsByteArrayAsync());

    private static T Pick<T>(Random random, T[] from) => from[random.Next(from.Length)];
}
