using System.CommandLine;
using System.Net.Sockets;
using Network.Cli.Diagnosis;
using Network.Diagnosis.Explain;
using Network.Diagnosis.Facts;
using Network.Labs.Cluster;

namespace Network.Cli.Verbs;

/// <summary><c>podnet explain</c>: why can't a reach b?</summary>
internal static class ExplainVerb
{
    internal static Command Create()
    {
        var from = new Argument<string>("from") { Description = "pod/[NAMESPACE/]NAME or node/NAME" };
        var to = new Argument<string>("to") { Description = "svc/[NAMESPACE/]NAME[:PORT], pod/[NAMESPACE/]NAME[:PORT], node/NAME[:PORT], ADDRESS[:PORT] or NAME[:PORT]; without a port by ICMP" };
        var cluster = Options.Cluster();
        var udp = new Option<bool>("--udp") { Description = "one datagram instead of a connection" };
        var hops = new Option<bool>("--hops") { Description = "every device the probe was seen at" };
        var write = new Option<string?>("-w", "--write") { Description = "write what was seen as pcapng: one packet id a probe" };
        var output = new Option<string>("--output", "-o") { Description = "text or json", DefaultValueFactory = _ => "text" };
        output.AcceptOnlyFromAmong("text", "json");
        var command = new Command("explain", """
            explain whether one reaches the other: name, rules, routes, tunnel, every machine between, the program at the end. What should be
            is compared with what the kernels have, real packets are sent and followed, and each difference is named with its fix.
            Ends with 0 when there is no fault, with 1 when there is one.

            Examples:
              podnet explain pod/client svc/web:80
              podnet explain pod/client pod/web-7f9c:8080 --hops
              podnet explain pod/client www.example.org:443 -w evidence.pcapng
              podnet explain node/w1 node/w2 -o json
            """) { from, to, cluster, udp, hops, write, output };
        command.SetAction(async (parsed, cancel) =>
        {
            var explanation = await RunAsync(new ClusterPaths(parsed.GetValue(cluster)!), (parsed.GetValue(from)!, parsed.GetValue(to)!), parsed.GetValue(udp) ? ProtocolType.Udp : null, cancel).ConfigureAwait(false);
            if (parsed.GetValue(write) is { } file)
            {
                await using var stream = File.Create(file);
                Evidence.Write(stream, explanation, TimeProvider.System);
            }

            if (parsed.GetValue(output) == "json")
                Console.WriteLine(ExplainText.Json(explanation).ToJsonString());
            else
                ExplainText.Show(explanation, parsed.GetValue(hops));
            return explanation.Healthy ? 0 : 1;
        });
        return command;
    }

    private static async Task<Explanation> RunAsync(ClusterPaths paths, (string From, string To) ends, ProtocolType? protocol, CancellationToken cancel)
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
        var outside = question.Aims.Any(aim => view.PodAt(aim.Target.Address) is null && !aim.IsService);
        view = await lab.WithRulesAsync(view, new RuleScope([question.From.Machine.Name], services, question.From.Address(AddressFamily.InterNetwork), outside), cancel).ConfigureAwait(false);
        return await Explainer.RunAsync(view, question, cancel).ConfigureAwait(false);
    }

    private static IEnumerable<ServiceFacts> ServicesOf(ClusterView view, Question question) =>
        view.Services.Where(service => service.PortsAt(question.From.Machine.Name).Any(port => question.Aims.Any(aim => port.ClusterIps.Contains(aim.Target.Address))));
}
