using System.Text.Json.Nodes;
using Network.Conformance.Clients;
using Network.Conformance.Running;

namespace Network.Conformance.Cli;

/// <summary>What operators type, against an API server alone.</summary>
internal static class Kubectl
{
    private const string Sig = "cli";
    private const string Deployment = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\nspec:\n  replicas: 0\n  selector: {matchLabels: {app: d}}\n  template:\n    metadata: {labels: {app: d}}\n    spec: {containers: [{name: c, image: busybox}]}\n";

    internal static IReadOnlyList<Scenario> All { get; } =
    [
        Row("api-versions has v1, api-resources has the kinds", ApiVersions),
        Row("cluster-info names the control plane", ClusterInfo),
        Row("version prints both sides", Version),
        Row("describe shows namespace, node, service, deployment and cron job", Describe),
        Row("label adds, changes and removes", Label),
        Row("annotate and patch reach every pod of a controller", Annotate),
        Row("create and delete of a quota, with scopes; an invalid scope is refused", Quota),
        Row("create of every kind kubectl has a word for", Create),
        Row("expose makes a service of a deployment", Expose),
        Row("scale, set image and set env change a deployment", Scale),
        Row("get in every output form", Outputs),
        Row("get -w shows changes, --watch-only from now on", Watch),
        Row("wait --for=delete, --for=condition and --for=jsonpath", Wait),
        Row("explain shows fields with their documentation", Explain),
        Row("proxy serves the API on a free port and on a unix socket", Proxy),
        Row("delete by label, by file and with --all; --ignore-not-found", Delete),
        Row("rollout history and undo of a deployment", Rollout) with { NeedsNode = true, Deadline = TimeSpan.FromSeconds(90) },
        Row("events are listed, newest last", Events),
        Row("taint and label of a node, cordon and uncordon", Node) with { NeedsNode = true, Alone = true },
    ];

    private static Scenario Row(string name, Func<ScenarioRun, Task> body) => new(Sig, name, body) { Clients = ClientKind.Kubectl };

    private static async Task ApiVersions(ScenarioRun run)
    {
        var versions = (await run.KubectlAsync("api-versions").ConfigureAwait(false)).Split('\n');
        Expect.True(versions.Contains("v1") && versions.Contains("apps/v1"), "api-versions lists v1 and apps/v1");
        var resources = await run.KubectlAsync("api-resources", "--verbs=list", "--namespaced", "-o", "name").ConfigureAwait(false);
        foreach (var name in (string[])["configmaps", "deployments.apps", "leases.coordination.k8s.io"])
            Expect.True(resources.Split('\n').Contains(name), $"api-resources lists {name}");
        Expect.Contains("deploy", await run.KubectlAsync("api-resources", "--api-group=apps").ConfigureAwait(false), "short names of group apps");
    }

    private static async Task ClusterInfo(ScenarioRun run)
    {
        var info = await run.KubectlAsync("cluster-info").ConfigureAwait(false);
        Expect.Contains(run.KubectlClient.Version >= new KubectlVersion(1, 24) ? "Kubernetes control plane" : "Kubernetes ", info, "cluster-info");
        Expect.Contains("is running at", info, "cluster-info");
    }

    private static async Task Version(ScenarioRun run)
    {
        var version = JsonNode.Parse(await run.KubectlAsync("version", "-o", "json").ConfigureAwait(false))!;
        Expect.True(version["clientVersion"]?["gitVersion"] is not null && version["serverVersion"]?["gitVersion"] is not null, "both versions are there");
    }

