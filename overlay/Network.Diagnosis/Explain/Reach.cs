using Network.Diagnosis.Analyzers;
using Network.Diagnosis.Facts;
using Network.Diagnosis.Findings;

namespace Network.Diagnosis.Explain;

/// <summary>Whether one reaches another.</summary>
/// <param name="Code">What is wrong, the worst first; empty when nothing is.</param>
public sealed record ReachCell(string From, string To, string Code, string Text);

/// <summary>Who reaches whom: every pod asks every pod and every service, which includes its name.</summary>
public static class Reach
{
    private const int AtOnce = 16;

    /// <summary>Every running pod that has a network.</summary>
    public static IEnumerable<string> Pods(ClusterView view) => view.NetworkedPods.Where(pod => pod.Network is not null).Select(pod => pod.Id);

    /// <summary>Pods by the first port they listen on (or by ICMP), and services by their first port.</summary>
    public static IEnumerable<string> Targets(ClusterView view) => view.NetworkedPods.Where(pod => pod.Addresses.Count > 0)
        .Select(pod => pod.Network?.Listeners.Where(listener => listener.Protocol == System.Net.Sockets.ProtocolType.Tcp && !System.Net.IPAddress.IsLoopback(listener.Address)).Select(listener => listener.Port).Order().FirstOrDefault() is > 0 and var port ? $"{pod.Id}:{port}" : pod.Id)
        .Concat(view.Services.Where(service => !service.Headless && service.ExternalName is null && service.PortsAt("").Any(port => port.Protocol != ServiceProxy.Model.TransportProtocol.Sctp)).Select(service => service.Id));

    /// <summary>Row by row, in the order given.</summary>
    public static async Task<IReadOnlyList<ReachCell>> RunAsync(ClusterView view, QuestionReader reader, IReadOnlyList<string> from, IReadOnlyList<string> to, CancellationToken cancel)
    {
        var findings = AnalyzerList.Look(view);
        var pairs = from.SelectMany(_ => to, (source, target) => (source, target)).ToList();
        var cells = new ReachCell[pairs.Count];
        await Parallel.ForEachAsync(Enumerable.Range(0, pairs.Count), new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancel }, async (at, stop) =>
        {
            var (source, target) = pairs[at];
            var question = await reader.ReadAsync(source, target, null, stop).ConfigureAwait(false);
            var explanation = await Explainer.RunAsync(view, question, findings, observe: false, stop).ConfigureAwait(false);
            var fault = explanation.Findings.FirstOrDefault(finding => finding.Kind.Severity == Severity.Error);
            var failed = explanation.Trials.FirstOrDefault(trial => !trial.Reached);
            cells[at] = explanation.Healthy ? new ReachCell(source, target, "", explanation.Trials.Count > 0 ? explanation.Trials[0].Outcome : "")
                : new ReachCell(source, target, fault?.Kind.Id ?? Kinds.Lost.Id, fault?.Text ?? failed?.Outcome ?? "");
        }).ConfigureAwait(false);
        return cells;
    }

    /// <summary>Cells that were otherwise before; what was not asked then is no difference.</summary>
    public static IEnumerable<(ReachCell Before, ReachCell Now)> Difference(IReadOnlyList<ReachCell> before, IReadOnlyList<ReachCell> now)
    {
        var known = before.ToDictionary(cell => (cell.From, cell.To));
        foreach (var cell in now)
        {
            if (known.TryGetValue((cell.From, cell.To), out var earlier) && earlier.Code != cell.Code)
                yield return (earlier, cell);
        }
    }
}
