using k8s.Models;

namespace Network.Kubelet.Node;

/// <summary>Builds the Node object: pure, from facts and settings.</summary>
internal static class NodeStatus
{
    internal static V1Node Object(KubeletSettings settings, NodeFacts facts, V1NodeStatus status) => new()
    {
        Metadata = new V1ObjectMeta
        {
            Name = settings.NodeName,
            Labels = Labels(settings, facts),
            Annotations = new Dictionary<string, string> { ["volumes.kubernetes.io/controller-managed-attach-detach"] = "true" },
        },
        Spec = new V1NodeSpec(),
        Status = status,
    };

    internal static IDictionary<string, string> Labels(KubeletSettings settings, NodeFacts facts) => new Dictionary<string, string>(settings.NodeLabels)
    {
        ["kubernetes.io/hostname"] = settings.NodeName,
        ["kubernetes.io/os"] = "linux",
        ["kubernetes.io/arch"] = facts.Architecture,
        ["beta.kubernetes.io/os"] = "linux",
        ["beta.kubernetes.io/arch"] = facts.Architecture,
    };

    internal static V1NodeStatus Status(KubeletSettings settings, NodeFacts facts, string runtimeVersion, string? networkProblem, IEnumerable<V1ContainerImage> images)
    {
        var capacity = facts.Capacity(settings.MaximumPods, settings.DataDirectory);
        return new V1NodeStatus
        {
            Addresses =
            [
                new V1NodeAddress { Type = "InternalIP", Address = settings.NodeAddress.ToString() },
                new V1NodeAddress { Type = "Hostname", Address = settings.NodeName },
            ],
            Capacity = capacity,
            Allocatable = capacity,
            DaemonEndpoints = new V1NodeDaemonEndpoints { KubeletEndpoint = new V1DaemonEndpoint { Port = settings.Port } },
            Images = [.. images.OrderByDescending(image => image.SizeBytes).Take(50)],
            NodeInfo = new V1NodeSystemInfo
            {
                MachineID = facts.MachineId,
                SystemUUID = facts.MachineId,
                BootID = facts.BootId,
                KernelVersion = facts.Kernel,
                OsImage = facts.OsImage,
                Architecture = facts.Architecture,
                OperatingSystem = "linux",
                ContainerRuntimeVersion = runtimeVersion,
                KubeletVersion = settings.Version,
                KubeProxyVersion = "",
            },
            Conditions = Conditions(networkProblem),
        };
    }

    private static IList<V1NodeCondition> Conditions(string? networkProblem) =>
    [
        New("MemoryPressure", false, "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
        New("DiskPressure", false, "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
        New("PIDPressure", false, "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
        networkProblem is null
            ? New("Ready", true, "KubeletReady", "kubelet is posting ready status")
            : New("Ready", false, "KubeletNotReady",
                $"container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: {networkProblem}"),
    ];

    private static V1NodeCondition New(string type, bool holds, string reason, string message) =>
        new() { Type = type, Status = holds ? "True" : "False", Reason = reason, Message = message };
}
