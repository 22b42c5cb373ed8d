using Network.Client;
using Network.Kubelet.Cni;
using Network.Kubelet.Dns;
using Network.Kubelet.Sandbox;
using Network.Kubelet.Variables;
using Network.Kubelet.Volumes;
using Network.Linux;
using k8s;
using k8s.Models;

namespace Network.Kubelet.Pods;

/// <summary>Sets up what a pod's containers stand on: directory, volumes, network, resolver files. Running it again refreshes and repairs.</summary>
internal sealed class PodPreparation(PodContext context)
{
    private const int TryAgainLater = 11;

    /// <summary>Whether an exception of <see cref="EnsureAsync"/> is an expected trouble that a later try may not meet.</summary>
    internal static bool IsTrouble(Exception e) =>
        e is VolumeException or PodConfigException or ApiException or HttpRequestException or CniException or Linux.LinuxException;

    internal async Task<PodSetup> EnsureAsync(V1Pod pod, PodSetup? current, CancellationToken cancel)
    {
        var directory = context.PodDirectory(pod.Metadata.Uid);
        Directory.CreateDirectory(directory);
        AtomicFile.Write(Path.Combine(directory, "pod.json"), KubernetesJson.Serialize(pod));
        var self = context.Self(pod, current?.Sandbox.Addresses ?? []);
        var volumes = await context.Volumes.EnsureAsync(directory, self, cancel).ConfigureAwait(false);
        var sandbox = await context.Sandboxes.EnsureAsync(pod, directory, cancel).ConfigureAwait(false);
        WriteFiles(pod, directory, sandbox, current);
        return new PodSetup(pod, sandbox, volumes);
    }

    /// <summary>The event that tells the trouble, in the words of the reference.</summary>
    internal static (string Reason, string Message) Describe(V1Pod pod, Exception e) => e switch
    {
        CniException { Code: TryAgainLater } waiting => ("NetworkNotReady",
            $"network is not ready: container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: {waiting.Words}"),
        CniException or Linux.LinuxException => ("FailedCreatePodSandBox",
            $"Failed to create pod sandbox: failed to setup network for pod \"{pod.Metadata.Name}_{pod.Metadata.NamespaceProperty}({pod.Metadata.Uid})\": {e.Message}"),
        _ => ("FailedMount", e.Message),
    };

    private void WriteFiles(V1Pod pod, string directory, PodSandbox sandbox, PodSetup? current)
    {
        var settings = context.Settings;
        var node = ResolvConf.Parse(File.ReadAllText(settings.ResolvConf ?? ResolvConf.FindNodeFile()));
        var resolv = ResolvConf.For(pod, node, settings.ClusterDns, settings.ClusterDomain, out var warning);
        if (warning is not null && current is null)
            context.Event(pod, null, "Warning", warning.StartsWith("pod:", StringComparison.Ordinal) ? "MissingClusterDNS" : "DNSConfigForming", warning);
        Write(directory, "resolv.conf", resolv.ToText());
        var hosts = Path.Combine(directory, "hosts");
        // Once for a network: afterwards the file is the pod's, and programs in it may have changed it.
        if (!File.Exists(hosts) || (current is not null && current.Sandbox.Id != sandbox.Id))
        {
            var nodeHosts = pod.Spec.HostNetwork == true && File.Exists("/etc/hosts") ? File.ReadAllText("/etc/hosts") : "";
            File.WriteAllText(hosts, HostsFile.For(pod, sandbox.Addresses, settings.ClusterDomain, nodeHosts));
        }

        Write(directory, "hostname", HostsFile.KernelHostname(pod, settings.ClusterDomain, settings.NodeName) + "\n");
    }

    // In place and only on change: the file is bind-mounted into running containers, which would never see a new inode.
    private static void Write(string directory, string name, string content)
    {
        var path = Path.Combine(directory, name);
        if (!File.Exists(path) || File.ReadAllText(path) != content)
            File.WriteAllText(path, content);
    }
}
