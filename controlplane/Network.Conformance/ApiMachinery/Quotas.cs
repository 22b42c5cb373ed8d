using Network.Conformance.Clients;
using Network.Conformance.Running;

namespace Network.Conformance.ApiMachinery;

/// <summary>ResourceQuotas count what lives, refuse what is too much, and give back what goes; LimitRanges fill in what is not said.</summary>
internal static class Quotas
{
    private const string Sig = "api-machinery";

    internal static IReadOnlyList<Scenario> All { get; } =
    [
        new(Sig, "quota: its status is ensured promptly", Promptly),
        new(Sig, "quota: life of a service", run => LifeAsync(run, "services: '2', services.nodeports: '1'", Kinds.Services, "{metadata: {name: NAME}, spec: {ports: [{port: 80}]}}", "services", 2)),
        new(Sig, "quota: life of a configmap", run => LifeAsync(run, "configmaps: '3'", Kinds.ConfigMaps, "metadata: {name: NAME}", "configmaps", 3)),
        new(Sig, "quota: life of a secret", run => LifeAsync(run, "secrets: '2'", Kinds.Secrets, "metadata: {name: NAME}", "secrets", 2)),
        new(Sig, "quota: life of a replica set", run => LifeAsync(run, "count/replicasets.apps: '2'", Kinds.ReplicaSets, "{metadata: {name: NAME}, spec: {replicas: 0, selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: busybox}]}}}}", "count/replicasets.apps", 2)),
        new(Sig, "quota: life of a replication controller", run => LifeAsync(run, "replicationcontrollers: '2'", Kinds.ReplicationControllers, "{metadata: {name: NAME}, spec: {replicas: 0, selector: {a: b}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: busybox}]}}}}", "replicationcontrollers", 2)),
        new(Sig, "quota: life of a persistent volume claim", run => LifeAsync(run, "persistentvolumeclaims: '1', requests.storage: 2Gi", Kinds.PersistentVolumeClaims, "{metadata: {name: NAME}, spec: {accessModes: [ReadWriteOnce], storageClassName: none, resources: {requests: {storage: 1Gi}}}}", "persistentvolumeclaims", 1)),
        new(Sig, "quota: life of a pod, by what it requests", Pod),
        new(Sig, "quota: life of a custom object", Custom),
        new(Sig, "quota: scopes Terminating and NotTerminating", Terminating),
        new(Sig, "quota: scopes BestEffort and NotBestEffort", BestEffort),
        new(Sig, "quota: scope of a priority class", PriorityClass),
        new(Sig, "quota: updated and deleted", Updated),
        new(Sig, "limit range: defaults are set, what is too small or too big is refused", Limits),
    ];

    private static async Task Promptly(ScenarioRun run)
    {
        await QuotaAsync(run, "pods: '5', services: '3', configmaps: '10'").ConfigureAwait(false);
        var status = (await run.GetAsync(Kinds.ResourceQuotas, "q").ConfigureAwait(false))["status"]!;
        Expect.Equal("5", (string?)status["hard"]?["pods"], "hard pods in status");
        Expect.Equal("0", (string?)status["used"]?["pods"], "used pods in status");
        Expect.Equal("1", (string?)status["used"]?["configmaps"], "used configmaps in status: kube-root-ca.crt");
    }

    private static async Task LifeAsync(ScenarioRun run, string hard, Kind kind, string manifest, string counted, int limit)
    {
        await QuotaAsync(run, hard).ConfigureAwait(false);
        var before = await UsedAsync(run, counted).ConfigureAwait(false);
        for (var i = before; i < limit; i++)
            await run.CreateAsync(kind, manifest.Replace("NAME", $"o{i}", StringComparison.Ordinal)).ConfigureAwait(false);
        await UsesAsync(run, counted, $"{limit}").ConfigureAwait(false);
        var refusal = await Expect.RefusedAsync("Forbidden", () => run.CreateAsync(kind, manifest.Replace("NAME", "too-much", StringComparison.Ordinal)), "one more than the quota allows").ConfigureAwait(false);
        Expect.Contains($"exceeded quota: q, requested: {counted}=1, used: {counted}={limit}, limited: {counted}={limit}", refusal.Message, "the refusal");
        await run.DeleteAsync(kind, $"o{before}").ConfigureAwait(false);
        await UsesAsync(run, counted, $"{limit - 1}").ConfigureAwait(false);
    }

