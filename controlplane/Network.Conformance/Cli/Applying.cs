using Network.Conformance.Clients;
using Network.Conformance.Running;

namespace Network.Conformance.Cli;

/// <summary>Objects made and changed from manifests: apply in both ways, diff, dry run, replace, validation.</summary>
internal static class Applying
{
    private const string Sig = "cli";
    private const string Deployment = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\nspec:\n  replicas: 0\n  selector: {matchLabels: {app: d}}\n  template:\n    metadata: {labels: {app: d}}\n    spec: {containers: [{name: c, image: busybox}]}\n";

    internal static IReadOnlyList<Scenario> All { get; } =
    [
        Row("diff finds a change", Diff),
        Row("apply twice changes nothing, apply of a change changes that only", Apply),
        Row("apply --prune removes what is no longer given", Prune),
        Row("apply keeps what others set, edits its last-applied annotation", ApplyKeeps),
        Row("apply --server-side owns fields, conflicts name the manager", ServerSide),
        Row("apply --server-side of an unknown field is refused with its path", ServerSideUnknown),
        Row("server-side dry run leaves the object as it is", DryRun),
        Row("edit of nothing changes nothing; replace and replace --force", Replace),
        Row("validation of an unknown field in create and apply", Validation),
    ];

    private static Scenario Row(string name, Func<ScenarioRun, Task> body) => new(Sig, name, body) { Clients = ClientKind.Kubectl };

    private static async Task Diff(ScenarioRun run)
    {
        await run.KubectlWithAsync(Deployment, "apply", "-f", "-").ConfigureAwait(false);
        var same = await run.KubectlClient.TryAsync(["-n", run.Namespace, "diff", "-f", "-"], Deployment, run.Cancel).ConfigureAwait(false);
        Expect.Equal(0, same.Exit.Code, $"exit code without a difference ({same.Output}{same.Error})");
        var other = await run.KubectlClient.TryAsync(["-n", run.Namespace, "diff", "-f", "-"], Deployment.Replace("busybox", "busybox:2", StringComparison.Ordinal), run.Cancel).ConfigureAwait(false);
        Expect.Equal(1, other.Exit.Code, $"exit code with a difference ({other.Error})");
        Expect.Contains("+      - image: busybox:2", other.Output, "the difference");
    }

    private static async Task Apply(ScenarioRun run)
    {
        Expect.Contains("deployment.apps/d created", await run.KubectlWithAsync(Deployment, "apply", "-f", "-").ConfigureAwait(false), "first apply");
        var first = await run.GetAsync(Kinds.Deployments, "d").ConfigureAwait(false);
        Expect.Contains("deployment.apps/d unchanged", await run.KubectlWithAsync(Deployment, "apply", "-f", "-").ConfigureAwait(false), "second apply");
        var changed = Deployment.Replace("image: busybox", "image: busybox, env: [{name: A, value: b}]", StringComparison.Ordinal);
        Expect.Contains("deployment.apps/d configured", await run.KubectlWithAsync(changed, "apply", "-f", "-").ConfigureAwait(false), "apply of a change");
        var second = await run.GetAsync(Kinds.Deployments, "d").ConfigureAwait(false);
        Expect.Equal((long)first["metadata"]!["generation"]! + 1, (long)second["metadata"]!["generation"]!, "generation");
        await run.KubectlWithAsync(Deployment, "apply", "-f", "-").ConfigureAwait(false);
        var third = await run.GetAsync(Kinds.Deployments, "d").ConfigureAwait(false);
        Expect.True(third["spec"]!["template"]!["spec"]!["containers"]![0]!["env"] is null, "what is no longer given is removed");
    }

    private static async Task Prune(ScenarioRun run)
    {
        string Manifest(params string[] names) => string.Join("---\n", names.Select(name => $"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}, labels: {{prune: yes-{run.Namespace}}}}}\n"));
        string[] arguments = ["apply", "--prune", "-l", $"prune=yes-{run.Namespace}", run.KubectlClient.Version >= new KubectlVersion(1, 26) ? "--prune-allowlist=core/v1/ConfigMap" : "--prune-whitelist=core/v1/ConfigMap", "-f", "-"];
        await run.KubectlWithAsync(Manifest("a", "b"), arguments).ConfigureAwait(false);
        Expect.Contains("configmap/b pruned", await run.KubectlWithAsync(Manifest("a"), arguments).ConfigureAwait(false), "apply --prune");
        Expect.True(await run.FindAsync(Kinds.ConfigMaps, "b").ConfigureAwait(false) is null, "b is gone");
    }

    private static async Task ApplyKeeps(ScenarioRun run)
    {
        const string manifest = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {mine: one}\n";
        await run.KubectlWithAsync(manifest, "apply", "-f", "-").ConfigureAwait(false);
        await run.KubectlAsync("patch", "configmap", "a", "--type=merge", "-p", """{"data":{"theirs":"two"}}""").ConfigureAwait(false);
        await run.KubectlWithAsync(manifest.Replace("one", "three", StringComparison.Ordinal), "apply", "-f", "-").ConfigureAwait(false);
        Expect.Equal("three,two", await run.KubectlAsync("get", "configmap", "a", "-o", "jsonpath={.data.mine},{.data.theirs}").ConfigureAwait(false), "data");
        Expect.Contains("three", await run.KubectlAsync("apply", "view-last-applied", "configmap", "a").ConfigureAwait(false), "apply view-last-applied");
    }

