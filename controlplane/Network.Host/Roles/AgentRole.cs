using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;
using Network.Client;
using Network.Host.Dns;
using Network.Host.Overlay;
using Network.Host.Parts;
using Network.Host.Proxy;
using Network.Kubelet;

namespace Network.Host.Roles;

/// <summary>The parts of one node. All of them in one process are the agent; each also starts alone.</summary>
public static class AgentRole
{
    /// <summary>Names in the order they are listed to people.</summary>
    public static IReadOnlyList<string> PartNames { get; } = ["kubelet", "overlay", "proxy", "dns"];

    /// <summary>Runs the parts named until cancelled.</summary>
    public static async Task RunAsync(AgentOptions options, IReadOnlyCollection<string> parts, CancellationToken cancel)
    {
        var time = TimeProvider.System;
        using var loggers = Composition.Loggers(time);
        using var client = options.Kubeconfig is { } kubeconfig ? Composition.Client(kubeconfig, parts.Count == 1 ? $"podnet-{parts.First()}" : "podnet-agent") : null;
        var running = PartNames.Where(parts.Contains).Select(name => Create(name, options, client, time, loggers)).ToList();
        await Composition.RunAsync(running, options.HealthPort, time, loggers, cancel).ConfigureAwait(false);
    }

    private static IPart Create(string name, AgentOptions options, ApiClient? client, TimeProvider time, ILoggerFactory loggers)
    {
        if (name == "kubelet")
            return Kubelet(options, client, time, loggers);
        if (name == "overlay" && options.Overlay.Networks.Count > 0)
            return new OverlayPart(options, client, time, loggers);
        if (client is null)
            throw new ArgumentException($"{name} needs an API server; give --kubeconfig{(name == "overlay" ? ", or --network with a file that lists the nodes" : "")}");
        return name switch
        {
            "overlay" => new OverlayPart(options, client, time, loggers),
            "proxy" => new ProxyPart(options, client, time, loggers),
            "dns" => new DnsPart(options, client, time, loggers),
            _ => throw new ArgumentException($"{name} is no part of an agent; the parts are {string.Join(", ", PartNames)}"),
        };
    }

    private static Part Kubelet(AgentOptions options, ApiClient? client, TimeProvider time, ILoggerFactory loggers)
    {
        // Containers whose starter has ended become ours, so that their exit codes can be read.
        Linux.Processes.BecomeSubreaper();
        var service = new KubeletService(KubeletSettingsOf(options), client, time, loggers);
        return new Part("kubelet", () => service.IsReady, service.RunAsync);
    }

    private static KubeletSettings KubeletSettingsOf(AgentOptions options) => new()
    {
        ResolvConf = options.ResolvConf,
        NodeName = options.Node,
        NodeAddress = options.NodeAddress ?? System.Net.IPAddress.Loopback,
        DataDirectory = Path.Combine(options.DataDirectory, "kubelet"),
        LogDirectory = Path.Combine(options.DataDirectory, "pod-logs"),
        ImageDirectory = options.ImageStore,
        ManifestDirectory = options.Manifests,
        CniConfigDirectory = options.CniConfigDirectory,
        CniBinaryDirectories = options.CniBinaries,
        ClusterDns = options.ClusterDns is { } dns ? [dns] : [],
        ClusterDomain = options.ClusterDomain,
        CgroupRoot = options.CgroupRoot,
        NetNsPrefix = options.NetNsPrefix ?? options.Node,
        ServerCertificate = options is { TlsCertificate: { } certificate, TlsKey: { } key } ? X509Certificate2.CreateFromPemFile(certificate, key) : null,
        ClientAuthorities = options.ClientAuthority is { } authority ? [X509Certificate2.CreateFromPem(File.ReadAllText(authority))] : null,
        ListenAddress = options.TlsCertificate is null ? System.Net.IPAddress.Loopback : System.Net.IPAddress.Any,
    };
}