    private static async Task Pod(ScenarioRun run)
    {
        await QuotaAsync(run, "pods: '5', requests.cpu: '1', requests.memory: 500Mi").ConfigureAwait(false);
        await PodAsync(run, "fits", "500m", "252Mi").ConfigureAwait(false);
        await UsesAsync(run, "requests.cpu", "500m").ConfigureAwait(false);
        await UsesAsync(run, "requests.memory", "252Mi").ConfigureAwait(false);
        await Expect.RefusedAsync("Forbidden", () => PodAsync(run, "too-much-cpu", "600m", "100Mi"), "more cpu than is left").ConfigureAwait(false);
        await Expect.RefusedAsync("Forbidden", () => PodAsync(run, "too-much-memory", "100m", "400Mi"), "more memory than is left").ConfigureAwait(false);
        var refusal = await Expect.RefusedAsync("Forbidden", () => run.CreateAsync(Kinds.Pods, "{metadata: {name: silent}, spec: {containers: [{name: c, image: busybox}]}}"), "a pod that requests nothing").ConfigureAwait(false);
        Expect.Contains("must specify requests.cpu", refusal.Message, "the refusal");
        await run.DeleteAsync(Kinds.Pods, "fits", new Removal(GraceSeconds: 0)).ConfigureAwait(false);
        await UsesAsync(run, "requests.cpu", "0").ConfigureAwait(false);
        await UsesAsync(run, "pods", "0").ConfigureAwait(false);
    }

    private static async Task Custom(ScenarioRun run)
    {
        var kind = await CustomKind.DefineAsync(run).ConfigureAwait(false);
        await LifeAsync(run, $"count/{kind.Plural}.{kind.Group}: '1'", kind, "metadata: {name: NAME}", $"count/{kind.Plural}.{kind.Group}", 1).ConfigureAwait(false);
    }

    private static async Task Terminating(ScenarioRun run)
    {
        await QuotaAsync(run, "pods: '5'", "scopes: [Terminating]", "terminating").ConfigureAwait(false);
        await QuotaAsync(run, "pods: '5'", "scopes: [NotTerminating]", "not-terminating").ConfigureAwait(false);
        await run.CreateAsync(Kinds.Pods, "{metadata: {name: long}, spec: {nodeSelector: {none: such}, containers: [{name: c, image: busybox}]}}").ConfigureAwait(false);
        await UsesAsync(run, "pods", "1", "not-terminating").ConfigureAwait(false);
        await UsesAsync(run, "pods", "0", "terminating").ConfigureAwait(false);
        await run.DeleteAsync(Kinds.Pods, "long", new Removal(GraceSeconds: 0)).ConfigureAwait(false);
        await run.CreateAsync(Kinds.Pods, "{metadata: {name: short}, spec: {activeDeadlineSeconds: 3600, nodeSelector: {none: such}, containers: [{name: c, image: busybox}]}}").ConfigureAwait(false);
        await UsesAsync(run, "pods", "1", "terminating").ConfigureAwait(false);
        await UsesAsync(run, "pods", "0", "not-terminating").ConfigureAwait(false);
    }

    private static async Task BestEffort(ScenarioRun run)
    {
        await QuotaAsync(run, "pods: '5'", "scopes: [BestEffort]", "best-effort").ConfigureAwait(false);
        await QuotaAsync(run, "pods: '5'", "scopes: [NotBestEffort]", "not-best-effort").ConfigureAwait(false);
        await run.CreateAsync(Kinds.Pods, "{metadata: {name: best}, spec: {nodeSelector: {none: such}, containers: [{name: c, image: busybox}]}}").ConfigureAwait(false);
        await UsesAsync(run, "pods", "1", "best-effort").ConfigureAwait(false);
        await UsesAsync(run, "pods", "0", "not-best-effort").ConfigureAwait(false);
        await run.DeleteAsync(Kinds.Pods, "best", new Removal(GraceSeconds: 0)).ConfigureAwait(false);
        await PodAsync(run, "burstable", "100m", "10Mi").ConfigureAwait(false);
        await UsesAsync(run, "pods", "1", "not-best-effort").ConfigureAwait(false);
        await UsesAsync(run, "pods", "0", "best-effort").ConfigureAwait(false);
    }

    private static async Task PriorityClass(ScenarioRun run)
    {
        var name = run.Unique("high");
        await run.CreateAsync(new Kind("scheduling.k8s.io", "v1", "priorityclasses", "PriorityClass", false), $"{{metadata: {{name: {name}}}, value: 1000}}").ConfigureAwait(false);
        await QuotaAsync(run, "pods: '1'", $"scopeSelector: {{matchExpressions: [{{scopeName: PriorityClass, operator: In, values: [{name}]}}]}}").ConfigureAwait(false);
        string Pod(string pod, string priority) => $"{{metadata: {{name: {pod}}}, spec: {{{priority}nodeSelector: {{none: such}}, containers: [{{name: c, image: busybox}}]}}}}";
        await run.CreateAsync(Kinds.Pods, Pod("plain", "")).ConfigureAwait(false);
        await UsesAsync(run, "pods", "0").ConfigureAwait(false);
        await run.CreateAsync(Kinds.Pods, Pod("high", $"priorityClassName: {name}, ")).ConfigureAwait(false);
        await UsesAsync(run, "pods", "1").ConfigureAwait(false);
        await Expect.RefusedAsync("Forbidden", () => run.CreateAsync(Kinds.Pods, Pod("more", $"priorityClassName: {name}, ")), "a second pod of the class").ConfigureAwait(false);
    }

