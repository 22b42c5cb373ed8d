using System.Text;
using System.Text.Json.Nodes;
using k8s;
using k8s.Autorest;
using k8s.Models;
using Network.Conformance.Clients;
using Network.Conformance.Running;

namespace Network.Conformance.CSharp;

/// <summary>What the official C# client's own acceptance tests do, with its typed operations and models.</summary>
internal static class OfficialClient
{
    internal static IReadOnlyList<Scenario> All { get; } =
    [
        Row("C# client: simple life of a pod", SimpleCrud),
        Row("C# client: JSON patch, merge patch and strategic merge patch with its models", Patches),
        Row("C# client: watch of pods, twice over one connection", WatchTwice),
        Row("C# client: candidates for leadership take turns by a lease", Leadership),
        Row("C# client: log is streamed while it is written", LogStream) with { NeedsNode = true },
        Row("C# client: times keep their precision through a lease", TimePrecision),
        Row("C# client: generic operations on custom objects", Generic),
        Row("C# client: sets of one kind after the other (ClientSets)", ClientSets),
        Row("C# client: exec over WebSocket copies a file into a pod", CopyOverExec) with { NeedsNode = true },
        Row("C# client: exit code and standard error of exec", ExecExitCode) with { NeedsNode = true },
        Row("C# client: autoscaler in v2 and v1", Autoscalers),
        Row("C# client: version and discovery operations", VersionAndGroups),
        Row("C# client: refusals carry a Status", Refusals),
    ];

    private static Scenario Row(string name, Func<ScenarioRun, Task> body) => new("client", name, body) { Clients = ClientKind.CSharp };

    private static async Task SimpleCrud(ScenarioRun run)
    {
        var core = run.CSharp.Kubernetes.CoreV1;
        var pod = Pod("p", run.Namespace);
        pod.Spec.NodeSelector = new Dictionary<string, string> { ["none"] = "such" };
        await core.CreateNamespacedPodAsync(pod, run.Namespace, cancellationToken: run.Cancel).ConfigureAwait(false);
        var list = await core.ListNamespacedPodAsync(run.Namespace, cancellationToken: run.Cancel).ConfigureAwait(false);
        Expect.Sequence(["p"], list.Items.Select(item => item.Metadata.Name), "pods");
        await ReplaceAsync().ConfigureAwait(false);
        Expect.Equal("test", (await core.ReadNamespacedPodAsync("p", run.Namespace, cancellationToken: run.Cancel).ConfigureAwait(false)).Metadata.Labels["place"], "label");
        await core.DeleteNamespacedPodAsync("p", run.Namespace, new V1DeleteOptions { GracePeriodSeconds = 0 }, cancellationToken: run.Cancel).ConfigureAwait(false);
        await run.GoneAsync(Kinds.Pods, "p").ConfigureAwait(false);

        // The scheduler writes the pod's conditions meanwhile; who is refused reads again.
        async Task ReplaceAsync()
        {
            while (true)
            {
                var read = await core.ReadNamespacedPodAsync("p", run.Namespace, cancellationToken: run.Cancel).ConfigureAwait(false);
                read.Metadata.Labels = new Dictionary<string, string> { ["place"] = "test" };
                try
                {
                    await core.ReplaceNamespacedPodAsync(read, "p", run.Namespace, cancellationToken: run.Cancel).ConfigureAwait(false);
                    return;
                }
                catch (HttpOperationException e) when (e.Response.StatusCode == System.Net.HttpStatusCode.Conflict)
                {
                    // Until the scenario's deadline.
                }
            }
        }
    }

