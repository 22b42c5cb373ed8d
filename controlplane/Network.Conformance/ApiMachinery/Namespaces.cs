using System.Text.Json.Nodes;
using Network.Conformance.Clients;
using Network.Conformance.Running;

namespace Network.Conformance.ApiMachinery;

/// <summary>Namespaces: what is in them goes with them, in order.</summary>
internal static class Namespaces
{
    private const string Sig = "api-machinery";
    private const string Pause = "{containers: [{name: c, image: busybox, command: [sleep, '600']}], terminationGracePeriodSeconds: 0}";

    internal static IReadOnlyList<Scenario> All { get; } =
    [
        new(Sig, "namespace: patch and update of labels", Labels),
        new(Sig, "namespace: status is patched and updated", Status),
        new(Sig, "namespace: a finalizer keeps it Terminating until it is taken away", Finalizer),
        new(Sig, "namespace: pods are removed with it", PodsRemoved) { NeedsNode = true },
        new(Sig, "namespace: services are removed with it", ServicesRemoved),
        new(Sig, "namespace: objects with finalizers hold it, and conditions say so", Held),
        new(Sig, "namespace: pods are removed before anything else", Ordered),
        new(Sig, "namespace: nothing can be created while it terminates", Closed),
        new(Sig, "namespace: several are deleted quickly together", Many) { Deadline = TimeSpan.FromSeconds(120) },
        new(Sig, "namespace: kube-system, kube-public, kube-node-lease and default are there; default cannot be deleted", Own),
    ];

    private static async Task Labels(ScenarioRun run)
    {
        var patched = await run.PatchAsync(Kinds.Namespaces, run.Namespace, """{"metadata":{"labels":{"testLabel":"testValue"}}}""", "strategic").ConfigureAwait(false);
        Expect.Equal("testValue", (string?)patched["metadata"]?["labels"]?["testLabel"], "label after the patch");
        Expect.Equal(run.Namespace, (string?)patched["metadata"]?["labels"]?["kubernetes.io/metadata.name"], "label with the name");
        var read = await run.GetAsync(Kinds.Namespaces, run.Namespace).ConfigureAwait(false);
        read["metadata"]!["labels"]!["updated"] = "yes";
        Expect.Equal("yes", (string?)(await run.ReplaceAsync(Kinds.Namespaces, read).ConfigureAwait(false))["metadata"]?["labels"]?["updated"], "label after the update");
    }

    private static async Task Status(ScenarioRun run)
    {
        var patched = await run.PatchAsync(Kinds.Namespaces, run.Namespace,
            """{"metadata":{"annotations":{"patched":"true"}},"status":{"conditions":[{"type":"StatusPatch","status":"True","reason":"E2E","message":"patched"}]}}""", subresource: "status").ConfigureAwait(false);
        Expect.Equal("True", CustomKind.Condition(patched, "StatusPatch"), "condition after the patch");
        var read = await run.GetAsync(Kinds.Namespaces, run.Namespace, "status").ConfigureAwait(false);
        read["status"]!["conditions"]!.AsArray().Add((JsonNode)ScenarioRun.Yaml("{type: StatusUpdate, status: 'True', reason: E2E, message: updated}"));
        var updated = await run.ReplaceAsync(Kinds.Namespaces, read, "status").ConfigureAwait(false);
        Expect.Equal("True", CustomKind.Condition(updated, "StatusUpdate"), "condition after the update");
        Expect.Equal("Active", (string?)updated["status"]?["phase"], "phase");
    }

