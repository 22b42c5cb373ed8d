using k8s.Models;
using Network.Controllers.Endpoints;
using Network.ControlPlane.Tests.Client;
using Xunit;

namespace Network.ControlPlane.Tests.Controllers;

public sealed class EndpointsTests
{
    private const string Port = "ports: [{name: http, port: 80, targetPort: 8080, protocol: TCP}]";

    [Theory]
    [InlineData("{phase: Running, podIP: 10.0.0.1, conditions: [{type: Ready, status: 'True'}]}", "", "ready serving")]
    [InlineData("{phase: Running, podIP: 10.0.0.1}", "", "")]
    [InlineData("{phase: Running, podIP: 10.0.0.1, conditions: [{type: Ready, status: 'True'}]}", ", deletionTimestamp: '2030-01-01T00:00:00Z'", "serving terminating")]
    [InlineData("{phase: Running, podIP: 10.0.0.1}", ", deletionTimestamp: '2030-01-01T00:00:00Z'", "terminating")]
    [InlineData("{phase: Pending}", "", null)]
    [InlineData("{phase: Succeeded, podIP: 10.0.0.1}", "", null)]
    [InlineData("{phase: Failed, podIP: 10.0.0.1}", "", null)]
    public void Slice_shows_a_pod_with_its_conditions(string status, string metadata, string? expected)
    {
        var slice = Slices(Service(Port), Pod("p1", status, metadata)).Single();

        Assert.Equal(expected, slice.Endpoints.Count == 0 ? null : Conditions(slice.Endpoints.Single()));
    }

    [Fact]
    public void Publishing_not_ready_addresses_makes_everybody_ready() => Assert.Equal("ready serving", Conditions(
        Slices(Service($"{Port}, publishNotReadyAddresses: true"), Pod("p1", "{phase: Running, podIP: 10.0.0.1}")).Single().Endpoints.Single()));

    [Fact]
    public void Pods_of_other_namespaces_and_labels_are_no_endpoints() => Assert.Empty(Slices(Service(Port),
        Pod("p1", Ready(1), ns: "other"), Pod("p2", Ready(2), labels: "{app: db}")).Single().Endpoints);

    [Fact]
    public void Service_without_pods_has_one_empty_slice()
    {
        var slice = Slices(Service(Port)).Single();

        Assert.Empty(slice.Endpoints);
        Assert.Equal("web-", slice.Metadata.GenerateName);
        Assert.Equal("web", slice.Metadata.Labels["kubernetes.io/service-name"]);
        Assert.Equal("endpointslice-controller.k8s.io", slice.Metadata.Labels["endpointslice.kubernetes.io/managed-by"]);
        Assert.Equal("u-web", slice.Metadata.OwnerReferences.Single().Uid);
    }

    [Fact]
    public void Slice_holds_a_hundred_endpoints_at_most()
    {
        var slices = Slices(Service(Port), [.. Enumerable.Range(1, 250).Select(i => Pod($"p{i}", Ready(i)))]);

        Assert.Equal([100, 100, 50], slices.Select(slice => slice.Endpoints.Count));
        Assert.Equal(250, slices.SelectMany(slice => slice.Endpoints).SelectMany(endpoint => endpoint.Addresses).Distinct().Count());
    }

