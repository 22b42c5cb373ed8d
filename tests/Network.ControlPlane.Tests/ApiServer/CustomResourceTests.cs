using System.Text.Json.Nodes;
using Network.Linux;
using Network.TestKit;
using Xunit;

namespace Network.ControlPlane.Tests.ApiServer;

public sealed class CustomResourceTests : IClassFixture<ApiServerFixture>
{
    private const string OldKubectl = "/var/lib/podnet/kubectl-1.20/usr/bin/kubectl";

    private const string Links = """
        apiVersion: apiextensions.k8s.io/v1
        kind: CustomResourceDefinition
        metadata: {name: PLURAL.lab.example.com}
        spec:
          group: lab.example.com
          scope: Namespaced
          names: {plural: PLURAL, kind: KIND, shortNames: [SHORT]}
          versions:
          - name: v1
            served: true
            storage: true
            subresources:
              status: {}
              scale: {specReplicasPath: .spec.lanes, statusReplicasPath: .status.lanes}
            additionalPrinterColumns:
            - {name: MTU, type: integer, jsonPath: .spec.mtu}
            - {name: Up, type: string, jsonPath: '.status.conditions[?(@.type=="Up")].status'}
            - {name: Age, type: date, jsonPath: .metadata.creationTimestamp}
            schema:
              openAPIV3Schema:
                type: object
                required: [spec]
                properties:
                  spec:
                    type: object
                    required: [ends]
                    properties:
                      mtu: {type: integer, minimum: 576, maximum: 65535, default: 1500}
                      lanes: {type: integer}
                      kind: {type: string, enum: [cable, radio], default: cable}
                      color: {type: string, pattern: '^[a-z]+$', maxLength: 8}
                      ends:
                        type: array
                        minItems: 2
                        x-kubernetes-list-type: map
                        x-kubernetes-list-map-keys: [node]
                        items:
                          type: object
                          required: [node]
                          properties: {node: {type: string}, port: {x-kubernetes-int-or-string: true}}
                      tags: {type: object, additionalProperties: {type: string}}
                      free: {type: object, x-kubernetes-preserve-unknown-fields: true}
                  status:
                    type: object
                    properties:
                      lanes: {type: integer}
                      conditions:
                        type: array
                        items: {type: object, properties: {type: {type: string}, status: {type: string}}}
        """;

    private readonly ApiServerFixture _server;

    public CustomResourceTests(ApiServerFixture server)
    {
        Requires.Tool("kubectl");
        _server = server;
    }

    [Fact]
    public void A_defined_kind_is_used_like_any_other_with_kubectl()
    {
        Define("links", "Link", "ln");
        Assert.Contains("created", Apply("Link", "a", "ends: [{node: w1, port: 80}, {node: w2, port: http}], color: red"));
        Assert.Contains("unchanged", Apply("Link", "a", "ends: [{node: w1, port: 80}, {node: w2, port: http}], color: red"));
        Assert.Contains("configured", Apply("Link", "a", "ends: [{node: w1, port: 80}, {node: w2, port: http}], color: blue"));
        var lines = _server.Kubectl("get", "ln").Split('\n');
        Assert.Matches(@"^NAME\s+MTU\s+UP\s+AGE", lines[0]);
        Assert.Matches(@"^a\s+1500\s+\d+s", lines[1]);
        _server.Kubectl("patch", "link", "a", "--subresource=status", "--type=merge", "-p", """{"status":{"lanes":4,"conditions":[{"type":"Up","status":"True"}]},"spec":{"mtu":9000}}""");
        Assert.Matches(@"^a\s+1500\s+True\s+", _server.Kubectl("get", "links").Split('\n')[1]);
        _server.Kubectl("scale", "link/a", "--replicas=3");
        var live = JsonNode.Parse(_server.Kubectl("get", "link", "a", "-o", "json"))!;
        Assert.Equal((3, 4, "cable"), ((int)live["spec"]!["lanes"]!, (int)live["status"]!["lanes"]!, (string)live["spec"]!["kind"]!));
        Assert.Equal(3, (int)live["metadata"]!["generation"]!);
        _server.Kubectl("label", "link", "a", "site=north");
        Assert.Equal("link.lab.example.com/a", _server.Kubectl("get", "links", "-l", "site=north", "-o", "name").Trim());
        _server.Kubectl("delete", "link", "a");
        Assert.Equal("", _server.Kubectl("get", "links", "-o", "name"));
    }