    private static async Task Describe(ScenarioRun run)
    {
        await run.KubectlWithAsync(Deployment, "create", "-f", "-").ConfigureAwait(false);
        await run.CreateAsync(Kinds.Services, "{metadata: {name: s}, spec: {selector: {app: d}, ports: [{port: 80}]}}").ConfigureAwait(false);
        await run.CreateAsync(Kinds.CronJobs, "{metadata: {name: j}, spec: {schedule: '0 0 29 2 *', suspend: true, jobTemplate: {spec: {template: {spec: {restartPolicy: OnFailure, containers: [{name: c, image: busybox}]}}}}}}").ConfigureAwait(false);
        foreach (var (what, wanted) in ((string, string[])[])[
            ($"namespace/{run.Namespace}", ["Name:", "Labels:", "Status:", "No resource quota"]), ("service/s", ["Selector:", "app=d", "Port:", "Endpoints:", "Session Affinity:"]),
            ("deployment/d", ["Selector:", "Replicas:", "StrategyType:", "Pod Template:", "OldReplicaSets"]), ("cronjob/j", ["Schedule:", "Concurrency Policy:", "Suspend:", "Pod Template:", "busybox"])])
        {
            var text = await run.KubectlAsync("describe", what).ConfigureAwait(false);
            foreach (var word in wanted)
                Expect.Contains(word, text, $"describe {what}");
        }
    }

    private static async Task Label(ScenarioRun run)
    {
        await run.KubectlAsync("create", "configmap", "a").ConfigureAwait(false);
        await run.KubectlAsync("label", "configmap", "a", "testing-label=testing-label-value").ConfigureAwait(false);
        Expect.Contains("testing-label-value", await run.KubectlAsync("get", "configmap", "a", "-L", "testing-label").ConfigureAwait(false), "column of the label");
        var refused = await run.KubectlClient.TryAsync(["-n", run.Namespace, "label", "configmap", "a", "testing-label=other"], null, run.Cancel).ConfigureAwait(false);
        Expect.Contains("--overwrite is false", refused.Error, "a second value without --overwrite");
        await run.KubectlAsync("label", "configmap", "a", "testing-label-").ConfigureAwait(false);
        Expect.Lacks("testing-label-value", await run.KubectlAsync("get", "configmap", "a", "--show-labels").ConfigureAwait(false), "labels");
    }

    private static async Task Annotate(ScenarioRun run)
    {
        await run.KubectlWithAsync(Deployment.Replace("replicas: 0", "replicas: 2", StringComparison.Ordinal).Replace("spec: {containers", "spec: {nodeSelector: {none: such}, containers", StringComparison.Ordinal), "create", "-f", "-").ConfigureAwait(false);
        await run.UntilAsync("there are two pods", () => run.NamesAsync(Kinds.Pods), pods => pods.Count == 2).ConfigureAwait(false);
        foreach (var pod in await run.NamesAsync(Kinds.Pods).ConfigureAwait(false))
            await run.KubectlAsync("patch", "pod", pod, "-p", """{"metadata":{"annotations":{"x":"y"}}}""").ConfigureAwait(false);
        await run.KubectlAsync("annotate", "pods", "--all", "z=w").ConfigureAwait(false);
        Expect.Equal("y w y w ", await run.KubectlAsync("get", "pods", "-o", "jsonpath={range .items[*]}{.metadata.annotations.x} {.metadata.annotations.z} {end}").ConfigureAwait(false), "annotations");
    }

    private static async Task Quota(ScenarioRun run)
    {
        await run.KubectlAsync("create", "quota", "million", "--hard=pods=1000000,services=1000000").ConfigureAwait(false);
        Expect.Equal("1M", await run.KubectlAsync("get", "quota", "million", "-o", "jsonpath={.spec.hard.pods}").ConfigureAwait(false), "pods, in canonical form");
        await run.KubectlAsync("create", "quota", "scopes", "--hard=pods=1000000", "--scopes=BestEffort,NotTerminating").ConfigureAwait(false);
        Expect.Equal("[\"BestEffort\",\"NotTerminating\"]", await run.KubectlAsync("get", "quota", "scopes", "-o", "jsonpath={.spec.scopes}").ConfigureAwait(false), "scopes");
        var bad = await run.KubectlClient.TryAsync(["-n", run.Namespace, "create", "quota", "bad", "--hard=pods=1000000", "--scopes=Foo"], null, run.Cancel).ConfigureAwait(false);
        Expect.True(!bad.Succeeded, "an invalid scope is refused");
        Expect.Contains("Foo", bad.Error, "the refusal");
    }

