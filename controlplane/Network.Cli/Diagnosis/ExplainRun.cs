using System.Net.Sockets;
using Network.Diagnosis.Explain;
using Network.Diagnosis.Facts;
using Network.Labs.Cluster;

namespace Network.Cli.Diagnosis;

/// <summary>One question to a lab cluster, from reading it to the explanation.</summary>
internal static class ExplainRun
{
    internal static async Task<Explanation> RunAsync(ClusterPaths paths, (string From, string To) ends, ProtocolType? protocol, CancellationToken cancel)
    {
        var lab = new LabView(paths);
        var view = await lab.ReadAsync(cancel).ConfigureAwait(false);
        Question question;
        try
        {
            question = await new QuestionReader(view, NameLookup.AskAsync).ReadAsync(ends.From, ends.To, protocol, cancel).ConfigureAwait(false);
        }
        catch (QuestionException e)
        {
            throw new ArgumentException(e.Message, e);
        }

        var services = question.Service is { } service ? [service] : ServicesOf(view, question).ToList();
        var outside = question.Aims.Any(aim => view.PodAt(aim.Target.Address) is null && !aim.IsService && view.Nodes.All(node => node.Address?.Equals(aim.Target.Address) != true));
        view = await lab.WithRulesAsync(view, new RuleScope([question.From.Machine.Name], services, question.From.Address(AddressFamily.InterNetwork), outside), cancel).ConfigureAwait(false);
        return await Explainer.RunAsync(view, question, cancel).ConfigureAwait(false);
    }

    private static IEnumerable<ServiceFacts> ServicesOf(ClusterView view, Question question) =>
        view.Services.Where(service => service.PortsAt(question.From.Machine.Name).Any(port => question.Aims.Any(aim => port.ClusterIps.Contains(aim.Target.Address))));
}