    private static async Task Finalizer(ScenarioRun run)
    {
        var name = run.Unique("finalized");
        await run.CreateAsync(Kinds.Namespaces, $"metadata: {{name: {name}}}").ConfigureAwait(false);
        var created = await run.GetAsync(Kinds.Namespaces, name).ConfigureAwait(false);
        Expect.Sequence(["kubernetes"], Finalizers(created), "finalizers of a new namespace");
        created["spec"]!["finalizers"]!.AsArray().Add((JsonNode)"example.com/conformance");
        created["apiVersion"] = "v1";
        created["kind"] = "Namespace";
        await run.Client.ReplaceAsync(Kinds.Namespaces, null, created, "finalize", run.Cancel).ConfigureAwait(false);
        Expect.Sequence(["kubernetes", "example.com/conformance"], Finalizers(await run.GetAsync(Kinds.Namespaces, name).ConfigureAwait(false)), "finalizers after the update");
        await run.DeleteAsync(Kinds.Namespaces, name).ConfigureAwait(false);
        var held = await run.UntilAsync("only our finalizer is left", () => run.GetAsync(Kinds.Namespaces, name), obj => Finalizers(obj).SequenceEqual(["example.com/conformance"])).ConfigureAwait(false);
        Expect.Equal("Terminating", (string?)held["status"]?["phase"], "phase");
        held["spec"]!["finalizers"] = new JsonArray();
        held["apiVersion"] = "v1";
        held["kind"] = "Namespace";
        await run.Client.ReplaceAsync(Kinds.Namespaces, null, held, "finalize", run.Cancel).ConfigureAwait(false);
        await run.GoneAsync(Kinds.Namespaces, name).ConfigureAwait(false);
    }

    private static async Task PodsRemoved(ScenarioRun run)
    {
        await run.CreateAsync(Kinds.Pods, $"{{metadata: {{name: p}}, spec: {Pause}}}").ConfigureAwait(false);
        await run.UntilAsync("the pod runs", () => run.GetAsync(Kinds.Pods, "p"), pod => (string?)pod["status"]?["phase"] == "Running").ConfigureAwait(false);
        await RecreatedAsync(run, Kinds.Pods).ConfigureAwait(false);
    }

    private static async Task ServicesRemoved(ScenarioRun run)
    {
        await run.CreateAsync(Kinds.Services, "{metadata: {name: s}, spec: {ports: [{port: 80}]}}").ConfigureAwait(false);
        await RecreatedAsync(run, Kinds.Services).ConfigureAwait(false);
    }

    private static async Task Held(ScenarioRun run)
    {
        await run.CreateAsync(Kinds.ConfigMaps, "metadata: {name: held, finalizers: [example.com/hold]}").ConfigureAwait(false);
        await run.DeleteAsync(Kinds.Namespaces, run.Namespace).ConfigureAwait(false);
        var held = await run.UntilAsync("the namespace says what it waits for", () => run.GetAsync(Kinds.Namespaces, run.Namespace),
            ns => CustomKind.Condition(ns, "NamespaceFinalizersRemaining") == "True").ConfigureAwait(false);
        Expect.Equal("True", CustomKind.Condition(held, "NamespaceContentRemaining"), "condition NamespaceContentRemaining");
        var message = (string?)held["status"]!["conditions"]!.AsArray().Single(condition => (string?)condition!["type"] == "NamespaceFinalizersRemaining")!["message"];
        Expect.Contains("example.com/hold in 1 resource instances", message, "message of the condition");
        await run.PatchAsync(Kinds.ConfigMaps, "held", """{"metadata":{"finalizers":null}}""").ConfigureAwait(false);
        await run.GoneAsync(Kinds.Namespaces, run.Namespace).ConfigureAwait(false);
    }

    private static async Task Ordered(ScenarioRun run)
    {
        // The pod cannot go yet, so nothing else may go either.
        await run.CreateAsync(Kinds.Pods, "{metadata: {name: p, finalizers: [example.com/hold]}, spec: {nodeSelector: {none: such}, containers: [{name: c, image: busybox}], terminationGracePeriodSeconds: 0}}").ConfigureAwait(false);
        await run.CreateAsync(Kinds.ConfigMaps, "metadata: {name: kept}").ConfigureAwait(false);
        await run.DeleteAsync(Kinds.Namespaces, run.Namespace).ConfigureAwait(false);
        await run.UntilAsync("the namespace waits for the pod", () => run.GetAsync(Kinds.Namespaces, run.Namespace),
            ns => CustomKind.Condition(ns, "NamespaceDeletionContentFailure") == "True" || CustomKind.Condition(ns, "NamespaceFinalizersRemaining") == "True").ConfigureAwait(false);
        Expect.True(await run.FindAsync(Kinds.ConfigMaps, "kept").ConfigureAwait(false) is { } kept && kept["metadata"]!["deletionTimestamp"] is null, "the configmap stays while the pod stays");
        await run.PatchAsync(Kinds.Pods, "p", """{"metadata":{"finalizers":null}}""").ConfigureAwait(false);
        await run.GoneAsync(Kinds.Namespaces, run.Namespace).ConfigureAwait(false);
    }

