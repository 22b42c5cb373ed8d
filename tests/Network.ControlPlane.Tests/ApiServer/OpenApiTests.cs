using System.Net;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using Network.Api.Resources;
using Network.Api.Schema;
using Network.Linux;
using Network.TestKit;
using Xunit;

namespace Network.ControlPlane.Tests.ApiServer;

public sealed class OpenApiTests(ApiServerFixture server) : IClassFixture<ApiServerFixture>
{
    private const string OldKubectl = "/var/lib/podnet/kubectl-1.20/usr/bin/kubectl";

    private const string Json = "any JSON has one definition here";
    private const string Granular = "a default that is said aloud upstream; maps without a word are granular";

    // Where our definitions say less or other than upstream's, and why.
    private static readonly Dictionary<string, string> s_deviations = new()
    {
        ["io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps.default"] = Json,
        ["io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps.enum"] = Json,
        ["io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps.example"] = Json,
        ["io.k8s.api.core.v1.PersistentVolumeClaimStatus.allocatedResourceStatuses"] = Granular,
        ["io.k8s.api.core.v1.PersistentVolumeSpec.claimRef"] = "the reference is owned as a whole here",
        ["io.k8s.api.policy.v1.PodDisruptionBudgetSpec.selector"] = "replace is what a selector's patch does without a word",
        ["io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.APIServiceSpec.caBundle"] = "bytes are no list",
    };