    [Fact]
    public void What_the_schema_forbids_is_refused_with_every_field_and_nothing_is_stored()
    {
        Define("wires", "Wire", "wi");
        var refused = Try("Wire", "bad", "mtu: 100, kind: rope, color: RED, ends: [{port: 1.5}], tags: {a: 1}");
        foreach (var fault in (string[])
        [
            "spec.mtu: Invalid value: 100: spec.mtu in body should be greater than or equal to 576",
            "spec.kind: Unsupported value: \"rope\": supported values: \"cable\", \"radio\"",
            "spec.color: Invalid value: \"RED\": spec.color in body should match '^[a-z]+$'",
            "spec.ends[0].node: Required value",
            "spec.ends[0].port: Invalid value: \"number\": spec.ends[0].port in body must be of type integer,string: \"number\"",
            "spec.ends in body should have at least 2 items",
            "spec.tags.a: Invalid value: \"integer\": spec.tags.a in body must be of type string: \"integer\"",
        ])
            Assert.Contains(fault, refused);
        Assert.Contains("unknown field \"spec.speed\"", Try("Wire", "bad", "speed: 1, ends: [{node: a}, {node: b}]"));
        Assert.Contains("spec.ends[1]: Duplicate value: {\"node\":\"a\"}", Try("Wire", "bad", "ends: [{node: a}, {node: a}]"));
        Assert.Equal("", _server.Kubectl("get", "wires", "-o", "name"));
    }

    [Fact]
    public async Task Unknown_members_are_pruned_except_where_the_schema_keeps_them()
    {
        Define("ropes", "Rope", "ro");
        using var client = _server.Admin();
        var (code, made) = await client.SendAsync("POST", "/apis/lab.example.com/v1/namespaces/default/ropes",
            """{"kind":"Rope","apiVersion":"lab.example.com/v1","metadata":{"name":"p"},"other":1,"spec":{"ends":[{"node":"a","x":1},{"node":"b"}],"free":{"any":[[1],{"z":null}]},"zoo":{}}}""");
        Assert.Equal(201, code);
        Assert.Null(made["other"]);
        Assert.Equal("""{"ends":[{"node":"a"},{"node":"b"}],"free":{"any":[[1],{"z":null}]},"kind":"cable","mtu":1500}""", made["spec"]!.ToJsonString());
        var (again, same) = await client.SendAsync("PUT", "/apis/lab.example.com/v1/namespaces/default/ropes/p", made.ToJsonString());
        Assert.Equal((200, made.Revision()), (again, same.Revision()));
        Assert.Equal(415, (await client.SendAsync("PATCH", "/apis/lab.example.com/v1/namespaces/default/ropes/p", "{}", "application/strategic-merge-patch+json")).Code);
    }

    [Fact]
    public void Server_side_apply_owns_items_of_map_lists_by_their_key()
    {
        Define("tubes", "Tube", "tu");
        Server("first", "ends: [{node: a, port: 1}, {node: b}]");
        Server("second", "ends: [{node: c, port: 3}]");
        Server("first", "ends: [{node: a, port: 2}, {node: d}]");
        var live = JsonNode.Parse(_server.Kubectl("get", "tube", "t", "-o", "json"))!;
        Assert.Equal(["a", "c", "d"], live["spec"]!["ends"]!.AsArray().Select(end => (string)end!["node"]!).Order());

        void Server(string manager, string spec) => _server.Kubectl("apply", "--server-side", "--field-manager", manager, "-f", Object("Tube", "t", spec));
    }