    [Fact]
    public void Named_port_is_resolved_by_each_pod_and_in_sidecars_too()
    {
        var service = Service("ports: [{name: http, port: 80, targetPort: web, protocol: TCP}]");
        V1Pod[] pods =
        [
            Pod("p1", Ready(1), spec: "containers: [{name: c, ports: [{name: web, containerPort: 8081}]}]"),
            Pod("p2", Ready(2), spec: "containers: [{name: c}], initContainers: [{name: s, restartPolicy: Always, ports: [{name: web, containerPort: 8082, protocol: TCP}]}]"),
            Pod("p3", Ready(3), spec: "containers: [{name: c, ports: [{name: web, containerPort: 8083, protocol: UDP}]}]"),
            Pod("p4", Ready(4), spec: "containers: [{name: c}], initContainers: [{name: i, ports: [{name: web, containerPort: 8084}]}]"),
        ];

        Assert.Equal(["10.0.0.1:8081", "10.0.0.2:8082", "10.0.0.3:", "10.0.0.4:"], Slices(service, pods)
            .SelectMany(slice => slice.Endpoints.Select(endpoint => $"{endpoint.Addresses[0]}:{string.Join(',', slice.Ports.Select(port => port.Port))}")).Order());
        Assert.Equal(["10.0.0.1", "10.0.0.2"], EndpointsBuilder.For(service, EndpointChoice.For(service, pods)).Subsets
            .SelectMany(subset => subset.Addresses).Select(address => address.Ip).Order());
    }

    [Theory]
    [InlineData("{name: a, port: 80, protocol: TCP}", "a/TCP/80")]
    [InlineData("{port: 80}", "/TCP/80")]
    [InlineData("{name: a, port: 80, targetPort: 0}", "a/TCP/80")]
    [InlineData("{name: a, port: 53, targetPort: 5353, protocol: UDP, appProtocol: dns}", "a/UDP/5353")]
    public void Target_port_defaults_to_the_port(string port, string expected)
    {
        var slice = Slices(Service($"ports: [{port}]"), Pod("p1", Ready(1))).Single();

        Assert.Equal(expected, string.Join(' ', slice.Ports.Select(p => $"{p.Name}/{p.Protocol}/{p.Port}")));
    }

    [Fact]
    public void Slice_tells_node_zone_and_name()
    {
        var slice = Slices(Service(Port), Pod("p1", Ready(1), spec: "hostname: first, subdomain: web, nodeName: w1, containers: [{name: c}]")).Single();

        var endpoint = slice.Endpoints.Single();
        Assert.Equal(("w1", "z-w1", "first", "p1"), (endpoint.NodeName, endpoint.Zone, endpoint.Hostname, endpoint.TargetRef.Name));
    }

    [Fact]
    public void Headless_service_says_so_on_both_objects()
    {
        var service = Service("clusterIP: None");

        Assert.Equal("", Slices(service, Pod("p1", Ready(1))).Single().Metadata.Labels["service.kubernetes.io/headless"]);
        var legacy = EndpointsBuilder.For(service, EndpointChoice.For(service, [Pod("p1", Ready(1))]));
        Assert.Equal("", legacy.Metadata.Labels["service.kubernetes.io/headless"]);
        Assert.Equal("10.0.0.1", legacy.Subsets.Single().Addresses.Single().Ip);
    }

    [Fact]
    public void Legacy_object_separates_ready_from_not_ready_and_forgets_the_terminating()
    {
        var service = Service(Port);
        V1Pod[] pods =
        [
            Pod("p1", Ready(1)), Pod("p2", "{phase: Running, podIP: 10.0.0.2}"), Pod("p3", Ready(3), ", deletionTimestamp: '2030-01-01T00:00:00Z'"),
        ];

        var subset = EndpointsBuilder.For(service, EndpointChoice.For(service, pods)).Subsets.Single();

        Assert.Equal(["10.0.0.1"], subset.Addresses.Select(address => address.Ip));
        Assert.Equal(["10.0.0.2"], subset.NotReadyAddresses.Select(address => address.Ip));
        Assert.Equal(8080, subset.Ports.Single().Port);
        Assert.Null(EndpointsBuilder.For(service, []).Subsets);
    }

