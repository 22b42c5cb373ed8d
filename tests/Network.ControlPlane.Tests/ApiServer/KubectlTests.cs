using System.Text.Json.Nodes;
using Network.TestKit;
using Xunit;

namespace Network.ControlPlane.Tests.ApiServer;

public sealed class KubectlTests : IClassFixture<ApiServerFixture>
{
    private readonly ApiServerFixture _server;

    public KubectlTests(ApiServerFixture server)
    {
        Requires.Tool("kubectl");
        _server = server;
    }

    [Fact]
    public void Everyday_kubectl_creates_reads_changes_and_deletes_objects()
    {
        _server.Kubectl("create", "namespace", "shop");
        _server.Kubectl("-n", "shop", "create", "configmap", "prices", "--from-literal=tea=3");
        Assert.Equal("3", _server.Kubectl("-n", "shop", "get", "configmap", "prices", "-o", "jsonpath={.data.tea}"));
        _server.Kubectl("-n", "shop", "label", "configmap", "prices", "tier=back");
        Assert.Equal("configmap/prices", _server.Kubectl("-n", "shop", "get", "cm", "-l", "tier=back", "-o", "name").Trim());
        _server.Kubectl("-n", "shop", "delete", "configmap", "prices");
        Assert.DoesNotContain("prices", _server.Kubectl("-n", "shop", "get", "configmap", "-o", "name"));
    }

    [Fact]
    public void A_deployment_is_applied_changed_and_scaled()
    {
        var text = """
            apiVersion: apps/v1
            kind: Deployment
            metadata: {name: web}
            spec:
              replicas: 2
              selector: {matchLabels: {app: web}}
              template:
                metadata: {labels: {app: web}}
                spec:
                  containers:
                  - {name: c, image: "nginx:1.25", ports: [{containerPort: 80}]}
            """;
        Assert.Contains("created", _server.Kubectl("apply", "-f", _server.Manifest(text)));
        Assert.Contains("unchanged", _server.Kubectl("apply", "-f", _server.Manifest(text)));
        Assert.Contains("configured", _server.Kubectl("apply", "-f", _server.Manifest(text.Replace("1.25", "1.26"))));
        _server.Kubectl("set", "image", "deployment/web", "c=nginx:1.27");
        _server.Kubectl("scale", "deployment/web", "--replicas=5");
        var live = JsonNode.Parse(_server.Kubectl("get", "deployment", "web", "-o", "json"))!;
        Assert.Equal(5, (int)live["spec"]!["replicas"]!);
        Assert.Equal("nginx:1.27", (string)live["spec"]!["template"]!["spec"]!["containers"]![0]!["image"]!);
        Assert.Equal(4, (int)live["metadata"]!["generation"]!);
        Assert.Contains("0/5", _server.Kubectl("get", "deploy", "web"));
        _server.Kubectl("delete", "deployment", "web");
    }

    [Fact]
    public void A_service_gets_an_address_and_a_second_owner_of_it_is_refused()
    {
        _server.Kubectl("create", "service", "nodeport", "front", "--tcp=80:8080");
        var address = _server.Kubectl("get", "service", "front", "-o", "jsonpath={.spec.clusterIP}");
        Assert.StartsWith("10.96.", address);
        Assert.InRange(int.Parse(_server.Kubectl("get", "service", "front", "-o", "jsonpath={.spec.ports[0].nodePort}")), 30000, 32767);
        var refused = _server.Run("create", "service", "clusterip", "thief", "--tcp=80", "--clusterip=" + address);
        Assert.False(refused.Succeeded);
        Assert.Contains("provided IP is already allocated", refused.Error);
        Assert.Contains("NodePort", _server.Kubectl("get", "service", "front"));
        _server.Kubectl("delete", "service", "front");
        _server.Kubectl("create", "service", "clusterip", "thief", "--tcp=80", "--clusterip=" + address);
        _server.Kubectl("delete", "service", "thief");
    }

    [Fact]
    public void A_pod_is_completed_by_defaults_and_admission()
    {
        _server.Kubectl("run", "box", "--image=busybox");
        var pod = JsonNode.Parse(_server.Kubectl("get", "pod", "box", "-o", "json"))!;
        Assert.Equal("Always", (string)pod["spec"]!["containers"]![0]!["imagePullPolicy"]!);
        Assert.Equal("default", (string)pod["spec"]!["serviceAccountName"]!);
        Assert.Equal("/var/run/secrets/kubernetes.io/serviceaccount", (string)pod["spec"]!["containers"]![0]!["volumeMounts"]![0]!["mountPath"]!);
        Assert.Equal(2, pod["spec"]!["tolerations"]!.AsArray().Count);
        Assert.Matches(@"box\s+0/1\s+Pending\s+0\s+\d+s", _server.Kubectl("get", "pod", "box"));
        Assert.Contains("QoS Class:                   BestEffort", _server.Kubectl("describe", "pod", "box"));
        _server.Kubectl("delete", "pod", "box");
    }

    [Fact]
    public void Nonsense_is_refused_with_every_wrong_field_named()
    {
        var path = _server.Manifest("""
            apiVersion: v1
            kind: Pod
            metadata: {name: bad}
            spec:
              contaners: []
              containers:
              - {name: c, image: x, imagePullPolcy: Never}
            """);
        var refused = _server.Run("apply", "-f", path);
        Assert.Contains("strict decoding error", refused.Error);
        Assert.Contains("unknown field \"spec.contaners\"", refused.Error);
        Assert.Contains("unknown field \"spec.containers[0].imagePullPolcy\"", refused.Error);
    }

    [Fact]
    public void Server_side_explain_version_and_discovery_answer()
    {
        Assert.Contains("v1.32.0+podnet", _server.Kubectl("version"));
        Assert.Contains("containers", _server.Kubectl("explain", "pod.spec"));
        Assert.Contains("networkpolicies", _server.Kubectl("api-resources"));
        Assert.Equal("yes", _server.Kubectl("auth", "can-i", "create", "pods").Trim());
        Assert.Contains("system:masters", _server.Kubectl("auth", "whoami"));
    }
}
