using System.Text.Json.Nodes;
using Network.Conformance.Clients;
using Network.Conformance.Running;

namespace Network.Conformance.ApiMachinery;

/// <summary>What owners leave behind.</summary>
internal static class GarbageCollection
{
    private const string Sig = "api-machinery";
    private const string Template = "template: {metadata: {labels: {app: gc}}, spec: {nodeSelector: {none: such}, containers: [{name: c, image: busybox}], terminationGracePeriodSeconds: 0}}";

    internal static IReadOnlyList<Scenario> All { get; } =
    [
        new(Sig, "garbage collector: replica sets go with a deployment deleted in the background", Background),
        new(Sig, "garbage collector: replica sets stay when a deployment is deleted with Orphan", OrphanSets),
        new(Sig, "garbage collector: pods go with a replica set when nothing is said about them", DefaultPods),
        new(Sig, "garbage collector: pods stay when a replica set is deleted with Orphan", OrphanPods),
        new(Sig, "garbage collector: an owner deleted in the foreground waits for its pods", Foreground),
        new(Sig, "garbage collector: an object with another valid owner stays", TwoOwners),
        new(Sig, "garbage collector: a circle of owners does not block", Circle),
        new(Sig, "garbage collector: custom objects own custom objects", Custom),
        new(Sig, "garbage collector: an owner that never was takes the object along", NoOwner),
        new(Sig, "delete with a wrong uid or resourceVersion as precondition is refused", Preconditions) { Clients = ClientKind.CSharp },
    ];

    private static async Task Background(ScenarioRun run)
    {
        var set = await DeployAsync(run).ConfigureAwait(false);
        await run.DeleteAsync(Kinds.Deployments, "d", new Removal("Background")).ConfigureAwait(false);
        await run.GoneAsync(Kinds.ReplicaSets, set).ConfigureAwait(false);
        await run.UntilAsync("the pods are gone", () => run.NamesAsync(Kinds.Pods), pods => pods.Count == 0).ConfigureAwait(false);
    }

    private static async Task OrphanSets(ScenarioRun run)
    {
        var set = await DeployAsync(run).ConfigureAwait(false);
        await run.DeleteAsync(Kinds.Deployments, "d", new Removal("Orphan")).ConfigureAwait(false);
        await run.GoneAsync(Kinds.Deployments, "d").ConfigureAwait(false);
        var left = await run.GetAsync(Kinds.ReplicaSets, set).ConfigureAwait(false);
        Expect.True(left["metadata"]!["ownerReferences"] is null && left["metadata"]!["deletionTimestamp"] is null, "the replica set stays without an owner");
    }

    private static async Task DefaultPods(ScenarioRun run)
    {
        await SetAsync(run).ConfigureAwait(false);
        await run.DeleteAsync(Kinds.ReplicaSets, "r").ConfigureAwait(false);
        await run.UntilAsync("the pods are gone", () => run.NamesAsync(Kinds.Pods), pods => pods.Count == 0).ConfigureAwait(false);
    }

    private static async Task OrphanPods(ScenarioRun run)
    {
        await SetAsync(run).ConfigureAwait(false);
        await run.DeleteAsync(Kinds.ReplicaSets, "r", new Removal("Orphan")).ConfigureAwait(false);
        await run.GoneAsync(Kinds.ReplicaSets, "r").ConfigureAwait(false);
        var pods = (await run.ListAsync(Kinds.Pods).ConfigureAwait(false))["items"]!.AsArray();
        Expect.Equal(2, pods.Count, "pods after the replica set is gone");
        Expect.True(pods.All(pod => pod!["metadata"]!["ownerReferences"] is null), "the pods have no owner any more");
    }

    private static async Task Foreground(ScenarioRun run)
    {
        await SetAsync(run).ConfigureAwait(false);
        var pods = await run.NamesAsync(Kinds.Pods).ConfigureAwait(false);
        foreach (var pod in pods)
            await run.PatchAsync(Kinds.Pods, pod, """{"metadata":{"finalizers":["example.com/hold"]}}""").ConfigureAwait(false);
        await run.DeleteAsync(Kinds.ReplicaSets, "r", new Removal("Foreground")).ConfigureAwait(false);
        await run.UntilAsync("the pods are being deleted", () => run.ListAsync(Kinds.Pods),
            list => list["items"]!.AsArray().All(pod => pod!["metadata"]!["deletionTimestamp"] is not null)).ConfigureAwait(false);
        var owner = await run.GetAsync(Kinds.ReplicaSets, "r").ConfigureAwait(false);
        Expect.Contains("foregroundDeletion", owner["metadata"]!["finalizers"]?.ToJsonString(), "finalizers of the owner");
        foreach (var pod in pods)
            await run.PatchAsync(Kinds.Pods, pod, """{"metadata":{"finalizers":null}}""").ConfigureAwait(false);
        await run.GoneAsync(Kinds.ReplicaSets, "r").ConfigureAwait(false);
        Expect.Equal(0, (await run.NamesAsync(Kinds.Pods).ConfigureAwait(false)).Count, "pods after the owner is gone");
    }

