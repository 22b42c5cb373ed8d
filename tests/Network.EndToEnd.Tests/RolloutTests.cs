using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Network.Conformance.Services;
using Network.EndToEnd.Tests.Cluster;
using Network.TestKit;
using Xunit;

namespace Network.EndToEnd.Tests;

/// <summary>A stream of new connections through a cluster address while what is behind it changes. PODNET_RATE sets the requests a second.</summary>
public sealed class RolloutTests : IDisposable
{
    private static readonly int s_rate = int.TryParse(Environment.GetEnvironmentVariable("PODNET_RATE"), out var rate) ? rate : 200;

    // Nothing in it waits for the proxies: the kubelet does.
    private const string Web = """
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web}
        spec:
          replicas: 4
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec:
              terminationGracePeriodSeconds: 5
              containers:
              - name: web
                image: podnet-sample
                ports: [{name: http, containerPort: 8080}]
                readinessProbe: {httpGet: {path: /readyz, port: http}, periodSeconds: 1}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: web}
        spec: {selector: {app: web}, ports: [{name: http, port: 80, targetPort: http}]}
        """;

    private readonly LabCluster _cluster = LabCluster.Up("--nodes", "3");
    private readonly ConcurrentBag<string> _failures = [];
    private int _done;

    public void Dispose() => _cluster.Dispose();

    [Fact]
    public async Task Nothing_fails_while_a_deployment_is_rolled_and_a_proxy_is_killed_as_it_writes()
    {
        Apply(Web);
        _cluster.Kubectl("rollout", "status", "deployment/web", "--timeout=60s");
        var address = new IPEndPoint(IPAddress.Parse(_cluster.Kubectl("get", "service", "web", "-o", "jsonpath={.spec.clusterIP}")), 80);
        var client = $"{_cluster.Name}-w1";
        await Eventually.TrueAsync(async () => (await Caller.AskAsync(client, address, udp: false, null, TestContext.Current.CancellationToken)).Failure.Length == 0, TimeSpan.FromSeconds(20));
        using var stop = new CancellationTokenSource();
        var stream = AskAsync(client, address, stop.Token);

        _cluster.Kubectl("patch", "deployment", "web", "-p", """{"spec":{"template":{"metadata":{"annotations":{"round":"2"}}}}}""");
        _cluster.Kubectl("rollout", "status", "deployment/web", "--timeout=90s");
        await KillWhileProgrammingAsync();

        await stop.CancelAsync();
        await stream;
        TestContext.Current.SendDiagnosticMessage($"{_done} requests, {_failures.Count} failed");
        Assert.True(_failures.IsEmpty, $"{_failures.Count} of {_done} failed: {string.Join("; ", _failures.Take(5))}");
        Assert.True(_done > s_rate * 3, $"only {_done} requests were made");
    }

    // The agent dies somewhere within its transactions; the one after it finds what is there and completes it.
    private async Task KillWhileProgrammingAsync()
    {
        for (var round = 0; round < 3; round++)
        {
            Apply(string.Join("\n---\n", Enumerable.Range(0, 40).Select(i => $"apiVersion: v1\nkind: Service\nmetadata: {{name: r{round}-{i}}}\nspec: {{selector: {{app: web}}, ports: [{{port: 80, targetPort: 8080}}]}}")));
            var pid = _cluster.PidOf("w1/agent");
            Shell.Run("kill", "-KILL", pid.ToString());
            // One that is still ending would be taken for one that runs.
            await Eventually.TrueAsync(() => !IsAlive(pid), TimeSpan.FromSeconds(20));
            _cluster.UpAgain("--nodes", "3");
        }

        var last = new IPEndPoint(IPAddress.Parse(_cluster.Kubectl("get", "service", "r2-39", "-o", "jsonpath={.spec.clusterIP}")), 80);
        await Eventually.TrueAsync(async () => (await Caller.AskAsync($"{_cluster.Name}-w1", last, udp: false, null, TestContext.Current.CancellationToken)).Failure.Length == 0, TimeSpan.FromSeconds(30));
    }

    private static bool IsAlive(int pid)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/cmdline").Length > 0;
        }
        catch (IOException)
        {
            return false;
        }
    }

    private async Task AskAsync(string netNs, IPEndPoint address, CancellationToken stop)
    {
        var running = new ConcurrentDictionary<Task, bool>();
        var clock = Stopwatch.StartNew();
        for (long number = 0; !stop.IsCancellationRequested; number++)
        {
            // Behind time, some are sent at once: the rate is kept.
            var due = TimeSpan.FromSeconds((double)number / s_rate) - clock.Elapsed;
            if (due > TimeSpan.Zero)
                await Task.Delay(due, CancellationToken.None);
            var asked = OneAsync(netNs, address);
            running[asked] = true;
            _ = asked.ContinueWith(done => running.TryRemove(done, out _), TaskScheduler.Default);
        }

        await Task.WhenAll(running.Keys);
    }

    private async Task OneAsync(string netNs, IPEndPoint address)
    {
        try
        {
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
            using var socket = Caller.Open(netNs, AddressFamily.InterNetwork, udp: false);
            await socket.ConnectAsync(address, limit.Token);
            await Caller.RequestAsync(socket, "hostname", limit.Token);
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            _failures.Add($"{TimeProvider.System.GetUtcNow():HH:mm:ss.fff} {e.Message}");
        }

        Interlocked.Increment(ref _done);
    }

    private void Apply(string manifest)
    {
        var result = Kubectls.New.Try(_cluster, manifest, "apply", "-f", "-");
        Assert.True(result.Succeeded, result.Error);
    }
}
