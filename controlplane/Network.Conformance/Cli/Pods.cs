using Network.Conformance.Clients;
using Network.Conformance.Running;

namespace Network.Conformance.Cli;

/// <summary>kubectl and running pods: logs, exec, cp, attach, port-forward, the API server's proxy.</summary>
internal static class Pods
{
    internal static IReadOnlyList<Scenario> All { get; } =
    [
        Row("run --restart=Never makes a pod that ends", Run),
        Row("logs filters: --tail, --limit-bytes, --timestamps, --since", Logs),
        Row("exec passes standard input, output and exit codes", Exec),
        Row("cp copies files both ways", Copy),
        Row("attach and run -i speak with a container", Attach),
        Row("port-forward to a pod answers, more than once", PortForward),
        Row("image of a running pod is replaced", ReplaceImage),
        Row("describe of a running pod and its events", Describe),
        Row("proxy of the API server reaches pod and service, with and without path", Proxy),
    ];

    private static Scenario Row(string name, Func<ScenarioRun, Task> body) => new("cli", name, body) { Clients = ClientKind.Kubectl, NeedsNode = true };

    private static async Task Run(ScenarioRun run)
    {
        await run.KubectlAsync("run", "p", "--image=busybox", "--restart=Never", "--command", "--", "sh", "-c", "echo done").ConfigureAwait(false);
        await run.UntilAsync("the pod succeeds", () => run.GetAsync(Kinds.Pods, "p"), pod => (string?)pod["status"]?["phase"] == "Succeeded").ConfigureAwait(false);
        Expect.Equal("Never", await run.KubectlAsync("get", "pod", "p", "-o", "jsonpath={.spec.restartPolicy}").ConfigureAwait(false), "restartPolicy");
        Expect.Equal("done\n", await run.KubectlAsync("logs", "p").ConfigureAwait(false), "logs");
    }

    private static async Task Logs(ScenarioRun run)
    {
        await PodAsync(run, "for i in 1 2 3 4 5; do echo line $i; done; exec sleep 600").ConfigureAwait(false);
        await run.UntilAsync("all lines are there", () => run.KubectlAsync("logs", "p"), text => text.EndsWith("line 5\n", StringComparison.Ordinal)).ConfigureAwait(false);
        Expect.Equal("line 5\n", await run.KubectlAsync("logs", "p", "--tail=1").ConfigureAwait(false), "--tail=1");
        Expect.Equal(3, (await run.KubectlAsync("logs", "p", "--limit-bytes=3").ConfigureAwait(false)).Length, "length with --limit-bytes=3");
        var stamped = (await run.KubectlAsync("logs", "p", "--tail=1", "--timestamps").ConfigureAwait(false)).Split(' ', 2);
        Expect.True(DateTimeOffset.TryParse(stamped[0], System.Globalization.CultureInfo.InvariantCulture, out _) && stamped[1] == "line 5\n", $"a line with its time: {string.Join(' ', stamped)}");
        Expect.Equal(5, (await run.KubectlAsync("logs", "p", "--since=1h").ConfigureAwait(false)).Trim().Split('\n').Length, "lines of the last hour");
        Expect.Contains("line 1", await run.KubectlAsync("logs", "-l", "app=p").ConfigureAwait(false), "logs by label");
        await using var followed = run.KubectlClient.Start("-n", run.Namespace, "logs", "-f", "p");
        await followed.UntilAsync(output => output.Contains("line 5", StringComparison.Ordinal), run.Cancel).ConfigureAwait(false);
        Expect.True(!followed.Ended, "logs -f goes on while the container runs");
    }

