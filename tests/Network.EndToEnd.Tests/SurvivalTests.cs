using Network.EndToEnd.Tests.Cluster;
using Network.Linux;
using Network.TestKit;
using Xunit;

namespace Network.EndToEnd.Tests;

/// <summary>Any process may die at any time: connections go on, no acknowledged write is lost, and after a restart all is well.</summary>
public sealed class SurvivalTests : IDisposable
{
    private static readonly TimeSpan s_soon = TimeSpan.FromSeconds(30);

    // A stream through the service, answered on the other node. BROKEN would stand in its log after the first cut.
    private const string Stream = """
        apiVersion: v1
        kind: Pod
        metadata: {name: echo, labels: {app: echo}}
        spec:
          nodeName: w2
          terminationGracePeriodSeconds: 1
          containers: [{name: c, image: busybox, command: [nc, -ll, -p, "9000", -e, cat]}]
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: echo}
        spec: {selector: {app: echo}, ports: [{port: 9000}]}
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: stream}
        spec:
          nodeName: w1
          terminationGracePeriodSeconds: 1
          containers:
          - name: c
            image: busybox
            command: [sh, -c, "until nc -w 1 echo 9000 </dev/null; do sleep 0.1; done; (i=0; while true; do i=$((i+1)); echo tick $i; sleep 0.1; done) | nc echo 9000; echo BROKEN; sleep 3600"]
        """;

    private readonly LabCluster _cluster = LabCluster.Up("--nodes", "2", "--split");

    public void Dispose() => _cluster.Dispose();

    [Fact]
    public async Task Every_process_may_be_killed_under_traffic()
    {
        Apply(Stream);
        await Eventually.TrueAsync(() => Ticks() > 3, s_soon, () => _cluster.Kubectl("get", "pods", "-o", "wide"));
        foreach (var process in (string[])["apiserver", "scheduler", "controllers", "w1/kubelet", "w2/kubelet", "w1/overlay", "w1/proxy", "w1/dns"])
        {
            var before = Ticks();
            await KillAsync(process);
            _cluster.UpAgain("--nodes", "2", "--split");
            await Eventually.TrueAsync(() => Ticks() > before + 5, s_soon, () => $"after {process} was killed the stream stood still at {before}");
            Assert.DoesNotContain("BROKEN", _cluster.Kubectl("logs", "stream"));
            await ConvergesAsync(process.Replace('/', '-'));
        }
    }

    [Fact]
    public async Task No_acknowledged_write_is_lost_when_the_api_server_is_killed()
    {
        var acknowledged = new List<string>();
        for (var round = 0; round < 3; round++)
        {
            var writing = Task.Run(() => WriteUntilRefused(acknowledged, round));
            await Eventually.TrueAsync(() => Count(acknowledged) > (round + 1) * 5, s_soon);
            await KillAsync("apiserver");
            await writing;
            _cluster.UpAgain("--nodes", "2", "--split");
        }

        var present = _cluster.Kubectl("get", "configmaps", "-o", "jsonpath={.items[*].metadata.name}").Split(' ').ToHashSet();
        Assert.All(acknowledged, name => Assert.Contains(name, present));
    }

    private void WriteUntilRefused(List<string> acknowledged, int round)
    {
        for (var i = 0; ; i++)
        {
            var name = $"w{round}-{i}";
            if (!Kubectls.New.Try(_cluster, null, "create", "configmap", name, $"--from-literal=i={i}").Succeeded)
                return;
            lock (acknowledged)
                acknowledged.Add(name);
        }
    }

    private static int Count(List<string> list)
    {
        lock (list)
            return list.Count;
    }

    private async Task KillAsync(string process)
    {
        var pid = _cluster.PidOf(process);
        Processes.Kill(pid, Processes.SIGKILL);
        await Eventually.TrueAsync(() => !File.Exists($"/proc/{pid}/exe"), s_soon);
    }

    // Something new has to come through every component: scheduled, started on each node, resolved, reached.
    private async Task ConvergesAsync(string name)
    {
        Apply($$$"""
            apiVersion: apps/v1
            kind: Deployment
            metadata: {name: after-{{{name}}}}
            spec:
              replicas: 2
              selector: {matchLabels: {app: after-{{{name}}}}}
              template:
                metadata: {labels: {app: after-{{{name}}}}}
                spec: {terminationGracePeriodSeconds: 1, containers: [{name: c, image: podnet-sample}]}
            ---
            apiVersion: v1
            kind: Service
            metadata: {name: after-{{{name}}}}
            spec: {selector: {app: after-{{{name}}}}, ports: [{port: 80, targetPort: 8080}]}
            """);
        _cluster.Kubectl("rollout", "status", $"deployment/after-{name}", "--timeout=30s");
        await Eventually.TrueAsync(
            () => Kubectls.New.Try(_cluster, null, "exec", "stream", "--", "timeout", "3", "wget", "-qO-", $"http://after-{name}/hostname").Succeeded, s_soon,
            () => $"service after-{name} is not reached by name");
        _cluster.Kubectl("delete", $"deployment/after-{name}", $"service/after-{name}");
    }

    private int Ticks()
    {
        // --tail says where reading begins; a line written while it is read comes along, as in upstream.
        var last = Kubectls.New.Try(_cluster, null, "logs", "stream", "--tail=1").Output.Trim().Split('\n')[^1];
        return last.StartsWith("tick ", StringComparison.Ordinal) ? int.Parse(last[5..]) : 0;
    }

    private void Apply(string manifest) => Kubectls.New.Try(_cluster, manifest, "apply", "-f", "-").OrThrow("kubectl apply");
}
