using Network.EndToEnd.Tests.Cluster;
using Network.TestKit;
using Xunit;

namespace Network.EndToEnd.Tests;

/// <summary>What operators do with kubectl every day, with both generations of it, against one cluster.</summary>
public sealed class KubectlTests : IClassFixture<KubectlTests.ThreeNodes>
{
    private static readonly TimeSpan s_soon = TimeSpan.FromSeconds(20);
    private readonly LabCluster _cluster;

    public KubectlTests(ThreeNodes nodes) => _cluster = nodes.Cluster;

    public static TheoryData<string> Generations => [Kubectls.New.Name, Kubectls.Old.Name];

    [Theory]
    [MemberData(nameof(Generations))]
    public void Deployment_is_applied_scaled_updated_undone_and_deleted(string generation)
    {
        var kubectl = Kubectls.ByName(generation);
        var ns = NewNamespace(kubectl);
        Assert.Contains("deployment.apps/web created", Apply(kubectl, ns, Manifests.Web(2)));
        Run(kubectl, ns, "rollout", "status", "deployment/web", "--timeout=30s");
        Assert.Contains("web-", Run(kubectl, ns, "get", "pods", "-o", "wide"));
        Assert.Contains("kind: Deployment", Run(kubectl, ns, "get", "deployment", "web", "-o", "yaml"));
        Assert.Contains("RollingUpdateStrategy", Run(kubectl, ns, "describe", "deployment", "web"));

        Run(kubectl, ns, "scale", "deployment/web", "--replicas=3");
        Run(kubectl, ns, "rollout", "status", "deployment/web", "--timeout=30s");
        Assert.Equal("3", Run(kubectl, ns, "get", "deployment", "web", "-o", "jsonpath={.status.readyReplicas}"));

        Run(kubectl, ns, "set", "env", "deployment/web", "COLOUR=green");
        Run(kubectl, ns, "rollout", "status", "deployment/web", "--timeout=40s");
        Assert.Contains("green", Run(kubectl, ns, "get", "deployment", "web", "-o", "jsonpath={.spec.template.spec.containers[0].env}"));
        Run(kubectl, ns, "rollout", "undo", "deployment/web");
        Run(kubectl, ns, "rollout", "status", "deployment/web", "--timeout=40s");
        Assert.Equal("", Run(kubectl, ns, "get", "deployment", "web", "-o", "jsonpath={.spec.template.spec.containers[0].env}"));

        Run(kubectl, ns, "label", "pod", "client", "tier=front");
        Assert.Contains("client", Run(kubectl, ns, "get", "pods", "-l", "tier=front"));
        Run(kubectl, ns, "delete", "deployment/web", "service/web", "pod/client");
        Assert.DoesNotContain("client", Run(kubectl, ns, "get", "pods"));
    }

    [Theory]
    [MemberData(nameof(Generations))]
    public async Task Logs_are_followed_and_a_terminal_is_opened(string generation)
    {
        var kubectl = Kubectls.ByName(generation);
        var ns = NewNamespace(kubectl);
        Apply(kubectl, ns, Manifests.Talker("talker"));
        Run(kubectl, ns, "wait", "--for=condition=Ready", "pod/talker", "--timeout=20s");
        await Eventually.TrueAsync(() => Run(kubectl, ns, "logs", "talker").Contains("line 3"), s_soon);
        var followed = Shell.Run("sh", "-c", kubectl.Line(_cluster, $"-n {ns} logs -f talker | head -n 6"));
        Assert.Contains("line 6", followed);
        // script gives kubectl a terminal of its own, as a person at a keyboard has one.
        var line = kubectl.Line(_cluster, $"-n {ns} exec -it talker -- sh -c 'tty; echo size $(stty size)'");
        var terminal = Shell.Run("script", "-qec", line, "/dev/null");
        Assert.Contains("/dev/pts/", terminal);
        var failed = kubectl.Try(_cluster, null, "-n", ns, "exec", "talker", "--", "sh", "-c", "exit 7");
        Assert.Equal(7, failed.Exit.Code);
        var fed = kubectl.Try(_cluster, "through stdin\n", "-n", ns, "exec", "-i", "talker", "--", "cat");
        Assert.Equal("through stdin\n", fed.Output);
    }

    [Theory]
    [MemberData(nameof(Generations))]
    public void Watch_shows_a_pod_becoming_ready(string generation)
    {
        var kubectl = Kubectls.ByName(generation);
        var ns = NewNamespace(kubectl);
        Apply(kubectl, ns, Manifests.Talker("seen"));
        var watched = Shell.Run("sh", "-c", kubectl.Line(_cluster, $"-n {ns} get pods -w --request-timeout=10s 2>/dev/null | grep -m1 '1/1 *Running'"));
        Assert.Contains("seen", watched);
    }