    private static async Task Create(ScenarioRun run)
    {
        List<(string[] Words, string Made)> all =
        [
            (["configmap", "c", "--from-literal=a=b"], "configmap/c"), (["secret", "generic", "s", "--from-literal=a=b"], "secret/s"),
            (["secret", "docker-registry", "r", "--docker-server=example.com", "--docker-username=u", "--docker-password=p"], "secret/r"),
            (["deployment", "d", "--image=busybox", "--replicas=0"], "deployment.apps/d"), (["cronjob", "j", "--image=busybox", "--schedule=0 0 29 2 *"], "cronjob.batch/j"),
            (["job", "one", "--from=cronjob/j"], "job.batch/one"), (["service", "clusterip", "ip", "--tcp=80"], "service/ip"), (["service", "nodeport", "np", "--tcp=80"], "service/np"),
            (["service", "externalname", "en", "--external-name=example.com"], "service/en"), (["serviceaccount", "a"], "serviceaccount/a"),
            (["role", "r", "--verb=get", "--resource=pods"], "role.rbac.authorization.k8s.io/r"), (["rolebinding", "b", "--role=r", "--user=u"], "rolebinding.rbac.authorization.k8s.io/b"),
            (["poddisruptionbudget", "p", "--selector=a=b", "--min-available=1"], "poddisruptionbudget.policy/p"), (["ingress", "i", "--rule=example.com/=s:80"], "ingress.networking.k8s.io/i"),
        ];
        foreach (var (words, made) in all)
        {
            // 1.20 speaks of budgets and ingresses in versions that are removed since, and does not know cron jobs in v1.
            if (run.KubectlClient.Version < new KubectlVersion(1, 25) && words[0] is ("ingress" or "poddisruptionbudget" or "job"))
                continue;
            Expect.Contains($"{made} created", await run.KubectlAsync(["create", .. words]).ConfigureAwait(false), $"create {words[0]}");
        }
    }

    private static async Task Expose(ScenarioRun run)
    {
        await run.KubectlWithAsync(Deployment, "create", "-f", "-").ConfigureAwait(false);
        await run.KubectlAsync("expose", "deployment", "d", "--name=s", "--port=1234", "--target-port=6379").ConfigureAwait(false);
        Expect.Equal("1234 6379 d", await run.KubectlAsync("get", "service", "s", "-o", "jsonpath={.spec.ports[0].port} {.spec.ports[0].targetPort} {.spec.selector.app}").ConfigureAwait(false), "the service");
        await run.KubectlAsync("expose", "service", "s", "--name=t", "--port=2345", "--target-port=6379").ConfigureAwait(false);
        Expect.Equal("2345", await run.KubectlAsync("get", "service", "t", "-o", "jsonpath={.spec.ports[0].port}").ConfigureAwait(false), "the service of a service");
    }

    private static async Task Scale(ScenarioRun run)
    {
        await run.KubectlWithAsync(Deployment, "create", "-f", "-").ConfigureAwait(false);
        await run.KubectlAsync("set", "image", "deployment/d", "c=other:1").ConfigureAwait(false);
        await run.KubectlAsync("set", "env", "deployment/d", "COLOUR=green").ConfigureAwait(false);
        await run.KubectlAsync("set", "resources", "deployment/d", "--limits=cpu=200m").ConfigureAwait(false);
        Expect.Equal("other:1 green 200m", await run.KubectlAsync("get", "deployment", "d", "-o", "jsonpath={.spec.template.spec.containers[0].image} {.spec.template.spec.containers[0].env[0].value} {.spec.template.spec.containers[0].resources.limits.cpu}").ConfigureAwait(false), "the container");
        await run.KubectlAsync("patch", "deployment", "d", "-p", """{"spec":{"template":{"spec":{"nodeSelector":{"none":"such"}}}}}""").ConfigureAwait(false);
        await run.KubectlAsync("scale", "deployment/d", "--replicas=2", "--current-replicas=0").ConfigureAwait(false);
        Expect.Equal("2", await run.KubectlAsync("get", "deployment", "d", "-o", "jsonpath={.spec.replicas}").ConfigureAwait(false), "replicas");
        var wrong = await run.KubectlClient.TryAsync(["-n", run.Namespace, "scale", "deployment/d", "--replicas=3", "--current-replicas=7"], null, run.Cancel).ConfigureAwait(false);
        Expect.Contains("xpected replicas to be 7, was 2", wrong.Error, "scale with a wrong precondition");
    }

