using System.Text.Json.Nodes;
using Network.TestKit;
using Xunit;

namespace Network.Kernel.Tests.Kubelet;

/// <summary>What a pod goes through, read from the kubelet's own list of pods.</summary>
public sealed class PodBehaviourTests
{
    [Fact]
    public async Task Container_that_keeps_failing_is_restarted_with_back_off_and_its_last_end_is_told()
    {
        await using var kubelet = await StandaloneKubelet.NewAsync();
        await kubelet.StartAsync();
        kubelet.Manifest("p.yaml", Pod("""
              - name: c
                image: busybox
                command: [sh, -c, "echo because > /dev/termination-log; exit 3"]
            """));
        // While it waits: in between it runs for a moment, and then it is ready.
        var status = await UntilAsync(kubelet, status => (int?)Container(status)?["restartCount"] >= 3
            && (string?)Container(status)?["state"]?["waiting"]?["reason"] == "CrashLoopBackOff");
        var last = Container(status)!["lastState"]!["terminated"]!;
        Assert.Equal((3, "Error", "because\n"), ((int)last["exitCode"]!, (string)last["reason"]!, (string)last["message"]!));
        Assert.Equal("Running", (string)status["phase"]!);
        Assert.Equal("False", Condition(status, "Ready"));
        Assert.StartsWith("runc://", (string)Container(status)!["containerID"]!);
    }

    [Fact]
    public async Task Pod_ends_in_order_when_init_sidecar_and_main_container_have_done_their_part()
    {
        await using var kubelet = await StandaloneKubelet.NewAsync();
        await kubelet.StartAsync();
        kubelet.Manifest("p.yaml", Pod("""
              - name: c
                image: busybox
                command: [sh, -c, "cat /data/steps; test \"$(cat /data/steps)\" = \"init sidecar\""]
                volumeMounts: [{name: data, mountPath: /data}]
            """, """
              restartPolicy: Never
              volumes: [{name: data, emptyDir: {}}]
              initContainers:
              - name: i
                image: busybox
                command: [sh, -c, "printf init > /data/steps"]
                volumeMounts: [{name: data, mountPath: /data}]
              - name: s
                image: busybox
                restartPolicy: Always
                command: [sh, -c, "printf ' sidecar' >> /data/steps; trap 'exit 0' TERM; while true; do sleep 0.05; done"]
                startupProbe: {exec: {command: [grep, sidecar, /data/steps]}, periodSeconds: 1}
                volumeMounts: [{name: data, mountPath: /data}]
            """));
        var status = await UntilAsync(kubelet, status => (string?)status["phase"] is "Succeeded" or "Failed");
        Assert.Equal("Succeeded", (string)status["phase"]!);
        Assert.Equal("PodCompleted", (string)status["conditions"]!.AsArray().First(c => (string)c!["type"]! == "Ready")!["reason"]!);
        Assert.Equal(["i", "s"], status["initContainerStatuses"]!.AsArray().Select(c => (string)c!["name"]!));
        await Eventually.TrueAsync(() => kubelet.Namespaces().Count == 0, TimeSpan.FromSeconds(5));
    }

    [Fact]
    public async Task Container_is_restarted_when_its_liveness_probe_fails_and_ready_follows_its_readiness_probe()
    {
        await using var kubelet = await StandaloneKubelet.NewAsync();
        await kubelet.StartAsync();
        kubelet.Manifest("p.yaml", Pod("""
              - name: c
                image: busybox
                command: [sh, -c, "mkdir /w; touch /w/live; (sleep 2; rm /w/live) & exec httpd -f -p 80 -h /w"]
                readinessProbe: {tcpSocket: {port: web}, periodSeconds: 1}
                livenessProbe: {httpGet: {path: /live, port: web}, periodSeconds: 1, failureThreshold: 1, initialDelaySeconds: 1}
                ports: [{name: web, containerPort: 80}]
            """));
        await UntilAsync(kubelet, status => Condition(status, "Ready") == "True");
        var status = await UntilAsync(kubelet, status => (int?)Container(status)?["restartCount"] >= 1);
        Assert.Equal(137, (int)Container(status)!["lastState"]!["terminated"]!["exitCode"]!);
    }

    [Fact]
    public async Task Container_sees_its_names_address_limits_and_files_as_promised()
    {
        await using var kubelet = await StandaloneKubelet.NewAsync();
        await kubelet.StartAsync();
        kubelet.Manifest("p.yaml", Pod("""
              - name: c
                image: busybox
                command: [sh, -c]
                args: ["echo $(GREETING) $NODE $LIMIT; hostname; hostname -i; cat /etc/resolv.conf /info/labels; id -u; id -G; cat /proc/1/oom_score_adj; exec sleep 3600"]
                env:
                - {name: WHO, value: world}
                - {name: GREETING, value: "hello $(WHO)"}
                - {name: NODE, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}
                - {name: LIMIT, valueFrom: {resourceFieldRef: {resource: limits.memory, divisor: 1Mi}}}
                resources: {limits: {memory: 64Mi}}
                volumeMounts: [{name: info, mountPath: /info}]
            """, """
              securityContext: {runAsUser: 1000, runAsGroup: 2000, fsGroup: 3000}
              volumes: [{name: info, downwardAPI: {items: [{path: labels, fieldRef: {fieldPath: metadata.labels}}]}}]
            """));
        var status = await UntilAsync(kubelet, status => (bool?)Container(status)?["ready"] == true);
        var log = Directory.GetFiles(kubelet.Settings.LogDirectory, "0.log", SearchOption.AllDirectories).Single();
        await Eventually.TrueAsync(() => File.ReadLines(log).Count() >= 9, TimeSpan.FromSeconds(5), () => File.ReadAllText(log));
        var lines = File.ReadLines(log).Select(line => line.Split(' ', 4)[3]).ToList();
        Assert.Equal(
            [$"hello world {kubelet.Node} 64", $"p-{kubelet.Node}", (string)status["podIP"]!, "nameserver 10.96.0.10"], lines[..4]);
        Assert.StartsWith("search default.svc.cluster.local svc.cluster.local cluster.local", lines[4]);
        Assert.Contains("options ndots:5", lines);
        Assert.Contains("app=\"web\"1000", lines);
        Assert.Contains("2000 3000", lines);
    }

    private static string Pod(string containers, string spec = "") => $$"""
        apiVersion: v1
        kind: Pod
        metadata: {name: p, labels: {app: web} }
        spec:
          terminationGracePeriodSeconds: 0
          containers:
        {{containers}}
        {{spec}}
        """;

    private static async Task<JsonNode> UntilAsync(StandaloneKubelet kubelet, Func<JsonNode, bool> holds)
    {
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        JsonNode? status = null;
        await Eventually.TrueAsync(async () =>
        {
            var pods = JsonNode.Parse(await client.GetStringAsync(new Uri(kubelet.Api, "/pods"), TestContext.Current.CancellationToken));
            status = pods!["items"]!.AsArray().FirstOrDefault()?["status"];
            return status is not null && holds(status);
        }, TimeSpan.FromSeconds(20), () => status?.ToJsonString() ?? "no pod");
        return status!;
    }

    private static JsonNode? Container(JsonNode status) => status["containerStatuses"]?[0];

    private static string? Condition(JsonNode status, string type) =>
        (string?)status["conditions"]?.AsArray().FirstOrDefault(condition => (string?)condition?["type"] == type)?["status"];
}
