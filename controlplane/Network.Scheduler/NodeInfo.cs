using k8s.Models;

namespace Network.Scheduler;

/// <summary>A node with the pods that are (or are about to be) on it, as one scheduling decision sees it.</summary>
public sealed class NodeInfo
{
    public NodeInfo(V1Node node, IEnumerable<V1Pod> pods)
    {
        Node = node;
        Pods = [.. pods];
        Allocatable = ResourceAmounts.Of(node.Status?.Allocatable);
        Requested = new ResourceAmounts();
        foreach (var pod in Pods)
            Requested.Add(ResourceAmounts.RequestsOf(pod.Spec));
    }

    public V1Node Node { get; }

    public string Name => Node.Metadata.Name;

    public IReadOnlyList<V1Pod> Pods { get; }

    public ResourceAmounts Allocatable { get; }

    public ResourceAmounts Requested { get; }
}