    private static async Task Outputs(ScenarioRun run)
    {
        await run.KubectlAsync("create", "configmap", "a", "--from-literal=k=v").ConfigureAwait(false);
        Expect.Contains("a ", await run.KubectlAsync("get", "configmaps").ConfigureAwait(false), "table");
        Expect.Contains("k: v", await run.KubectlAsync("get", "configmap", "a", "-o", "yaml").ConfigureAwait(false), "yaml");
        Expect.Equal("configmap/a\n", await run.KubectlAsync("get", "configmap", "a", "-o", "name").ConfigureAwait(false), "name");
        Expect.Equal("NAME   K\na      v\n", await run.KubectlAsync("get", "configmap", "a", "-o", "custom-columns=NAME:.metadata.name,K:.data.k").ConfigureAwait(false), "custom columns");
        Expect.Equal("v", await run.KubectlAsync("get", "configmap", "a", "-o", "go-template={{.data.k}}").ConfigureAwait(false), "go template");
        Expect.Contains("configmap/a", await run.KubectlAsync("get", "configmaps,secrets", "-o", "name", "--sort-by=.metadata.name").ConfigureAwait(false), "several kinds");
        Expect.Contains(run.Namespace, await run.KubectlAsync("get", "configmaps", "-A", "--chunk-size=2").ConfigureAwait(false), "all namespaces, in chunks");
        var none = await run.KubectlClient.TryAsync(["-n", run.Namespace, "get", "secrets", "-l", "none=such"], null, run.Cancel).ConfigureAwait(false);
        Expect.Contains($"No resources found in {run.Namespace} namespace.", none.Error, "nothing found");
    }

    private static async Task Watch(ScenarioRun run)
    {
        await run.KubectlAsync("create", "configmap", "old").ConfigureAwait(false);
        await using var all = run.KubectlClient.Start("-n", run.Namespace, "get", "configmaps", "-w", "-o", "name");
        await all.UntilAsync(output => output.Contains("configmap/old", StringComparison.Ordinal), run.Cancel).ConfigureAwait(false);
        await using var later = run.KubectlClient.Start("-n", run.Namespace, "get", "configmaps", "--watch-only", "--output-watch-events");
        await run.UntilAsync("the watches see a new object", async () =>
        {
            await run.KubectlAsync("annotate", "--overwrite", "configmap", "old", $"n={run.Time.GetTimestamp()}").ConfigureAwait(false);
            return later.Output.Contains("old", StringComparison.Ordinal);
        }).ConfigureAwait(false);
        await run.KubectlAsync("create", "configmap", "new").ConfigureAwait(false);
        await run.KubectlAsync("delete", "configmap", "new").ConfigureAwait(false);
        await all.UntilAsync(output => output.Contains("configmap/new", StringComparison.Ordinal), run.Cancel).ConfigureAwait(false);
        await later.UntilAsync(output => output.Contains("DELETED", StringComparison.Ordinal), run.Cancel).ConfigureAwait(false);
        Expect.Lacks("ADDED      old", later.Output, "--watch-only");
    }

