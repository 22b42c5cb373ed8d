using System.CommandLine;
using System.Net.Sockets;
using Network.Cli.Diagnosis;
using Network.Diagnosis.Explain;
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
            var explanation = await ExplainRun.RunAsync(new ClusterPaths(parsed.GetValue(cluster)!), (parsed.GetValue(from)!, parsed.GetValue(to)!), parsed.GetValue(udp) ? ProtocolType.Udp : null, cancel).ConfigureAwait(false);
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
}