    [Fact]
    public async Task Definitions_have_upstreams_fields_types_and_merge_keys()
    {
        var golden = JsonNode.Parse(File.ReadAllText(Requires.Data("openapi/swagger.json")))!["definitions"]!.AsObject();
        using var client = server.Admin();
        var ours = (await client.SendAsync("GET", "/openapi/v2")).Body["definitions"]!.AsObject();
        var wrong = new SortedSet<string>(StringComparer.Ordinal);
        var compared = 0;
        foreach (var (name, definition) in ours.Where(d => golden.ContainsKey(d.Key)))
        {
            compared++;
            var (want, got) = (golden[name]!, definition!);
            foreach (var member in (string[])["type", "format", "required", "x-kubernetes-map-type"])
            {
                if (Text(want[member]) != Text(got[member]))
                    wrong.Add($"{name} {member}: {Text(want[member])} but {Text(got[member])}");
            }

            var (theirs, mine) = (want["properties"]?.AsObject() ?? [], got["properties"]?.AsObject() ?? []);
            wrong.UnionWith(theirs.Select(p => p.Key).Except(mine.Select(p => p.Key)).Select(p => $"{name}.{p}: missing"));
            wrong.UnionWith(mine.Select(p => p.Key).Except(theirs.Select(p => p.Key)).Select(p => $"{name}.{p}: added"));
            foreach (var (field, property) in theirs.Where(p => mine.ContainsKey(p.Key)))
            {
                var differs = Text(property) != Text(mine[field]);
                if (differs != s_deviations.ContainsKey($"{name}.{field}"))
                    wrong.Add($"{name}.{field}: {Text(property)} but {Text(mine[field])}");
            }
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
        Assert.True(compared > 450, $"only {compared} definitions were compared");
    }

    [Fact]
    public async Task Every_group_version_has_a_document_whose_references_lead_somewhere()
    {
        using var client = server.Admin();
        var index = (await client.SendAsync("GET", "/openapi/v3")).Body["paths"]!.AsObject();
        Assert.Equal([], ResourceCatalog.All.Select(r => r.Group.Length == 0 ? "api/v1" : "apis/" + r.ApiVersion).Except(index.Select(p => p.Key)));
        foreach (var (name, entry) in index)
        {
            var url = (string)entry!["serverRelativeURL"]!;
            using var response = await client.GetAsync(url);
            Assert.Equal("public, immutable", response.Headers.CacheControl!.ToString());
            var document = JsonNode.Parse(await response.Content.ReadAsStringAsync())!;
            var schemas = document["components"]!["schemas"]!.AsObject();
            var missing = References(document).Distinct().Where(r => !schemas.ContainsKey(r["#/components/schemas/".Length..])).ToList();
            Assert.True(missing.Count == 0, $"{name}: {string.Join(' ', missing)}");
            var ids = document["paths"]!.AsObject().SelectMany(p => p.Value!.AsObject()).Where(o => o.Key != "parameters").Select(o => (string)o.Value!["operationId"]!);
            Assert.NotEmpty(ids);
        }
    }

    [Fact]
    public async Task Document_is_compressed_tagged_and_not_sent_twice()
    {
        using var client = server.Admin();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/openapi/v2");
        request.Headers.TryAddWithoutValidation("Accept", "application/com.github.proto-openapi.spec.v2@v1.0+protobuf");
        request.Headers.AcceptEncoding.Add(new StringWithQualityHeaderValue("gzip"));
        using var first = await client.SendAsync(request);
        Assert.Equal("application/com.github.proto-openapi.spec.v2.v1.0+protobuf", first.Content.Headers.ContentType!.ToString());
        Assert.Equal(["gzip"], first.Content.Headers.ContentEncoding);
        using var again = new HttpRequestMessage(HttpMethod.Get, "/openapi/v2");
        again.Headers.TryAddWithoutValidation("Accept", "application/com.github.proto-openapi.spec.v2@v1.0+protobuf");
        again.Headers.IfNoneMatch.Add(first.Headers.ETag!);
        using var second = await client.SendAsync(again);
        Assert.Equal(HttpStatusCode.NotModified, second.StatusCode);
    }

    [Fact]
    public void New_kubectl_explains_with_words_types_and_allowed_values()
    {
        Requires.Tool("kubectl");
        var containers = server.Kubectl("explain", "pod.spec.containers");
        Assert.Contains("imagePullPolicy\t<string>", containers);
        Assert.Contains("enum: Always, IfNotPresent, Never", containers);
        Assert.Contains("livenessProbe\t<Probe>", containers);
        Assert.Contains("name\t<string> -required-", containers);
        Assert.Contains("containerPort\t<integer> -required-", server.Kubectl("explain", "pod.spec.containers.ports"));
        Assert.Contains("maxSurge\t<IntOrString>", server.Kubectl("explain", "deployment.spec", "--recursive"));
        foreach (var kind in (string[])["networkpolicy", "cronjob", "hpa", "csidriver", "crd.spec.versions", "flowschema", "validatingwebhookconfiguration.webhooks", "servicecidr"])
            Assert.Contains("FIELDS:", server.Kubectl("explain", kind, "--recursive"));
    }

    [Fact]
    public void Old_kubectl_explains_validates_and_creates_what_it_knows()
    {
        Assert.SkipUnless(File.Exists(OldKubectl), "kubectl 1.20 is not on this machine");
        Assert.Contains("imagePullPolicy\t<string>", Old("explain", "pod.spec.containers"));
        Assert.Contains("maxSurge\t<string>", Old("explain", "deployment.spec", "--recursive"));
        var path = server.Manifest("""
            apiVersion: apps/v1
            kind: Deployment
            metadata: {name: old, labels: {app: old}}
            spec:
              replicas: 1
              selector: {matchLabels: {app: old}}
              template:
                metadata: {labels: {app: old}}
                spec: {containers: [{name: c, image: "x:1", ports: [{containerPort: 80}]}]}
            """);
        Assert.Contains("created", Old("apply", "-f", path));
        Assert.Contains("unchanged", Old("apply", "-f", path));
        File.WriteAllText(path, File.ReadAllText(path).Replace("x:1", "x:2"));
        var difference = RunOld("diff", "-f", path);
        Assert.Contains("+      - image: x:2", difference.Output);
        Assert.Contains("configured (server dry run)", Old("apply", "--dry-run=server", "-f", path));
        File.WriteAllText(path, File.ReadAllText(path).Replace("replicas: 1", "replicaz: 1"));
        Assert.Contains("unknown field \"replicaz\" in io.k8s.api.apps.v1.DeploymentSpec", RunOld("apply", "-f", path).Error);
        Assert.Contains("created", Old("create", "cronjob", "oldtick", "--image=x", "--schedule=* * * * *"));
        Assert.Contains("created", Old("create", "poddisruptionbudget", "oldbudget", "--selector=a=b", "--min-available=1"));
        Assert.Contains("oldtick", server.Kubectl("get", "cronjobs.v1.batch", "-o", "name"));
    }

    [Fact]
    public void New_kubectl_refuses_unknown_fields_and_shows_differences()
    {
        Requires.Tool("kubectl");
        var path = server.Manifest("""
            apiVersion: policy/v1
            kind: PodDisruptionBudget
            metadata: {name: checked}
            spec: {minAvailable: 1, selector: {matchLabels: {a: b}}}
            """);
        server.Kubectl("apply", "-f", path);
        File.WriteAllText(path, File.ReadAllText(path).Replace("minAvailable: 1", "minAvailable: 2"));
        Assert.Contains("+  minAvailable: 2", server.Run("diff", "-f", path).Output);
        File.WriteAllText(path, File.ReadAllText(path).Replace("minAvailable", "minAvailabel"));
        Assert.Contains("unknown field \"spec.minAvailabel\"", server.Run("apply", "-f", path).Error);
    }

    [Fact]
    public async Task A_custom_kind_is_explained_as_its_definition_says_and_anew_when_that_changes()
    {
        Requires.Tool("kubectl");
        var definition = """
            apiVersion: apiextensions.k8s.io/v1
            kind: CustomResourceDefinition
            metadata: {name: crontabs.stable.example.com}
            spec:
              group: stable.example.com
              scope: Namespaced
              names: {plural: crontabs, singular: crontab, kind: CronTab, shortNames: [ct]}
              versions:
              - name: v1
                served: true
                storage: true
                schema:
                  openAPIV3Schema:
                    type: object
                    description: A table of times.
                    required: [spec]
                    properties:
                      spec:
                        type: object
                        description: What runs when.
                        properties:
                          image: {type: string, description: Image to run., enum: [small, large]}
                          port: {x-kubernetes-int-or-string: true}
                          note: {type: string, nullable: true, default: none}
                          extra: {type: object, additionalProperties: true}
                          list: {type: array, items: {type: object, properties: {a: {type: integer}}}}
            """;
        var path = server.Manifest(definition);
        server.Kubectl("apply", "-f", path);
        server.Kubectl("wait", "--for=condition=Established", "crd/crontabs.stable.example.com", "--timeout=10s");
        var explained = server.Kubectl("explain", "crontab.spec");
        Assert.Contains("What runs when.", explained);
        Assert.Contains("enum: small, large", explained);
        Assert.Contains("a\t<integer>", server.Kubectl("explain", "crontab.spec", "--recursive"));
        if (File.Exists(OldKubectl))
            Assert.Contains("image\t<string>", Old("explain", "crontab.spec"));
        using var client = server.Admin();
        var before = (await client.SendAsync("GET", "/openapi/v3")).Body.Text("paths", "apis/stable.example.com/v1", "serverRelativeURL");
        server.Kubectl("patch", "crd", "crontabs.stable.example.com", "--type=json",
            "-p", """[{"op":"replace","path":"/spec/versions/0/schema/openAPIV3Schema/properties/spec/description","value":"Other words."}]""");
        await Eventually.TrueAsync(() => server.Run("explain", "crontab.spec").Output.Contains("Other words."), TimeSpan.FromSeconds(10));
        Assert.NotEqual(before, (await client.SendAsync("GET", "/openapi/v3")).Body.Text("paths", "apis/stable.example.com/v1", "serverRelativeURL"));
        server.Kubectl("delete", "crd", "crontabs.stable.example.com");
    }

    private string Old(params string[] arguments) => RunOld(arguments).OrThrow("kubectl 1.20 " + string.Join(' ', arguments)).Output;

    private CommandResult RunOld(params string[] arguments) => Command.RunAsync(new ChildSpec(OldKubectl,
        ["--kubeconfig", server.KubeconfigPath, "--cache-dir", Path.Combine(server.ScratchDirectory, "cache120"), .. arguments])).GetAwaiter().GetResult();

    private static IEnumerable<string> References(JsonNode? node) => node switch
    {
        JsonObject map => map.SelectMany(p => p.Key == "$ref" && p.Value is JsonValue ? [(string)p.Value!] : References(p.Value)),
        JsonArray list => list.SelectMany(References),
        _ => [],
    };

    // Without words, in one order.
    private static string Text(JsonNode? node) => Plain(node)?.ToJsonString() ?? "none";

    private static JsonNode? Plain(JsonNode? node) => node switch
    {
        JsonObject map => new JsonObject(map.Where(p => p.Key is not ("description" or "enum" or "default"))
            .OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => KeyValuePair.Create(p.Key, Plain(p.Value)))),
        JsonArray list when list.All(i => i is JsonValue) => new JsonArray([.. list.Select(i => i!.ToString()).Order(StringComparer.Ordinal).Select(i => (JsonNode)i)]),
        JsonArray list => new JsonArray([.. list.Select(Plain)]),
        _ => node?.DeepClone(),
    };
}