    private static async Task Wait(ScenarioRun run)
    {
        await run.KubectlAsync("create", "configmap", "a").ConfigureAwait(false);
        await run.KubectlWithAsync(Deployment, "create", "-f", "-").ConfigureAwait(false);
        await run.KubectlAsync("wait", "--for=condition=Available", "deployment/d", "--timeout=20s").ConfigureAwait(false);
        await using var waiting = run.KubectlClient.Start("-n", run.Namespace, "wait", "--for=delete", "configmap/a", "--timeout=20s");
        await run.KubectlAsync("delete", "configmap", "a").ConfigureAwait(false);
        await run.UntilAsync("wait ends", () => Task.FromResult(waiting.Ended)).ConfigureAwait(false);
        if (run.KubectlClient.Version >= new KubectlVersion(1, 23))
            await run.KubectlAsync("wait", "--for=jsonpath={.spec.replicas}=0", "deployment/d", "--timeout=20s").ConfigureAwait(false);
    }

    private static async Task Explain(ScenarioRun run)
    {
        Expect.Contains("containers", await run.KubectlAsync("explain", "pod.spec").ConfigureAwait(false), "explain pod.spec");
        Expect.Contains("replicas", await run.KubectlAsync("explain", "deployments", "--recursive").ConfigureAwait(false), "explain --recursive");
        Expect.Contains("DESCRIPTION:", await run.KubectlAsync("explain", "deployment.spec.replicas").ConfigureAwait(false), "explain of a field");
    }

    private static async Task Proxy(ScenarioRun run)
    {
        await using var proxy = run.KubectlClient.Start("proxy", "--port=0");
        var line = await proxy.UntilAsync(output => output.Contains('\n', StringComparison.Ordinal), run.Cancel).ConfigureAwait(false);
        var port = line.Trim()[(line.Trim().LastIndexOf(':') + 1)..];
        using var http = new HttpClient();
        Expect.Contains("\"APIVersions\"", await http.GetStringAsync(new Uri($"http://127.0.0.1:{port}/api/"), run.Cancel).ConfigureAwait(false), "/api/ through the proxy");
        var socket = Path.Combine(Path.GetTempPath(), $"{run.Namespace}.sock");
        await using var local = run.KubectlClient.Start("proxy", $"--unix-socket={socket}");
        await local.UntilAsync(output => output.Contains('\n', StringComparison.Ordinal), run.Cancel).ConfigureAwait(false);
        using var handler = new SocketsHttpHandler
        {
            ConnectCallback = async (_, cancel) =>
            {
                var connection = new System.Net.Sockets.Socket(System.Net.Sockets.AddressFamily.Unix, System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Unspecified);
                await connection.ConnectAsync(new System.Net.Sockets.UnixDomainSocketEndPoint(socket), cancel).ConfigureAwait(false);
                return new System.Net.Sockets.NetworkStream(connection, ownsSocket: true);
            },
        };
        using var unix = new HttpClient(handler);
        Expect.Contains("\"APIVersions\"", await unix.GetStringAsync(new Uri("http://localhost/api/"), run.Cancel).ConfigureAwait(false), "/api/ through the socket");
        File.Delete(socket);
    }

    private static async Task Delete(ScenarioRun run)
    {
        foreach (var name in (string[])["a", "b", "c", "d"])
            await run.KubectlAsync("create", "configmap", name).ConfigureAwait(false);
        await run.KubectlAsync("label", "configmap", "a", "b", "some=thing").ConfigureAwait(false);
        await run.KubectlAsync("delete", "configmaps", "-l", "some=thing").ConfigureAwait(false);
        await run.KubectlWithAsync("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n", "delete", "-f", "-").ConfigureAwait(false);
        Expect.Sequence(["d", "kube-root-ca.crt"], await run.NamesAsync(Kinds.ConfigMaps).ConfigureAwait(false), "configmaps that are left");
        await Expect.RefusedAsync("NotFound", () => run.KubectlAsync("delete", "configmap", "c"), "deleting what is gone").ConfigureAwait(false);
        await run.KubectlAsync("delete", "configmap", "c", "--ignore-not-found").ConfigureAwait(false);
        await run.KubectlAsync("delete", "configmaps", "--all").ConfigureAwait(false);
        Expect.True(!(await run.NamesAsync(Kinds.ConfigMaps).ConfigureAwait(false)).Contains("d"), "d is gone");
    }

