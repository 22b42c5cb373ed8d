using System.Net;
using Microsoft.Extensions.Logging;
using Network.Kubelet;
using Network.Linux;
using Network.TestKit;

namespace Network.Kernel.Tests.Kubelet;

/// <summary>A kubelet alone with a manifest folder and the reference CNI plugins, and everything it makes taken away at the end.</summary>
public sealed class StandaloneKubelet : IAsyncDisposable
{
    private static int s_count;
    private readonly KubeletDirectory _directory;
    private readonly string _bridge;
    private CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;

    private StandaloneKubelet(KubeletDirectory directory)
    {
        _directory = directory;
        var number = Interlocked.Increment(ref s_count);
        Node = $"t{Environment.ProcessId}x{number}";
        _bridge = $"kt{Environment.ProcessId % 10000}-{number}";
        Settings = new KubeletSettings
        {
            NodeName = Node,
            NodeAddress = IPAddress.Parse("192.0.2.10"),
            DataDirectory = directory.Path,
            ImageDirectory = directory.ImagesPath,
            ManifestDirectory = Path.Combine(directory.Path, "manifests"),
            LogDirectory = Path.Combine(directory.Path, "logs"),
            CniConfigDirectory = Path.Combine(directory.Path, "cni"),
            CniBinaryDirectories = ["/usr/lib/cni"],
            ClusterDns = [IPAddress.Parse("10.96.0.10")],
            ListenAddress = IPAddress.Loopback,
            Port = 0,
            RestartBackoff = TimeSpan.FromMilliseconds(200),
            RestartBackoffLimit = TimeSpan.FromSeconds(1),
        };
    }

    public string Node { get; }

    public KubeletSettings Settings { get; set; }

    public KubeletService Service { get; private set; } = null!;

    public Uri Api => new($"http://127.0.0.1:{Service.ListeningPort}");

    public static async Task<StandaloneKubelet> NewAsync()
    {
        Requires.Tool("runc");
        var kubelet = new StandaloneKubelet(await KubeletDirectory.NewAsync());
        Directory.CreateDirectory(kubelet.Settings.CniConfigDirectory);
        File.WriteAllText(Path.Combine(kubelet.Settings.CniConfigDirectory, "10-test.conflist"), $$"""
            {"cniVersion":"1.0.0","name":"{{kubelet._bridge}}","plugins":[{"type":"bridge","bridge":"{{kubelet._bridge}}","isGateway":true,
            "ipam":{"type":"host-local","dataDir":"{{kubelet.Settings.DataDirectory}}/ipam","ranges":[[{"subnet":"10.99.{{Random.Shared.Next(1, 250)}}.0/24"}]],"routes":[{"dst":"0.0.0.0/0"}] } } ] }
            """);
        return kubelet;
    }

    public async Task StartAsync()
    {
        _stop = new CancellationTokenSource();
        var loggers = LoggerFactory.Create(builder => builder.SetMinimumLevel(LogLevel.Debug).AddProvider(new TestLog()));
        Service = new KubeletService(Settings, null, TimeProvider.System, loggers);
        _running = Service.RunAsync(_stop.Token);
        await Task.WhenAny(Service.Started, _running);
        if (_running.IsFaulted)
            await _running;
    }

    /// <summary>Ends the kubelet as a crash would: its containers run on.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _running;
    }

    public void Manifest(string name, string yaml) => File.WriteAllText(Path.Combine(Settings.ManifestDirectory!, name), yaml);

    public void Remove(string name) => File.Delete(Path.Combine(Settings.ManifestDirectory!, name));

    /// <summary>The network namespaces of this node's pods, as ip-netns sees them.</summary>
    public IReadOnlyList<string> Namespaces() =>
        [.. Shell.Run("ip", "netns", "list").Split('\n').Select(line => line.Split(' ')[0]).Where(name => name.StartsWith(Node + "_", StringComparison.Ordinal))];

    public async ValueTask DisposeAsync()
    {
        if (Directory.Exists(Settings.ManifestDirectory))
        {
            foreach (var file in Directory.GetFiles(Settings.ManifestDirectory))
                File.Delete(file);
        }

        if (!_running.IsCompleted)
        {
            await Eventually.TrueAsync(() => !Directory.Exists(Path.Combine(Settings.DataDirectory, "pods"))
                || Directory.GetDirectories(Path.Combine(Settings.DataDirectory, "pods")).Length == 0, TimeSpan.FromSeconds(20));
            await StopAsync();
        }

        foreach (var ns in Namespaces())
            NetNs.Delete(ns);
        try
        {
            Shell.Run("ip", "link", "delete", _bridge);
        }
        catch (InvalidOperationException)
        {
            // No pod ever needed the bridge.
        }

        Network.Kubelet.Pods.Cgroups.Remove($"/podnet/{Node}");
        await _directory.DisposeAsync();
    }
}