    private static async Task TwoOwners(ScenarioRun run)
    {
        var first = await run.CreateAsync(Kinds.ConfigMaps, "metadata: {name: first}").ConfigureAwait(false);
        var second = await run.CreateAsync(Kinds.ConfigMaps, "metadata: {name: second}").ConfigureAwait(false);
        await run.CreateAsync(Kinds.ConfigMaps, Owned("both", first, second)).ConfigureAwait(false);
        await run.CreateAsync(Kinds.ConfigMaps, Owned("one", first)).ConfigureAwait(false);
        await run.DeleteAsync(Kinds.ConfigMaps, "first", new Removal("Foreground")).ConfigureAwait(false);
        await run.GoneAsync(Kinds.ConfigMaps, "one").ConfigureAwait(false);
        await run.GoneAsync(Kinds.ConfigMaps, "first").ConfigureAwait(false);
        var both = await run.GetAsync(Kinds.ConfigMaps, "both").ConfigureAwait(false);
        Expect.Sequence(["second"], both["metadata"]!["ownerReferences"]!.AsArray().Select(owner => (string)owner!["name"]!), "owners that are left");
    }

    private static async Task Circle(ScenarioRun run)
    {
        var a = await run.CreateAsync(Kinds.ConfigMaps, "metadata: {name: a}").ConfigureAwait(false);
        var b = await run.CreateAsync(Kinds.ConfigMaps, Owned("b", a)).ConfigureAwait(false);
        var c = await run.CreateAsync(Kinds.ConfigMaps, Owned("c", b)).ConfigureAwait(false);
        await run.PatchAsync(Kinds.ConfigMaps, "a", new JsonObject { ["metadata"] = new JsonObject { ["ownerReferences"] = new JsonArray(Reference(c)) } }.ToJsonString()).ConfigureAwait(false);
        await run.DeleteAsync(Kinds.ConfigMaps, "a", new Removal("Foreground")).ConfigureAwait(false);
        foreach (var name in (string[])["a", "b", "c"])
            await run.GoneAsync(Kinds.ConfigMaps, name).ConfigureAwait(false);
    }

    private static async Task Custom(ScenarioRun run)
    {
        var kind = await CustomKind.DefineAsync(run).ConfigureAwait(false);
        var owner = await run.CreateAsync(kind, "metadata: {name: owner}").ConfigureAwait(false);
        await run.CreateAsync(kind, Owned("owned", owner)).ConfigureAwait(false);
        await run.CreateAsync(Kinds.ConfigMaps, Owned("owned-too", owner)).ConfigureAwait(false);
        await run.DeleteAsync(kind, "owner", new Removal("Background")).ConfigureAwait(false);
        await run.GoneAsync(kind, "owned").ConfigureAwait(false);
        await run.GoneAsync(Kinds.ConfigMaps, "owned-too").ConfigureAwait(false);
    }

    private static async Task NoOwner(ScenarioRun run)
    {
        var never = ScenarioRun.Yaml("{apiVersion: v1, kind: ConfigMap, metadata: {name: never, uid: 11111111-2222-3333-4444-555555555555}}");
        await run.CreateAsync(Kinds.ConfigMaps, Owned("orphan", never)).ConfigureAwait(false);
        await run.GoneAsync(Kinds.ConfigMaps, "orphan").ConfigureAwait(false);
    }

    private static async Task Preconditions(ScenarioRun run)
    {
        var created = await run.CreateAsync(Kinds.ConfigMaps, "metadata: {name: a}").ConfigureAwait(false);
        async Task<int> Delete(string preconditions)
        {
            var body = CSharpClient.Body($"{{\"apiVersion\":\"v1\",\"kind\":\"DeleteOptions\",\"preconditions\":{preconditions}}}", "application/json");
            using var response = await run.CSharp.ExchangeAsync(HttpMethod.Delete, Kinds.ConfigMaps.Path(run.Namespace, "a"), body, null, run.Cancel).ConfigureAwait(false);
            return (int)response.StatusCode;
        }

        Expect.Equal(409, await Delete("""{"uid":"11111111-2222-3333-4444-555555555555"}""").ConfigureAwait(false), "status with another uid");
        Expect.Equal(409, await Delete("""{"resourceVersion":"1"}""").ConfigureAwait(false), "status with another resourceVersion");
        Expect.Equal(200, await Delete($"{{\"uid\":\"{created["metadata"]!["uid"]}\"}}").ConfigureAwait(false), "status with the right uid");
    }

    private static async Task<string> DeployAsync(ScenarioRun run)
    {
        await run.CreateAsync(Kinds.Deployments, $"{{metadata: {{name: d}}, spec: {{replicas: 2, selector: {{matchLabels: {{app: gc}}}}, {Template}}}}}").ConfigureAwait(false);
        await run.UntilAsync("the deployment has its pods", () => run.NamesAsync(Kinds.Pods), pods => pods.Count == 2).ConfigureAwait(false);
        return (await run.NamesAsync(Kinds.ReplicaSets).ConfigureAwait(false))[0];
    }

    private static async Task SetAsync(ScenarioRun run)
    {
        await run.CreateAsync(Kinds.ReplicaSets, $"{{metadata: {{name: r}}, spec: {{replicas: 2, selector: {{matchLabels: {{app: gc}}}}, {Template}}}}}").ConfigureAwait(false);
        await run.UntilAsync("the replica set has its pods", () => run.NamesAsync(Kinds.Pods), pods => pods.Count == 2).ConfigureAwait(false);
    }

    private static JsonObject Owned(string name, params JsonObject[] owners) => new()
    {
        ["metadata"] = new JsonObject { ["name"] = name, ["ownerReferences"] = new JsonArray([.. owners.Select(Reference)]) },
    };

    private static JsonNode Reference(JsonObject owner) => new JsonObject
    {
        ["apiVersion"] = (string?)owner["apiVersion"] ?? "v1", ["kind"] = (string?)owner["kind"] ?? "ConfigMap", ["name"] = (string)owner["metadata"]!["name"]!, ["uid"] = (string)owner["metadata"]!["uid"]!,
        ["blockOwnerDeletion"] = true,
    };
}
