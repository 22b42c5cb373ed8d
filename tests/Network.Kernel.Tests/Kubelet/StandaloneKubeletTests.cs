using Network.TestKit;
using Xunit;

namespace Network.Kernel.Tests.Kubelet;

public sealed class StandaloneKubeletTests
{
    [Fact]
    public async Task Static_pod_runs_with_an_address_of_its_own_and_vanishes_with_its_manifest()
    {
        await using var kubelet = await StandaloneKubelet.NewAsync();
        await kubelet.StartAsync();
        kubelet.Manifest("web.yaml", Pod("web", "echo ready > /www/index.html; exec httpd -f -p 80 -h /www", "volumeMounts: [{name: www, mountPath: /www}]",
            "volumes: [{name: www, emptyDir: {}}]"));
        var ns = await NamespaceAsync(kubelet);
        var address = await AddressAsync(ns);
        await Eventually.TrueAsync(async () => await GetAsync($"http://{address}/index.html") == "ready\n", TimeSpan.FromSeconds(10));

        kubelet.Remove("web.yaml");
        await Eventually.TrueAsync(() => kubelet.Namespaces().Count == 0, TimeSpan.FromSeconds(10));
        await Eventually.TrueAsync(() => !Directory.EnumerateDirectories(Path.Combine(kubelet.Settings.DataDirectory, "pods")).Any(), TimeSpan.FromSeconds(5));
        Assert.Empty(Directory.GetDirectories(Path.Combine(kubelet.Settings.DataDirectory, "containers")));
        Assert.Empty(Directory.GetFiles(Path.Combine(kubelet.Settings.DataDirectory, "ipam"), "10.*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task Pod_and_its_connections_survive_when_the_kubelet_restarts()
    {
        await using var kubelet = await StandaloneKubelet.NewAsync();
        await kubelet.StartAsync();
        kubelet.Manifest("web.yaml", Pod("web", "mkdir /www; echo $$ > /www/index.html; exec httpd -f -p 80 -h /www"));
        var address = await AddressAsync(await NamespaceAsync(kubelet));
        await Eventually.TrueAsync(async () => await GetAsync($"http://{address}/index.html") is not null, TimeSpan.FromSeconds(10));
        var before = Directory.GetFiles(Path.Combine(kubelet.Settings.DataDirectory, "containers"), "state.json", SearchOption.AllDirectories).Single();
        var record = File.ReadAllText(before);

        await kubelet.StopAsync();
        Assert.NotNull(await GetAsync($"http://{address}/index.html"));
        await kubelet.StartAsync();
        Assert.Equal(record, File.ReadAllText(before));
        Assert.Equal(address, await AddressAsync(await NamespaceAsync(kubelet)));
        kubelet.Remove("web.yaml");
        await Eventually.TrueAsync(() => kubelet.Namespaces().Count == 0, TimeSpan.FromSeconds(10));
    }

    private static string Pod(string name, string script, string container = "", string spec = "") => $$"""
        apiVersion: v1
        kind: Pod
        metadata: {name: {{name}}}
        spec:
          terminationGracePeriodSeconds: 1
          containers:
          - name: c
            image: busybox
            command: [sh, -c, '{{script}}']
            {{container}}
          {{spec}}
        """;

    private static async Task<string> NamespaceAsync(StandaloneKubelet kubelet)
    {
        await Eventually.TrueAsync(() => kubelet.Namespaces().Count == 1, TimeSpan.FromSeconds(10));
        return kubelet.Namespaces()[0];
    }

    private static async Task<string> AddressAsync(string ns)
    {
        string Address() => Shell.RunIn(ns, "ip", "-4", "-o", "addr", "show", "dev", "eth0").Split(' ', StringSplitOptions.RemoveEmptyEntries)[3].Split('/')[0];
        await Eventually.TrueAsync(() => Shell.RunIn(ns, "ip", "-o", "addr").Contains("eth0"), TimeSpan.FromSeconds(10));
        return Address();
    }

    private static async Task<string?> GetAsync(string url)
    {
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { Timeout = TimeSpan.FromSeconds(1) };
        try
        {
            return await client.GetStringAsync(url, TestContext.Current.CancellationToken);
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
        {
            return null;
        }
    }
}