    [Fact]
    public async Task Watchers_follow_a_custom_kind_and_are_cut_off_when_its_definition_changes()
    {
        Define("beams", "Beam", "be");
        using var client = _server.Admin();
        var (_, list) = await client.SendAsync("GET", "/apis/lab.example.com/v1/beams");
        var path = $"/apis/lab.example.com/v1/beams?watch=true&timeoutSeconds=8&resourceVersion={list.Revision()}";
        var events = await client.WatchAsync(path, 2, () =>
        {
            Apply("Beam", "x", "ends: [{node: a}, {node: b}]");
            _server.Kubectl("delete", "beam", "x");
            return Task.CompletedTask;
        });
        Assert.Equal(["ADDED", "DELETED"], events.Select(e => (string)e["type"]!));
        Assert.Empty(await client.WatchAsync($"/apis/lab.example.com/v1/beams?watch=true&timeoutSeconds=60&resourceVersion={events[1]["object"]!.Revision()}", 1, () =>
        {
            _server.Kubectl("apply", "-f", _server.Manifest(Text("beams", "Beam", "be").Replace("default: 1500", "default: 1400")));
            return Task.CompletedTask;
        }));
    }

    [Fact]
    public async Task A_default_younger_than_an_object_is_shown_when_the_object_is_read()
    {
        var text = Text("poles", "Pole", "po1");
        _server.Kubectl("apply", "-f", _server.Manifest(text.Replace(", default: 1500", "")));
        _server.Kubectl("wait", "--for=condition=Established", "crd/poles.lab.example.com", "--timeout=10s");
        Apply("Pole", "old", "ends: [{node: a}, {node: b}]");
        Assert.Equal("", _server.Kubectl("get", "pole", "old", "-o", "jsonpath={.spec.mtu}"));
        _server.Kubectl("apply", "-f", _server.Manifest(text));
        await Eventually.TrueAsync(() => _server.Kubectl("get", "pole", "old", "-o", "jsonpath={.spec.mtu}") == "1500", TimeSpan.FromSeconds(10));
        Assert.Equal("1500", _server.Kubectl("get", "poles", "-o", "jsonpath={.items[0].spec.mtu}"));
    }

    [Fact]
    public void A_second_version_shows_the_same_objects()
    {
        var text = Text("masts", "Mast", "ma");
        Define("masts", "Mast", "ma");
        Apply("Mast", "m", "ends: [{node: a}, {node: b}]");
        var version = text[text.IndexOf("  - name: v1", StringComparison.Ordinal)..].Replace("name: v1", "name: v2").Replace("served: true", "served: true\n    deprecated: true").Replace("storage: true", "storage: false");
        _server.Kubectl("apply", "-f", _server.Manifest(text + "\n" + version));
        _server.Kubectl("wait", "--for=condition=Established", "crd/masts.lab.example.com", "--timeout=10s");
        var seen = _server.Run("get", "masts.v2.lab.example.com", "m", "-o", "jsonpath={.apiVersion}");
        Assert.Equal("lab.example.com/v2", seen.Output);
        Assert.Contains("lab.example.com/v2 Mast is deprecated", seen.Error);
        Assert.Equal("lab.example.com/v1", _server.Kubectl("get", "masts.v1.lab.example.com", "m", "-o", "jsonpath={.apiVersion}"));
    }

    [Fact]
    public async Task Both_generations_of_kubectl_explain_and_validate_a_defined_kind()
    {
        Define("pipes", "Pipe", "pi");
        Assert.Contains("mtu\t<integer>", _server.Kubectl("explain", "pipes.spec"));
        var refused = _server.Run("apply", "-f", Object("Pipe", "p", "lanes: many, ends: [{node: a}, {node: b}]"));
        Assert.Contains("spec.lanes in body must be of type integer", refused.Error);
        if (!File.Exists(OldKubectl))
            Assert.Skip($"{OldKubectl} is not there; tests/run unpacks it");
        var explained = await Command.RunAsync(new ChildSpec(OldKubectl, ["--kubeconfig", _server.KubeconfigPath, "--cache-dir", Path.Combine(_server.ScratchDirectory, "old"), "explain", "pipes.spec"]));
        Assert.Contains("mtu\t<integer>", explained.OrThrow("explain").Output);
    }