    [Fact]
    public void Legacy_object_is_cut_at_a_thousand_addresses_and_says_so()
    {
        var service = Service(Port);
        var notReady = Enumerable.Range(1, 600).Select(i => Pod($"a{i}", $"{{phase: Running, podIP: 10.0.{i / 250}.{i % 250}}}"));
        var ready = Enumerable.Range(1, 600).Select(i => Pod($"b{i}", $"{{phase: Running, podIP: 10.9.{i / 250}.{i % 250}, conditions: [{{type: Ready, status: 'True'}}]}}"));

        var endpoints = EndpointsBuilder.For(service, EndpointChoice.For(service, notReady.Concat(ready)));

        // Those that answer come first.
        Assert.Equal((600, 400), (endpoints.Subsets.Sum(subset => subset.Addresses?.Count ?? 0), endpoints.Subsets.Sum(subset => subset.NotReadyAddresses?.Count ?? 0)));
        Assert.Equal("truncated", endpoints.Metadata.Annotations["endpoints.kubernetes.io/over-capacity"]);
        Assert.Null(EndpointsBuilder.For(service, []).Metadata.Annotations);
    }

    [Theory]
    [InlineData("", "", "")]
    [InlineData("PreferSameNode", "w1", "z-w1")]
    [InlineData("PreferSameZone", "", "z-w1")]
    [InlineData("PreferClose", "", "z-w1")]
    public void Distribution_says_who_should_prefer_a_ready_endpoint(string preference, string node, string zone)
    {
        var spec = preference.Length == 0 ? Port : $"{Port}, trafficDistribution: {preference}";
        var endpoints = Slices(Service(spec), Pod("p1", Ready(1)), Pod("p2", "{phase: Running, podIP: 10.0.0.2}")).Single().Endpoints;

        Assert.Equal(node, string.Join(' ', endpoints[0].Hints?.ForNodes?.Select(hint => hint.Name) ?? []));
        Assert.Equal(zone, string.Join(' ', endpoints[0].Hints?.ForZones?.Select(hint => hint.Name) ?? []));
        Assert.Null(endpoints[1].Hints);
    }

    [Fact]
    public void One_ready_endpoint_without_a_zone_takes_the_zones_of_all()
    {
        var service = Service($"{Port}, trafficDistribution: PreferSameZone");
        var pods = new[] { Pod("p1", Ready(1)), Pod("p2", Ready(2), spec: "nodeName: w2, containers: [{name: c}]") };
        var slice = SliceBuilder.For(service, EndpointChoice.For(service, pods),
            name => Yaml.To<V1Node>($"{{metadata: {{name: {name}, labels: {(name == "w1" ? "{topology.kubernetes.io/zone: a}" : "{}")}}}}}")).Single();

        Assert.All(slice.Endpoints, endpoint => Assert.Null(endpoint.Hints));
    }

    private static IReadOnlyList<V1EndpointSlice> Slices(V1Service service, params V1Pod[] pods) => SliceBuilder.For(service, EndpointChoice.For(service, pods),
        name => Yaml.To<V1Node>($"{{metadata: {{name: {name}, labels: {{topology.kubernetes.io/zone: z-{name}}}}}}}"));

    private static V1Service Service(string spec) =>
        Yaml.To<V1Service>($"{{metadata: {{name: web, namespace: ns, uid: u-web}}, spec: {{selector: {{app: web}}, {spec}}}}}");

    private static string Ready(int number) => $"{{phase: Running, podIP: 10.0.0.{number}, conditions: [{{type: Ready, status: 'True'}}]}}";

    private static V1Pod Pod(string name, string status, string metadata = "", string spec = "nodeName: w1, containers: [{name: c}]", string ns = "ns", string labels = "{app: web}") =>
        Yaml.To<V1Pod>($"{{metadata: {{name: {name}, namespace: {ns}, labels: {labels}{metadata}}}, spec: {{{(spec.Contains("nodeName") ? spec : $"nodeName: w1, {spec}")}}}, status: {status}}}");

    private static string Conditions(V1Endpoint endpoint) => string.Join(' ', new[]
    {
        endpoint.Conditions.Ready == true ? "ready" : "", endpoint.Conditions.Serving == true ? "serving" : "", endpoint.Conditions.Terminating == true ? "terminating" : "",
    }.Where(word => word.Length > 0));
}