    private static async Task Exec(ScenarioRun run)
    {
        await PodAsync(run, "exec sleep 600").ConfigureAwait(false);
        Expect.Equal("hello\n", await run.KubectlAsync("exec", "p", "--", "echo", "hello").ConfigureAwait(false), "output");
        Expect.Equal("through standard input", await run.KubectlWithAsync("through standard input", "exec", "-i", "p", "--", "cat").ConfigureAwait(false), "what went in");
        foreach (var code in (int[])[0, 42])
        {
            var result = await run.KubectlClient.TryAsync(["-n", run.Namespace, "exec", "p", "--", "sh", "-c", $"echo out; echo err >&2; exit {code}"], null, run.Cancel).ConfigureAwait(false);
            Expect.Equal(code, result.Exit.Code, "exit code");
            Expect.Equal("out\n", result.Output, "standard output");
            Expect.Contains("err\n", result.Error, "standard error");
        }
    }

    private static async Task Copy(ScenarioRun run)
    {
        await PodAsync(run, "exec sleep 600").ConfigureAwait(false);
        var directory = Directory.CreateTempSubdirectory("conformance-cp-");
        try
        {
            var sent = Path.Combine(directory.FullName, "sent");
            await File.WriteAllTextAsync(sent, new string('x', 300_000), run.Cancel).ConfigureAwait(false);
            await run.KubectlAsync("cp", sent, "p:/tmp/there").ConfigureAwait(false);
            var back = Path.Combine(directory.FullName, "back");
            await run.KubectlAsync("cp", "p:/tmp/there", back).ConfigureAwait(false);
            Expect.Equal(await File.ReadAllTextAsync(sent, run.Cancel).ConfigureAwait(false), await File.ReadAllTextAsync(back, run.Cancel).ConfigureAwait(false), "the file that came back");
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    private static async Task Attach(ScenarioRun run)
    {
        await run.CreateAsync(Kinds.Pods, "{metadata: {name: p}, spec: {terminationGracePeriodSeconds: 0, containers: [{name: c, image: busybox, stdin: true, command: [sh, -c, 'while read line; do echo got $line; done']}]}}").ConfigureAwait(false);
        await RunningAsync(run).ConfigureAwait(false);
        var result = await run.KubectlClient.TryAsync(["-n", run.Namespace, "run", "q", "--image=busybox", "--restart=Never", "-i", "--rm", "--command", "--", "cat"], "abcd1234", run.Cancel).ConfigureAwait(false);
        Expect.Contains("abcd1234", result.Output, $"what run -i echoes ({result.Error})");
        await using var attached = run.KubectlClient.Start("-n", run.Namespace, "attach", "p");
        // Attached shows what comes from then on, and nothing tells when that is: so the word comes for a while.
        var writing = run.KubectlWithAsync("hello\n", "exec", "-i", "p", "--", "sh", "-c",
            "read line; i=0; while [ $i -lt 50 ]; do echo $line; sleep 0.1; i=$((i+1)); done > /proc/1/fd/1");
        await attached.UntilAsync(output => output.Contains("hello", StringComparison.Ordinal), run.Cancel).ConfigureAwait(false);
        await writing.ConfigureAwait(false);
    }

    private static async Task PortForward(ScenarioRun run)
    {
        await PodAsync(run, "mkdir /www; echo served > /www/index.html; exec httpd -f -p 8080 -h /www").ConfigureAwait(false);
        await using var forward = run.KubectlClient.Start("-n", run.Namespace, "port-forward", "pod/p", ":8080");
        var line = await forward.UntilAsync(output => output.Contains("Forwarding from 127.0.0.1:", StringComparison.Ordinal), run.Cancel).ConfigureAwait(false);
        var port = line.Split("127.0.0.1:")[1].Split(' ')[0];
        using var http = new HttpClient();
        for (var i = 0; i < 3; i++)
            Expect.Equal("served\n", await http.GetStringAsync(new Uri($"http://127.0.0.1:{port}/"), run.Cancel).ConfigureAwait(false), "what the pod serves");
    }

    private static async Task ReplaceImage(ScenarioRun run)
    {
        await PodAsync(run, "exec sleep 600").ConfigureAwait(false);
        var pod = await run.GetAsync(Kinds.Pods, "p").ConfigureAwait(false);
        pod["spec"]!["containers"]![0]!["image"] = "docker.io/library/busybox:latest";
        await run.KubectlWithAsync(pod.ToJsonString(), "replace", "-f", "-").ConfigureAwait(false);
        Expect.Equal("docker.io/library/busybox:latest", await run.KubectlAsync("get", "pod", "p", "-o", "jsonpath={.spec.containers[0].image}").ConfigureAwait(false), "image");
        pod = await run.GetAsync(Kinds.Pods, "p").ConfigureAwait(false);
        pod["spec"]!["containers"]![0]!["command"] = new System.Text.Json.Nodes.JsonArray("true");
        await Expect.RefusedAsync("Invalid", () => run.KubectlWithAsync(pod.ToJsonString(), "replace", "-f", "-"), "another command").ConfigureAwait(false);
    }

    private static async Task Describe(ScenarioRun run)
    {
        await PodAsync(run, "exec sleep 600").ConfigureAwait(false);
        var text = await run.UntilAsync("describe shows the start", () => run.KubectlAsync("describe", "pod", "p"), seen => seen.Contains("Started", StringComparison.Ordinal)).ConfigureAwait(false);
        foreach (var word in (string[])["Node:", "Labels:", "app=p", "Status:", "Running", "IP:", "Container ID:", "Image:", "Ready:", "Restart Count:", "Scheduled"])
            Expect.Contains(word, text, "describe pod");
    }

    private static async Task Proxy(ScenarioRun run)
    {
        await PodAsync(run, "mkdir /www /www/deep; echo served > /www/index.html; echo deep > /www/deep/index.html; exec httpd -f -p 8080 -h /www", ", ports: [{name: http, containerPort: 8080}], readinessProbe: {tcpSocket: {port: 8080}, periodSeconds: 1}").ConfigureAwait(false);
        await run.CreateAsync(Kinds.Services, "{metadata: {name: s}, spec: {selector: {app: p}, ports: [{name: web, port: 80, targetPort: http}]}}").ConfigureAwait(false);
        foreach (var path in (string[])[
            Kinds.Pods.Path(run.Namespace, "p:8080", "proxy/"), Kinds.Pods.Path(run.Namespace, "http:p:8080", "proxy/"), Kinds.Services.Path(run.Namespace, "s", "proxy/"),
            Kinds.Services.Path(run.Namespace, "s:web", "proxy/"), Kinds.Services.Path(run.Namespace, "http:s:80", "proxy/")])
        {
            await AnswersAsync(run, path, "served\n").ConfigureAwait(false);
            await AnswersAsync(run, $"{path}deep/", "deep\n").ConfigureAwait(false);
        }
    }

    private static Task AnswersAsync(ScenarioRun run, string path, string expected) => run.UntilAsync($"{path} answers", async () =>
    {
        // Endpoints follow readiness; until then the proxy has nobody to ask.
        var result = await run.KubectlClient.TryAsync(["get", "--raw", path], null, run.Cancel).ConfigureAwait(false);
        return result.Succeeded ? result.Output : result.Error;
    }, answer => answer == expected);

    private static async Task PodAsync(ScenarioRun run, string script, string more = "")
    {
        await run.CreateAsync(Kinds.Pods, ScenarioRun.Yaml($"{{metadata: {{name: p, labels: {{app: p}}}}, spec: {{terminationGracePeriodSeconds: 0, containers: [{{name: c, image: busybox, command: [sh, -c, '{script}']{more}}}]}}}}")).ConfigureAwait(false);
        await RunningAsync(run).ConfigureAwait(false);
    }

    private static Task RunningAsync(ScenarioRun run) => run.UntilAsync("the pod runs", () => run.GetAsync(Kinds.Pods, "p"), pod => (string?)pod["status"]?["phase"] == "Running");
}