    private static async Task Rollout(ScenarioRun run)
    {
        await run.KubectlWithAsync(Deployment.Replace("replicas: 0", "replicas: 1", StringComparison.Ordinal).Replace("image: busybox", "image: busybox, command: [sleep, '600']", StringComparison.Ordinal)
            .Replace("spec: {containers", "spec: {terminationGracePeriodSeconds: 0, containers", StringComparison.Ordinal), "create", "-f", "-").ConfigureAwait(false);
        await run.KubectlAsync("rollout", "status", "deployment/d", "--timeout=60s").ConfigureAwait(false);
        await run.KubectlAsync("set", "env", "deployment/d", "COLOUR=green").ConfigureAwait(false);
        await run.KubectlAsync("rollout", "status", "deployment/d", "--timeout=60s").ConfigureAwait(false);
        Expect.Contains("2", await run.KubectlAsync("rollout", "history", "deployment/d").ConfigureAwait(false), "rollout history");
        await run.KubectlAsync("rollout", "undo", "deployment/d").ConfigureAwait(false);
        await run.KubectlAsync("rollout", "status", "deployment/d", "--timeout=60s").ConfigureAwait(false);
        await run.KubectlAsync("rollout", "pause", "deployment/d").ConfigureAwait(false);
        await run.KubectlAsync("rollout", "resume", "deployment/d").ConfigureAwait(false);
        await run.KubectlAsync("rollout", "restart", "deployment/d").ConfigureAwait(false);
        await run.KubectlAsync("rollout", "status", "deployment/d", "--timeout=60s").ConfigureAwait(false);
    }

    private static async Task Events(ScenarioRun run)
    {
        await run.CreateAsync(Kinds.Pods, "{metadata: {name: p}, spec: {nodeSelector: {none: such}, containers: [{name: c, image: busybox}]}}").ConfigureAwait(false);
        await run.UntilAsync("an event says why the pod waits", () => run.KubectlAsync("get", "events", "--sort-by=.lastTimestamp", "--field-selector=involvedObject.name=p"),
            text => text.Contains("FailedScheduling", StringComparison.Ordinal)).ConfigureAwait(false);
        Expect.Contains("FailedScheduling", await run.KubectlAsync("describe", "pod", "p").ConfigureAwait(false), "events in describe");
        if (run.KubectlClient.Version >= new KubectlVersion(1, 26))
            Expect.Contains("FailedScheduling", await run.KubectlAsync("events", "--for=pod/p").ConfigureAwait(false), "kubectl events");
    }

    private static async Task Node(ScenarioRun run)
    {
        var name = (await run.NamesAsync(Kinds.Nodes).ConfigureAwait(false))[0];
        run.Afterwards(() => run.KubectlClient.TryAsync(["uncordon", name], null, CancellationToken.None));
        await run.KubectlAsync("label", "node", name, "conformance=yes").ConfigureAwait(false);
        await run.KubectlAsync("taint", "node", name, "conformance=yes:PreferNoSchedule").ConfigureAwait(false);
        Expect.Contains("conformance=yes:PreferNoSchedule", await run.KubectlAsync("describe", "node", name).ConfigureAwait(false), "describe node");
        await run.KubectlAsync("taint", "node", name, "conformance-").ConfigureAwait(false);
        await run.KubectlAsync("label", "node", name, "conformance-").ConfigureAwait(false);
        await run.KubectlAsync("cordon", name).ConfigureAwait(false);
        Expect.Contains("SchedulingDisabled", await run.KubectlAsync("get", "node", name).ConfigureAwait(false), "a cordoned node");
        await run.KubectlAsync("uncordon", name).ConfigureAwait(false);
        Expect.Lacks("SchedulingDisabled", await run.KubectlAsync("get", "node", name).ConfigureAwait(false), "an uncordoned node");
    }
}
