using Network.Scheduler.Rules;

namespace Network.Scheduler;

/// <summary>The rules in force, in the order they are asked. A new rule is one file and one line here.</summary>
internal static class Registry
{
    internal static readonly IReadOnlyList<IFilter> Filters =
    [
        new NodeUnschedulable(),
        new TaintToleration(),
        new NodeAffinity(),
        new NodePorts(),
        new NodeResourcesFit(),
    ];

    internal static readonly IReadOnlyList<IScore> Scores =
    [
        new LeastAllocated(),
        new SpreadSiblings(),
        new AvoidSoftTaints(),
    ];
}
