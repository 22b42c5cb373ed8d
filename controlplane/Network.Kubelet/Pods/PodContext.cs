using k8s.Models;
using Network.Kubelet.Images;
using Network.Kubelet.Runtime;
using Network.Kubelet.Sandbox;
using Network.Kubelet.Sources;
using Network.Kubelet.Variables;
using Network.Kubelet.Volumes;

namespace Network.Kubelet.Pods;

/// <summary>Tells of something that happened to a pod: pod, container name or null, type, reason, message.</summary>
internal delegate void PodEvent(V1Pod pod, string? container, string type, string reason, string message);

/// <summary>What every pod worker of a kubelet shares.</summary>
internal sealed class PodContext
{
    internal required KubeletSettings Settings { get; init; }
    /// <summary>Null when this kubelet runs alone.</summary>
    internal required Client.ApiClient? Client { get; init; }
    internal required ContainerRuntime Runtime { get; init; }
    internal required ContainerExec Exec { get; init; }
    internal required ImageProvider Images { get; init; }
    internal required SandboxKeeper Sandboxes { get; init; }
    internal required VolumeKeeper Volumes { get; init; }
    internal required TokenCache Tokens { get; init; }
    internal required IPodObjects Objects { get; init; }
    internal required PodEnvironment Environment { get; init; }
    internal required StatusWriter Statuses { get; init; }
    internal required PodEvent Event { get; init; }
    internal required TimeProvider Time { get; init; }
    internal required Microsoft.Extensions.Logging.ILogger<PodWorker> Logger { get; init; }

    internal string PodDirectory(string uid) => Path.Combine(Settings.DataDirectory, "pods", uid);

    internal string CgroupRoot => Settings.CgroupRoot ?? $"/podnet/{Settings.NodeName}";

    internal string LogDirectory(V1Pod pod) =>
        Path.Combine(Settings.LogDirectory, $"{pod.Metadata.NamespaceProperty}_{pod.Metadata.Name}_{pod.Metadata.Uid}");

    internal DownwardApi Self(V1Pod pod, IReadOnlyList<string> addresses) =>
        new(pod, addresses, Settings.NodeName, Settings.NodeAddress.ToString());
}