    private static async Task Updated(ScenarioRun run)
    {
        await QuotaAsync(run, "cpu: '1', memory: 500Mi").ConfigureAwait(false);
        var quota = await run.GetAsync(Kinds.ResourceQuotas, "q").ConfigureAwait(false);
        quota["spec"]!["hard"]!["cpu"] = "2";
        await run.ReplaceAsync(Kinds.ResourceQuotas, quota).ConfigureAwait(false);
        await run.UntilAsync("status follows", () => run.GetAsync(Kinds.ResourceQuotas, "q"), seen => (string?)seen["status"]?["hard"]?["cpu"] == "2").ConfigureAwait(false);
        await run.DeleteAsync(Kinds.ResourceQuotas, "q").ConfigureAwait(false);
        await run.GoneAsync(Kinds.ResourceQuotas, "q").ConfigureAwait(false);
    }

    private static async Task Limits(ScenarioRun run)
    {
        await run.CreateAsync(Kinds.LimitRanges, "{metadata: {name: l}, spec: {limits: [{type: Container, min: {cpu: 50m, memory: 100Mi}, max: {cpu: 500m, memory: 500Mi}, defaultRequest: {cpu: 100m, memory: 200Mi}, default: {cpu: 300m, memory: 500Mi}}]}}").ConfigureAwait(false);
        // Admission follows the limits; it does not read them anew for every pod.
        var pod = await run.UntilAsync("defaults are set", async () =>
        {
            await run.Observer.DeleteCollectionAsync(Kinds.Pods, run.Namespace, Selection.Everything, run.Cancel).ConfigureAwait(false);
            return await run.CreateAsync(Kinds.Pods, "{metadata: {generateName: p}, spec: {nodeSelector: {none: such}, containers: [{name: c, image: busybox}]}}").ConfigureAwait(false);
        }, created => created["spec"]!["containers"]![0]!["resources"]?["requests"] is not null).ConfigureAwait(false);
        var resources = pod["spec"]!["containers"]![0]!["resources"]!;
        Expect.Equal("100m", (string?)resources["requests"]?["cpu"], "cpu requested by default");
        Expect.Equal("500Mi", (string?)resources["limits"]?["memory"], "limit of memory by default");
        await Expect.RefusedAsync("Forbidden", () => PodAsync(run, "small", "10m", "200Mi"), "less than min").ConfigureAwait(false);
        await Expect.RefusedAsync("Forbidden", () => PodAsync(run, "big", "600m", "200Mi"), "more than max").ConfigureAwait(false);
        await run.PatchAsync(Kinds.LimitRanges, "l", """{"spec":{"limits":[{"type":"Container","min":{"cpu":"9m"}}]}}""").ConfigureAwait(false);
        await run.UntilAsync("a small pod is let in", async () =>
        {
            try
            {
                await PodAsync(run, "small", "10m", "200Mi").ConfigureAwait(false);
                return true;
            }
            catch (ApiRefusal refusal) when (refusal.Reason == "Forbidden")
            {
                return false;
            }
        }).ConfigureAwait(false);
    }

    private static async Task QuotaAsync(ScenarioRun run, string hard, string scopes = "", string name = "q")
    {
        await run.CreateAsync(Kinds.ResourceQuotas, $"{{metadata: {{name: {name}}}, spec: {{hard: {{{hard}}}{(scopes.Length > 0 ? $", {scopes}" : "")}}}}}").ConfigureAwait(false);
        await run.UntilAsync("the quota has a status", () => run.GetAsync(Kinds.ResourceQuotas, name), quota => quota["status"]?["used"] is not null).ConfigureAwait(false);
    }

    private static async Task<int> UsedAsync(ScenarioRun run, string what) => int.Parse((string)(await run.GetAsync(Kinds.ResourceQuotas, "q").ConfigureAwait(false))["status"]!["used"]![what]!);

    private static Task UsesAsync(ScenarioRun run, string what, string amount, string quota = "q") =>
        run.UntilAsync($"quota {quota} uses {what}={amount}", async () => (string?)(await run.GetAsync(Kinds.ResourceQuotas, quota).ConfigureAwait(false))["status"]?["used"]?[what], used => used == amount);

    private static Task PodAsync(ScenarioRun run, string name, string cpu, string memory) => run.CreateAsync(Kinds.Pods,
        $"{{metadata: {{name: {name}}}, spec: {{nodeSelector: {{none: such}}, containers: [{{name: c, image: busybox, resources: {{requests: {{cpu: {cpu}, memory: {memory}}}}}}}]}}}}");
}
