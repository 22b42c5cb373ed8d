using k8s.Models;

namespace Network.Scheduler.Rules;

/// <summary>Prefers the emptier node. A container without requests counts as 100m and 200 MiB, so that such pods spread too.</summary>
internal sealed class LeastAllocated : IScore
{
    private const long DefaultMilliCpu = 100;
    private const long DefaultMemory = 200L * 1024 * 1024;

    public int Weight => 1;

    public double Score(V1Pod pod, NodeInfo node)
    {
        var cpu = Free(node, ResourceAmounts.Cpu, DefaultMilliCpu, pod);
        var memory = Free(node, ResourceAmounts.Memory, DefaultMemory, pod);
        return (cpu + memory) / 2;
    }

    private static double Free(NodeInfo node, string resource, long byDefault, V1Pod pod)
    {
        var capacity = node.Allocatable[resource];
        if (capacity == 0)
            return 0;
        var used = node.Pods.Append(pod).Sum(p => Counted(p, resource, byDefault));
        return Math.Max(0, 100.0 * (capacity - used) / capacity);
    }

    private static long Counted(V1Pod pod, string resource, long byDefault)
    {
        var requested = ResourceAmounts.RequestsOf(pod.Spec)[resource];
        return requested > 0 ? requested : byDefault * (pod.Spec.Containers?.Count ?? 1);
    }
}