    private static async Task Patches(ScenarioRun run)
    {
        var core = run.CSharp.Kubernetes.CoreV1;
        await core.CreateNamespacedServiceAsync(new V1Service { Metadata = new() { Name = "s", Labels = new Dictionary<string, string> { ["test"] = "one" } }, Spec = new() { Ports = [new() { Port = 1234 }] } }, run.Namespace, cancellationToken: run.Cancel).ConfigureAwait(false);
        async Task<V1Service> Patched(string body, V1Patch.PatchType type) => await core.PatchNamespacedServiceAsync(new V1Patch(body, type), "s", run.Namespace, cancellationToken: run.Cancel).ConfigureAwait(false);
        Expect.Equal("two", (await Patched("""[{"op":"replace","path":"/metadata/labels/test","value":"two"}]""", V1Patch.PatchType.JsonPatch).ConfigureAwait(false)).Metadata.Labels["test"], "label after the JSON patch");
        Expect.Equal("three", (await Patched("""{"metadata":{"labels":{"test":"three"}}}""", V1Patch.PatchType.MergePatch).ConfigureAwait(false)).Metadata.Labels["test"], "label after the merge patch");
        var two = await Patched("""{"spec":{"ports":[{"port":5678,"name":"b"},{"port":1234,"name":"a"}]}}""", V1Patch.PatchType.StrategicMergePatch).ConfigureAwait(false);
        Expect.Sequence([1234, 5678], two.Spec.Ports.Select(port => port.Port).Order(), "ports after the strategic merge patch");
        var applied = await core.PatchNamespacedServiceAsync(new V1Patch("{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{\"name\":\"s\",\"labels\":{\"applied\":\"yes\"}}}", V1Patch.PatchType.ApplyPatch), "s", run.Namespace,
            fieldManager: "conformance", cancellationToken: run.Cancel).ConfigureAwait(false);
        Expect.Equal("yes", applied.Metadata.Labels["applied"], "label after apply");
    }

    private static async Task WatchTwice(ScenarioRun run)
    {
        for (var round = 0; round < 2; round++)
        {
            await using var watch = await run.WatchAsync(Kinds.ConfigMaps, new Selection { Labels = $"round={round}" }).ConfigureAwait(false);
            await using var second = await run.WatchAsync(Kinds.ConfigMaps, new Selection { Labels = $"round={round}" }).ConfigureAwait(false);
            await run.CSharp.Kubernetes.CoreV1.CreateNamespacedConfigMapAsync(new V1ConfigMap { Metadata = new() { Name = $"w{round}", Labels = new Dictionary<string, string> { ["round"] = $"{round}" } } }, run.Namespace, cancellationToken: run.Cancel).ConfigureAwait(false);
            var seen = KubernetesJson.Deserialize<V1ConfigMap>((await watch.NextAsync("ADDED", $"w{round}").ConfigureAwait(false)).ToJsonString());
            Expect.Equal(run.Namespace, seen.Metadata.NamespaceProperty, "namespace of the object in the event");
            await second.NextAsync("ADDED", $"w{round}").ConfigureAwait(false);
        }
    }