    [Fact]
    public async Task Deleting_the_definition_deletes_its_objects_and_the_resource()
    {
        Define("reels", "Reel", "re");
        Apply("Reel", "gone", "ends: [{node: a}, {node: b}]");
        _server.Kubectl("delete", "crd", "reels.lab.example.com", "--timeout=10s");
        using var client = _server.Admin();
        await Eventually.TrueAsync(async () => (await client.SendAsync("GET", "/apis/lab.example.com/v1/reels")).Code == 404, TimeSpan.FromSeconds(10));
        Define("reels", "Reel", "re");
        Assert.Equal("", _server.Kubectl("get", "reels", "-o", "name"));
    }

    [Theory]
    [InlineData("storage: true", "storage: false", "must have exactly one version marked as storage version")]
    [InlineData("scope: Namespaced", "scope: World", "spec.scope: Unsupported value: \"World\"")]
    [InlineData("group: lab.example.com", "group: other.example.com", "metadata.name: Invalid value")]
    [InlineData("mtu: {type: integer,", "mtu: {", "properties[spec].properties[mtu].type: Required value")]
    [InlineData("'^[a-z]+$'", "'^[a-z'", "must be a valid regular expression")]
    [InlineData("default: cable", "default: rope", "properties[spec].properties[kind].default: Unsupported value: \"rope\"")]
    [InlineData(".metadata.creationTimestamp", "'.a[?(@.b)]'", "additionalPrinterColumns[2].jsonPath")]
    [InlineData("tags: {type: object,", "tags: {type: object, $ref: x,", "$ref: Forbidden")]
    public void A_definition_that_cannot_be_served_is_refused_by_field(string part, string wrong, string fault)
    {
        var refused = _server.Run("create", "--validate=false", "-f", _server.Manifest(Text("bads", "Bad", "ba").Replace(part, wrong)));
        Assert.False(refused.Succeeded);
        Assert.Contains(fault, refused.Error);
    }

    [Fact]
    public void A_kind_that_is_taken_is_not_established_until_it_is_given_back()
    {
        Define("hubs", "Hub", "hu");
        _server.Kubectl("apply", "-f", _server.Manifest(Text("hubtwos", "Hub", "ht")));
        _server.Kubectl("wait", "--for=condition=NamesAccepted=false", "crd/hubtwos.lab.example.com", "--timeout=10s");
        Assert.False(_server.Run("get", "hubtwos").Succeeded);
        _server.Kubectl("delete", "crd", "hubs.lab.example.com");
        _server.Kubectl("wait", "--for=condition=Established", "crd/hubtwos.lab.example.com", "--timeout=10s");
        Assert.True(_server.Run("get", "hubtwos").Succeeded);
    }

    private static string Text(string plural, string kind, string shortName) => Links.Replace("PLURAL", plural).Replace("KIND", kind).Replace("SHORT", shortName);

    private void Define(string plural, string kind, string shortName)
    {
        _server.Kubectl("apply", "-f", _server.Manifest(Text(plural, kind, shortName)));
        _server.Kubectl("wait", "--for=condition=Established", $"crd/{plural}.lab.example.com", "--timeout=10s");
    }

    private string Object(string kind, string name, string spec) =>
        _server.Manifest($"apiVersion: lab.example.com/v1\nkind: {kind}\nmetadata: {{name: {name}}}\nspec: {{{spec}}}\n");

    private string Apply(string kind, string name, string spec) => _server.Kubectl("apply", "-f", Object(kind, name, spec));

    private string Try(string kind, string name, string spec) => _server.Run("apply", "-f", Object(kind, name, spec)).Error;
}
