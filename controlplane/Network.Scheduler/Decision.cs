using k8s.Models;
using Network.Scheduler.Rules;

namespace Network.Scheduler;

/// <summary>Where a pod goes, or why nowhere, with what every node was found to be: the answer to "why there?".</summary>
public sealed record Decision(string? Node, string Message, IReadOnlyList<NodeVerdict> Verdicts)
{
    /// <summary>Decides by the rules. Pure but for the coin that breaks ties.</summary>
    public static Decision For(V1Pod pod, IReadOnlyList<NodeInfo> nodes, Random coin)
    {
        if (nodes.Count == 0)
            return new Decision(null, "no nodes available to schedule pods", []);
        var verdicts = nodes.Select(node => Judge(pod, node)).ToList();
        var fitting = verdicts.Where(verdict => verdict.Reasons.Count == 0).ToList();
        if (fitting.Count == 0)
            return new Decision(null, Refusal(verdicts), verdicts);
        var best = fitting.Max(verdict => verdict.Score);
        var winners = fitting.Where(verdict => best - verdict.Score < 0.001).ToList();
        var winner = winners[coin.Next(winners.Count)];
        return new Decision(winner.Node, "", verdicts);
    }

    private static NodeVerdict Judge(V1Pod pod, NodeInfo node)
    {
        foreach (var filter in Registry.Filters)
        {
            var reasons = filter.Reasons(pod, node).ToList();
            if (reasons.Count > 0)
                return new NodeVerdict(node.Name, reasons, 0);
        }

        return new NodeVerdict(node.Name, [], Registry.Scores.Sum((IScore score) => score.Weight * score.Score(pod, node)));
    }

    /// <summary>Upstream's text: <c>0/3 nodes are available: 1 Insufficient cpu, 2 node(s) were unschedulable.</c></summary>
    private static string Refusal(List<NodeVerdict> verdicts)
    {
        var counted = verdicts.SelectMany(verdict => verdict.Reasons)
            .GroupBy(reason => reason)
            .Select(group => $"{group.Count()} {group.Key}")
            .Order(StringComparer.Ordinal);
        return $"0/{verdicts.Count} nodes are available: {string.Join(", ", counted)}.";
    }
}

/// <summary>What one node was found to be: reasons against it, or its score.</summary>
public sealed record NodeVerdict(string Node, IReadOnlyList<string> Reasons, double Score);
