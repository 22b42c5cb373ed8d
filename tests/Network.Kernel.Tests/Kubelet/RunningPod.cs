using System.Text.Json.Nodes;
using Network.TestKit;
using Xunit;

namespace Network.Kernel.Tests.Kubelet;

/// <summary>A kubelet with one running web server pod and kubectl in front of it.</summary>
internal sealed class RunningPod : IAsyncDisposable
{
    private readonly StandaloneKubelet _kubelet;
    private readonly HttpClient _client = new(new SocketsHttpHandler { UseProxy = false, PooledConnectionLifetime = TimeSpan.Zero }) { Timeout = TimeSpan.FromSeconds(2) };

    private RunningPod(StandaloneKubelet kubelet)
    {
        _kubelet = kubelet;
        Name = $"web-{kubelet.Node}";
        Kubectl = new KubectlFront(kubelet, Name);
    }

    internal string Name { get; }

    internal KubectlFront Kubectl { get; }

    internal static async Task<RunningPod> NewAsync()
    {
        Requires.Tool("kubectl");
        var kubelet = await StandaloneKubelet.NewAsync();
        await kubelet.StartAsync();
        kubelet.Manifest("web.yaml", """
            apiVersion: v1
            kind: Pod
            metadata: {name: web}
            spec:
              terminationGracePeriodSeconds: 0
              containers:
              - name: c
                image: busybox
                command: [sh, -c, "echo a; echo b; echo c; mkdir /www; echo hello > /www/index.html; exec httpd -f -p 127.0.0.1:80 -h /www"]
                readinessProbe: {exec: {command: [test, -f, /www/index.html]}, periodSeconds: 1}
            """);
        var pod = new RunningPod(kubelet);
        await Eventually.TrueAsync(async () => await pod.IsReadyAsync(), TimeSpan.FromSeconds(15));
        return pod;
    }

    internal async Task<string?> GetAsync(string url)
    {
        try
        {
            return await _client.GetStringAsync(url, TestContext.Current.CancellationToken);
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
        {
            return null;
        }
    }

    /// <summary>Asks the kubelet API itself.</summary>
    internal async Task<(System.Net.HttpStatusCode, string)> AskAsync(string path)
    {
        using var answer = await _client.GetAsync(new Uri(_kubelet.Api, path), TestContext.Current.CancellationToken);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    public async ValueTask DisposeAsync()
    {
        Kubectl.Dispose();
        _client.Dispose();
        await _kubelet.DisposeAsync();
    }

    private async Task<bool> IsReadyAsync()
    {
        var pods = JsonNode.Parse(await GetAsync(new Uri(_kubelet.Api, "/pods").ToString()) ?? "{}");
        return (bool?)pods?["items"]?.AsArray().FirstOrDefault()?["status"]?["containerStatuses"]?[0]?["ready"] == true;
    }
}