    [Theory]
    [InlineData("unknown field", "spec: {replicas: 1, colour: blue, selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: busybox}]}}}", "colour")]
    [InlineData("wrong type", "spec: {replicas: many, selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: busybox}]}}}", "replicas")]
    [InlineData("missing name", "spec: {replicas: 1, selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{image: busybox}]}}}", "containers[0].name")]
    [InlineData("selector that does not match", "spec: {replicas: 1, selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: c}}, spec: {containers: [{name: c, image: busybox}]}}}", "template.metadata.labels")]
    public void Nonsense_is_refused_with_the_field_and_changes_nothing(string what, string spec, string field)
    {
        var ns = NewNamespace(Kubectls.New);
        var manifest = $"apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: bad}}\n{spec}\n";
        var result = Kubectls.New.Try(_cluster, manifest, "-n", ns, "apply", "-f", "-");
        Assert.False(result.Succeeded, $"{what} was accepted");
        Assert.Contains(field, result.Error);
        Assert.Equal("", Run(Kubectls.New, ns, "get", "deployments", "-o", "name"));
    }

    [Fact]
    public void Unschedulable_pod_says_why()
    {
        var ns = NewNamespace(Kubectls.New);
        Apply(Kubectls.New, ns, "apiVersion: v1\nkind: Pod\nmetadata: {name: huge}\nspec: {containers: [{name: c, image: busybox, resources: {requests: {cpu: 999}}}]}\n");
        Run(Kubectls.New, ns, "wait", "--for=condition=PodScheduled=False", "pod/huge", "--timeout=10s");
        Assert.Equal("0/3 nodes are available: 3 Insufficient cpu.",
            Run(Kubectls.New, ns, "get", "pod", "huge", "-o", "jsonpath={.status.conditions[?(@.type=='PodScheduled')].message}"));
    }

    [Fact]
    public async Task Deleted_namespace_takes_its_content_with_it()
    {
        var ns = NewNamespace(Kubectls.New);
        Apply(Kubectls.New, ns, Manifests.Web(1));
        Run(Kubectls.New, "default", "delete", "namespace", ns, "--timeout=40s");
        await Eventually.TrueAsync(() => !Run(Kubectls.New, "default", "get", "pods,rs,endpointslices", "-A", "--no-headers").Contains(ns), s_soon);
    }

    [Fact]
    public async Task Killed_pod_of_a_deployment_comes_back_and_its_children_go_with_the_owner()
    {
        var ns = NewNamespace(Kubectls.New);
        Apply(Kubectls.New, ns, Manifests.Web(1));
        Run(Kubectls.New, ns, "rollout", "status", "deployment/web", "--timeout=30s");
        var first = Run(Kubectls.New, ns, "get", "pods", "-l", "app=web", "-o", "name").Trim();
        Run(Kubectls.New, ns, "delete", first);
        Run(Kubectls.New, ns, "rollout", "status", "deployment/web", "--timeout=30s");
        Assert.NotEqual(first, Run(Kubectls.New, ns, "get", "pods", "-l", "app=web", "-o", "name").Trim());
        Run(Kubectls.New, ns, "delete", "deployment", "web");
        await Eventually.TrueAsync(() => Run(Kubectls.New, ns, "get", "rs,pods", "-l", "app=web", "-o", "name").Trim() == "", s_soon);
    }

    [Fact]
    public void Daemon_set_runs_on_every_node()
    {
        var ns = NewNamespace(Kubectls.New);
        Apply(Kubectls.New, ns, """
            apiVersion: apps/v1
            kind: DaemonSet
            metadata: {name: each}
            spec:
              selector: {matchLabels: {app: each}}
              template:
                metadata: {labels: {app: each}}
                spec: {terminationGracePeriodSeconds: 1, containers: [{name: c, image: busybox, command: [sleep, "600"]}]}
            """);
        Run(Kubectls.New, ns, "rollout", "status", "daemonset/each", "--timeout=30s");
        var nodes = Run(Kubectls.New, ns, "get", "pods", "-o", "jsonpath={.items[*].spec.nodeName}").Split(' ').Order();
        Assert.Equal(["w1", "w2", "w3"], nodes);
    }

    private string NewNamespace(Kubectls kubectl)
    {
        var ns = $"t{Guid.NewGuid().ToString("N")[..8]}";
        kubectl.Run(_cluster, "create", "namespace", ns);
        return ns;
    }

    private string Apply(Kubectls kubectl, string ns, string manifest) =>
        kubectl.Try(_cluster, manifest, "-n", ns, "apply", "-f", "-").OrThrow("kubectl apply").Output;

    private string Run(Kubectls kubectl, string ns, params string[] arguments) => kubectl.Run(_cluster, ["-n", ns, .. arguments]);

    public sealed class ThreeNodes : IDisposable
    {
        public LabCluster Cluster { get; } = LabCluster.Up("--nodes", "3");

        public void Dispose() => Cluster.Dispose();
    }
}
