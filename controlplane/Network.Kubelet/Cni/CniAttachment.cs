using System.Text.Json.Nodes;

namespace Network.Kubelet.Cni;

/// <summary>One sandbox to be attached: what the plugins get in their environment and runtimeConfig.</summary>
internal sealed record CniAttachment(string ContainerId, string NetNsPath, string PodNamespace, string PodName, string PodUid)
{
    internal const string InterfaceName = "eth0";

    /// <summary>Capability name to its value: portMappings, bandwidth.</summary>
    internal IReadOnlyDictionary<string, JsonNode> Capabilities { get; init; } = new Dictionary<string, JsonNode>();

    // The arguments containerd passes; plugins such as multus and calico read them.
    internal string Arguments => $"IgnoreUnknown=1;K8S_POD_NAMESPACE={PodNamespace};K8S_POD_NAME={PodName};" +
        $"K8S_POD_INFRA_CONTAINER_ID={ContainerId};K8S_POD_UID={PodUid}";
}