    // As the client's leader election does: read, and write with what was read; who is late is refused.
    private static async Task Leadership(ScenarioRun run)
    {
        var leases = run.CSharp.Kubernetes.CoordinationV1;
        var now = run.Time.GetUtcNow().UtcDateTime;
        await leases.CreateNamespacedLeaseAsync(new V1Lease { Metadata = new() { Name = "leader" }, Spec = new() { HolderIdentity = "one", LeaseDurationSeconds = 1, AcquireTime = now, RenewTime = now } }, run.Namespace, cancellationToken: run.Cancel).ConfigureAwait(false);
        var seen = await leases.ReadNamespacedLeaseAsync("leader", run.Namespace, cancellationToken: run.Cancel).ConfigureAwait(false);
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 8).Select(async i =>
        {
            var claim = KubernetesJson.Deserialize<V1Lease>(KubernetesJson.Serialize(seen));
            claim.Spec.HolderIdentity = $"candidate-{i}";
            claim.Spec.LeaseTransitions = 1;
            try
            {
                await leases.ReplaceNamespacedLeaseAsync(claim, "leader", run.Namespace, cancellationToken: run.Cancel).ConfigureAwait(false);
                return claim.Spec.HolderIdentity;
            }
            catch (HttpOperationException e) when (e.Response.StatusCode == System.Net.HttpStatusCode.Conflict)
            {
                return null;
            }
        })).ConfigureAwait(false);
        Expect.Equal(1, outcomes.OfType<string>().Count(), "candidates that won");
        Expect.Equal(outcomes.OfType<string>().Single(), (await leases.ReadNamespacedLeaseAsync("leader", run.Namespace, cancellationToken: run.Cancel).ConfigureAwait(false)).Spec.HolderIdentity, "holder");
    }

    private static async Task LogStream(ScenarioRun run)
    {
        await RunAsync(run, "i=0; while true; do i=$((i+1)); echo line $i; sleep 0.1; done").ConfigureAwait(false);
        using var stream = new StreamReader(await run.CSharp.Kubernetes.CoreV1.ReadNamespacedPodLogAsync("p", run.Namespace, follow: true, cancellationToken: run.Cancel).ConfigureAwait(false));
        for (var i = 1; i <= 5; i++)
            Expect.Equal($"line {i}", await stream.ReadLineAsync(run.Cancel).ConfigureAwait(false), "line of the log");
    }

    private static async Task TimePrecision(ScenarioRun run)
    {
        var leases = run.CSharp.Kubernetes.CoordinationV1;
        // Microseconds is what MicroTime holds.
        var time = new DateTime(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc).AddTicks(1_234_560);
        await leases.CreateNamespacedLeaseAsync(new V1Lease { Metadata = new() { Name = "t" }, Spec = new() { HolderIdentity = "x", RenewTime = time } }, run.Namespace, cancellationToken: run.Cancel).ConfigureAwait(false);
        var read = await leases.ReadNamespacedLeaseAsync("t", run.Namespace, cancellationToken: run.Cancel).ConfigureAwait(false);
        Expect.Equal(time, read.Spec.RenewTime!.Value.ToUniversalTime(), "renewTime");
    }

    private static async Task Generic(ScenarioRun run)
    {
        var kind = await ApiMachinery.CustomKind.DefineAsync(run).ConfigureAwait(false);
        await run.CreateAsync(kind, "{metadata: {name: a}, spec: {size: 1}}").ConfigureAwait(false);
        var read = await run.GetAsync(kind, "a").ConfigureAwait(false);
        read["spec"]!["size"] = 2;
        await run.ReplaceAsync(kind, read).ConfigureAwait(false);
        await run.PatchAsync(kind, "a", """[{"op":"add","path":"/spec/more","value":"yes"}]""", "json").ConfigureAwait(false);
        var list = await run.ListAsync(kind).ConfigureAwait(false);
        Expect.Equal("""{"more":"yes","size":2}""", new JsonObject(list["items"]![0]!["spec"]!.AsObject().OrderBy(field => field.Key, StringComparer.Ordinal).Select(field => KeyValuePair.Create(field.Key, field.Value?.DeepClone()))).ToJsonString(), "spec");
        await run.DeleteCollectionAsync(kind).ConfigureAwait(false);
        Expect.Equal(0, (await run.NamesAsync(kind).ConfigureAwait(false)).Count, "objects that are left");
    }

    private static async Task ClientSets(ScenarioRun run)
    {
        var pods = new k8s.ClientSets.PodClient(run.CSharp.Kubernetes);
        var pod = Pod("p", run.Namespace);
        pod.Spec.NodeSelector = new Dictionary<string, string> { ["none"] = "such" };
        await pods.CreateAsync(pod, run.Namespace, cancellationToken: run.Cancel).ConfigureAwait(false);
        Expect.Equal("p", (await pods.GetAsync("p", run.Namespace, cancellationToken: run.Cancel).ConfigureAwait(false)).Metadata.Name, "name");
        Expect.Equal(1, (await pods.ListAsync(run.Namespace, cancellationToken: run.Cancel).ConfigureAwait(false)).Items.Count, "pods");
    }

    private static async Task CopyOverExec(ScenarioRun run)
    {
        await RunAsync(run, "exec sleep 600").ConfigureAwait(false);
        var code = await run.CSharp.Kubernetes.NamespacedPodExecAsync("p", run.Namespace, "c", ["sh", "-c", "head -c 11 > /tmp/copied; cat /tmp/copied"], false, async (input, output, error) =>
        {
            await input.WriteAsync(Encoding.UTF8.GetBytes("hello there"), run.Cancel).ConfigureAwait(false);
            await input.FlushAsync(run.Cancel).ConfigureAwait(false);
            using var reader = new StreamReader(output);
            Expect.Equal("hello there", await reader.ReadToEndAsync(run.Cancel).ConfigureAwait(false), "what came back");
        }, run.Cancel).ConfigureAwait(false);
        Expect.Equal(0, code, "exit code");
    }

    private static async Task ExecExitCode(ScenarioRun run)
    {
        await RunAsync(run, "exec sleep 600").ConfigureAwait(false);
        var code = await run.CSharp.Kubernetes.NamespacedPodExecAsync("p", run.Namespace, "c", ["sh", "-c", "echo wrong >&2; exit 3"], false, async (input, output, error) =>
        {
            using var reader = new StreamReader(error);
            Expect.Equal("wrong\n", await reader.ReadToEndAsync(run.Cancel).ConfigureAwait(false), "standard error");
        }, run.Cancel).ConfigureAwait(false);
        Expect.Equal(3, code, "exit code");
    }

    private static async Task Autoscalers(ScenarioRun run)
    {
        await run.CSharp.Kubernetes.AutoscalingV2.CreateNamespacedHorizontalPodAutoscalerAsync(new V2HorizontalPodAutoscaler
        {
            Metadata = new() { Name = "h" },
            Spec = new()
            {
                MinReplicas = 1, MaxReplicas = 5, ScaleTargetRef = new() { ApiVersion = "apps/v1", Kind = "Deployment", Name = "d" },
                Metrics = [new() { Type = "Resource", Resource = new() { Name = "cpu", Target = new() { Type = "Utilization", AverageUtilization = 60 } } }],
            },
        }, run.Namespace, cancellationToken: run.Cancel).ConfigureAwait(false);
        var second = await run.CSharp.Kubernetes.AutoscalingV2.ReadNamespacedHorizontalPodAutoscalerAsync("h", run.Namespace, cancellationToken: run.Cancel).ConfigureAwait(false);
        Expect.Equal(60, second.Spec.Metrics[0].Resource.Target.AverageUtilization, "utilization in v2");
        var first = await run.CSharp.Kubernetes.AutoscalingV1.ReadNamespacedHorizontalPodAutoscalerAsync("h", run.Namespace, cancellationToken: run.Cancel).ConfigureAwait(false);
        Expect.Equal(60, first.Spec.TargetCPUUtilizationPercentage, "utilization in v1");
    }

    private static async Task VersionAndGroups(ScenarioRun run)
    {
        var version = await run.CSharp.Kubernetes.Version.GetCodeAsync(run.Cancel).ConfigureAwait(false);
        Expect.Equal("1", version.Major, "major version");
        var groups = await run.CSharp.Kubernetes.Apis.GetAPIVersionsAsync(cancellationToken: run.Cancel).ConfigureAwait(false);
        Expect.True(groups.Groups.Any(group => group.Name == "apps"), "group apps is listed");
        var resources = await run.CSharp.Kubernetes.CoreV1.GetAPIResourcesAsync(cancellationToken: run.Cancel).ConfigureAwait(false);
        Expect.True(resources.Resources.Any(resource => resource.Name == "pods" && resource.Namespaced), "pods are listed");
    }

    private static async Task Refusals(ScenarioRun run)
    {
        try
        {
            await run.CSharp.Kubernetes.CoreV1.ReadNamespacedConfigMapAsync("none", run.Namespace, cancellationToken: run.Cancel).ConfigureAwait(false);
        }
        catch (HttpOperationException e)
        {
            var status = KubernetesJson.Deserialize<V1Status>(e.Response.Content);
            Expect.Equal(("NotFound", 404, "configmaps \"none\" not found"), (status.Reason, status.Code ?? 0, status.Message), "status");
            return;
        }

        throw new ExpectationFailed("reading what is not there: expected a refusal");
    }

    private static V1Pod Pod(string name, string ns) => new()
    {
        Metadata = new() { Name = name, NamespaceProperty = ns },
        Spec = new() { TerminationGracePeriodSeconds = 0, Containers = [new() { Name = "c", Image = "busybox", Command = ["sleep", "600"] }] },
    };

    private static async Task RunAsync(ScenarioRun run, string script)
    {
        var pod = Pod("p", run.Namespace);
        pod.Spec.Containers[0].Command = ["sh", "-c", script];
        await run.CSharp.Kubernetes.CoreV1.CreateNamespacedPodAsync(pod, run.Namespace, cancellationToken: run.Cancel).ConfigureAwait(false);
        await run.UntilAsync("the pod runs", () => run.GetAsync(Kinds.Pods, "p"), seen => (string?)seen["status"]?["phase"] == "Running").ConfigureAwait(false);
    }
}