    private static async Task ServerSide(ScenarioRun run)
    {
        string Manifest(string value) => $"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\ndata: {{key: {value}}}\n";
        await run.KubectlWithAsync(Manifest("one"), "apply", "--server-side", "--field-manager=first", "-f", "-").ConfigureAwait(false);
        var refusal = await Expect.RefusedAsync("Unknown", () => run.KubectlWithAsync(Manifest("two"), "apply", "--server-side", "--field-manager=second", "-f", "-"), "a second manager's value").ConfigureAwait(false);
        Expect.Contains("conflict with \"first\"", refusal.Message, "the conflict");
        Expect.Contains(".data.key", refusal.Message, "the conflict");
        await run.KubectlWithAsync(Manifest("two"), "apply", "--server-side", "--field-manager=second", "--force-conflicts", "-f", "-").ConfigureAwait(false);
        Expect.Equal("two", await run.KubectlAsync("get", "configmap", "a", "-o", "jsonpath={.data.key}").ConfigureAwait(false), "value after force");
        await run.KubectlWithAsync("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n", "apply", "--server-side", "--field-manager=second", "-f", "-").ConfigureAwait(false);
        Expect.Equal("", await run.KubectlAsync("get", "configmap", "a", "-o", "jsonpath={.data}").ConfigureAwait(false), "what its only manager no longer gives is removed");
    }

    private static async Task ServerSideUnknown(ScenarioRun run)
    {
        var result = await run.KubectlClient.TryAsync(["-n", run.Namespace, "apply", "--server-side", "--validate=false", "-f", "-"], Deployment + "  colour: red\n", run.Cancel).ConfigureAwait(false);
        Expect.True(!result.Succeeded, "the manifest is refused");
        Expect.Contains($"failed to create typed patch object ({run.Namespace}/d; apps/v1, Kind=Deployment): .spec.colour: field not declared in schema", result.Error, "the refusal");
    }

    private static async Task DryRun(ScenarioRun run)
    {
        await run.KubectlWithAsync(Deployment, "create", "-f", "-").ConfigureAwait(false);
        await run.KubectlAsync("patch", "deployment", "d", "-p", """{"spec":{"template":{"spec":{"containers":[{"name":"c","image":"other"}]}}}}""", "--dry-run=server").ConfigureAwait(false);
        Expect.Equal("busybox", await run.KubectlAsync("get", "deployment", "d", "-o", "jsonpath={.spec.template.spec.containers[0].image}").ConfigureAwait(false), "image");
        await run.KubectlAsync("delete", "deployment", "d", "--dry-run=server").ConfigureAwait(false);
        await run.KubectlAsync("create", "configmap", "never", "--dry-run=server").ConfigureAwait(false);
        Expect.True(await run.FindAsync(Kinds.ConfigMaps, "never").ConfigureAwait(false) is null && await run.FindAsync(Kinds.Deployments, "d").ConfigureAwait(false) is not null, "nothing is created or deleted");
    }

    private static async Task Replace(ScenarioRun run)
    {
        await run.KubectlWithAsync(Deployment, "create", "-f", "-", "--save-config").ConfigureAwait(false);
        var before = await run.GetAsync(Kinds.Deployments, "d").ConfigureAwait(false);
        var current = await run.KubectlAsync("get", "deployment", "d", "-o", "yaml").ConfigureAwait(false);
        await run.KubectlWithAsync(current, "replace", "-f", "-").ConfigureAwait(false);
        var after = await run.GetAsync(Kinds.Deployments, "d").ConfigureAwait(false);
        Expect.Equal((string?)before["metadata"]!["uid"], (string?)after["metadata"]!["uid"], "uid after replace");
        await run.KubectlWithAsync(Deployment, "replace", "--force", "-f", "-").ConfigureAwait(false);
        Expect.True((string?)(await run.GetAsync(Kinds.Deployments, "d").ConfigureAwait(false))["metadata"]!["uid"] != (string?)after["metadata"]!["uid"], "replace --force makes a new object");
    }

    private static async Task Validation(ScenarioRun run)
    {
        foreach (var verb in (string[])["create", "apply"])
        {
            var result = await run.KubectlClient.TryAsync(["-n", run.Namespace, verb, "-f", "-"], Deployment + "  unknownField: 1\n", run.Cancel).ConfigureAwait(false);
            Expect.True(!result.Succeeded, $"{verb} of an unknown field is refused");
            Expect.Contains("unknown", result.Error, $"refusal of {verb}");
            Expect.Contains("unknownField", result.Error, $"refusal of {verb}");
        }
    }
}