    private static async Task Closed(ScenarioRun run)
    {
        await run.CreateAsync(Kinds.ConfigMaps, "metadata: {name: held, finalizers: [example.com/hold]}").ConfigureAwait(false);
        await run.DeleteAsync(Kinds.Namespaces, run.Namespace).ConfigureAwait(false);
        var refusal = await Expect.RefusedAsync("Forbidden", () => run.CreateAsync(Kinds.ConfigMaps, "metadata: {name: late}"), "creating in a namespace that terminates").ConfigureAwait(false);
        Expect.Contains("because it is being terminated", refusal.Message, "the refusal");
        await run.PatchAsync(Kinds.ConfigMaps, "held", """{"metadata":{"finalizers":null}}""").ConfigureAwait(false);
        await run.GoneAsync(Kinds.Namespaces, run.Namespace).ConfigureAwait(false);
    }

    private static async Task Many(ScenarioRun run)
    {
        const int count = 15;
        await Task.WhenAll(Enumerable.Range(0, count).Select(async i =>
        {
            var name = $"many-{i}-{run.Namespace}";
            await run.Observer.CreateAsync(Kinds.Namespaces, null, ScenarioRun.Yaml($"metadata: {{name: {name}, labels: {{many: {run.Namespace}}}}}"), run.Cancel).ConfigureAwait(false);
            run.Afterwards(() => run.Observer.DeleteAsync(Kinds.Namespaces, null, name, new Removal(), CancellationToken.None));
        })).ConfigureAwait(false);
        var names = await run.NamesAsync(Kinds.Namespaces, new Selection { Labels = $"many={run.Namespace}" }).ConfigureAwait(false);
        Expect.Equal(count, names.Count, "namespaces by label");
        if (run.Client is KubectlClient)
            await run.KubectlAsync(["delete", "namespaces", .. names, "--wait=false"]).ConfigureAwait(false);
        else
            await Task.WhenAll(names.Select(name => run.DeleteAsync(Kinds.Namespaces, name))).ConfigureAwait(false);
        await run.UntilAsync("all are gone", () => run.NamesAsync(Kinds.Namespaces, new Selection { Labels = $"many={run.Namespace}" }), left => left.Count == 0).ConfigureAwait(false);
    }

    private static async Task Own(ScenarioRun run)
    {
        var names = await run.NamesAsync(Kinds.Namespaces).ConfigureAwait(false);
        foreach (var name in (string[])["default", "kube-node-lease", "kube-public", "kube-system"])
            Expect.True(names.Contains(name), $"namespace {name} is there");
        await Expect.RefusedAsync("Forbidden", () => run.DeleteAsync(Kinds.Namespaces, "default"), "deleting namespace default").ConfigureAwait(false);
    }

    private static async Task RecreatedAsync(ScenarioRun run, Kind kind)
    {
        await run.DeleteAsync(Kinds.Namespaces, run.Namespace).ConfigureAwait(false);
        await run.GoneAsync(Kinds.Namespaces, run.Namespace).ConfigureAwait(false);
        await run.CreateAsync(Kinds.Namespaces, $"metadata: {{name: {run.Namespace}}}").ConfigureAwait(false);
        Expect.Equal(0, (await run.NamesAsync(kind).ConfigureAwait(false)).Count, $"{kind.Plural} in the new namespace of the same name");
    }

    private static IEnumerable<string> Finalizers(JsonObject ns) => ns["spec"]?["finalizers"]?.AsArray().Select(finalizer => (string)finalizer!) ?? [];
}
