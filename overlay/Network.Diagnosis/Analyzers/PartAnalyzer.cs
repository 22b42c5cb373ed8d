using Network.Diagnosis.Facts;
using Network.Diagnosis.Findings;

namespace Network.Diagnosis.Analyzers;

/// <summary>Whether the parts of the cluster live: API server, scheduler, controllers, and the daemons of each node.</summary>
internal sealed class PartAnalyzer : IAnalyzer
{
    // What stops when a process stops; server and agent hold several parts.
    private static readonly Dictionary<string, (FindingKind Kind, string Needs)[]> s_parts = new()
    {
        ["server"] = [(Kinds.ApiUnreachable, ""), (Kinds.SchedulerDown, "scheduler"), (Kinds.ControllersDown, "controllers")],
        ["apiserver"] = [(Kinds.ApiUnreachable, "")],
        ["scheduler"] = [(Kinds.SchedulerDown, "scheduler")],
        ["controllers"] = [(Kinds.ControllersDown, "controllers")],
        ["agent"] = [(Kinds.KubeletDown, "@"), (Kinds.OverlayDown, "@"), (Kinds.ProxyDown, "@"), (Kinds.DnsDown, "@dns")],
        ["kubelet"] = [(Kinds.KubeletDown, "@")],
        ["overlay"] = [(Kinds.OverlayDown, "@")],
        ["proxy"] = [(Kinds.ProxyDown, "@")],
        ["dns"] = [(Kinds.DnsDown, "@dns")],
    };

    public IEnumerable<Finding> Look(ClusterView view)
    {
        foreach (var part in view.Components.Where(part => !part.Running))
        {
            foreach (var (kind, needs) in s_parts.GetValueOrDefault(part.Component) ?? [])
                yield return new Finding(kind, part.Node, part.Component, $"{part.Component} of {part.Node} does not run: {part.Evidence}", $"start it: podnet up starts what is missing; its log says why it ended")
                {
                    Needs = needs switch { "" => [], "@" => [part.Node], "@dns" => [$"dns@{part.Node}"], _ => [needs] },
                };
        }

        if (view.ApiFault is { } fault && !view.Components.Any(part => part is { Running: false, Component: "server" or "apiserver" }))
            yield return new Finding(Kinds.ApiUnreachable, "cluster", "apiserver", $"the API server does not answer: {fault}", "curl -k https://its address/readyz; its log; the certificate it shows");
        foreach (var node in view.Nodes)
        {
            foreach (var finding in Conditions(view, node))
                yield return finding;
        }
    }

    private static IEnumerable<Finding> Conditions(ClusterView view, NodeFacts node)
    {
        var dead = view.Components.Any(part => !part.Running && part.Node == node.Name && part.Component is "agent" or "kubelet");
        if (!node.Ready && !dead)
        {
            yield return new Finding(Kinds.NodeNotReady, node.Name, $"node/{node.Name}", $"node {node.Name} is not ready: {string.Join("; ", node.Complaints)}", "kubectl describe node; the log of its kubelet")
            {
                Needs = [node.Name, "kubelet"],
            };
        }
        else if (node.Ready)
        {
            foreach (var complaint in node.Complaints)
                yield return new Finding(Kinds.NodePressure, node.Name, $"node/{node.Name}", $"node {node.Name}: {complaint}", "kubectl describe node") { Needs = [node.Name, "kubelet"] };
        }
    }
}
