using System.CommandLine;
using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Network.Dns.Client;
using Network.Dns.Wire;
using Network.Labs.Cluster;
using Spectre.Console;

namespace Network.Cli.Verbs;

/// <summary><c>podnet resolve</c>: what a pod's resolver would do with a name, question by question.</summary>
internal static class ResolveVerb
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(5);

    internal static Command Create()
    {
        var name = new Argument<string>("name") { Description = "the name as a program in the pod would write it; with a final dot it is taken as it is" };
        var types = new Argument<string[]>("type") { Description = "record types; without any A and AAAA", Arity = ArgumentArity.ZeroOrMore };
        var from = new Option<string>("--from") { Description = "pod/[NAMESPACE/]NAME that asks", Required = true };
        var cluster = Options.Cluster();
        var output = new Option<string>("--output", "-o") { Description = "table or json", DefaultValueFactory = _ => "table" };
        output.AcceptOnlyFromAmong("table", "json");
        var command = new Command("resolve", """
            resolve a name as a pod does: each name of its search list, the server's answer, and where it comes from

            Examples:
              podnet resolve web --from pod/client
              podnet resolve _http._tcp.web.default.svc.cluster.local SRV --from pod/client
              podnet resolve www.example.org --from pod/default/client -o json
            """) { name, types, from, cluster, output };
        command.SetAction((parsed, cancel) => RunAsync(new ClusterPaths(parsed.GetValue(cluster)!), parsed.GetValue(from)!,
            new Question(parsed.GetValue(name)!, Types(parsed.GetValue(types)!), parsed.GetValue(output) == "json"), cancel));
        return command;
    }

    private static async Task<int> RunAsync(ClusterPaths paths, string from, Question question, CancellationToken cancel)
    {
        if (new CaptureTargets(paths).Resolve(from) is not [{ Kind: DeviceKind.Pod } pod, ..])
            throw new ArgumentException($"--from \"{from}\" is no pod; write pod/NAME or pod/NAMESPACE/NAME");
        var order = SearchOrder.Read(File.ReadAllText(ResolverFile(paths, pod)));
        if (order.Servers is not [var server, ..])
            throw new InvalidDataException($"{from} has no nameserver in its resolv.conf; set dnsPolicy or dnsConfig of the pod");
        var taken = new List<Resolution>();
        foreach (var name in order.NamesOf(question.Name))
        {
            var answers = new List<Resolution>();
            foreach (var type in question.Types)
                answers.Add(await ResolverClient.AskAsync(new IPEndPoint(server, 53), name, type, pod.NetNs, s_patience, cancel).ConfigureAwait(false));
            taken.AddRange(answers);
            // The C library goes on after "no such name" and after "not this type", and ends with the first name that has records.
            if (answers.Any(answer => answer.Records.Count > 0))
                break;
        }

        Show(server, order, taken, question.AsJson);
        return taken.Any(answer => answer.Records.Count > 0) ? 0 : 1;
    }

    // The kubelet's copy of what is mounted into the pod; the last part of the namespace's name is the pod's uid.
    private static string ResolverFile(ClusterPaths paths, CaptureTarget pod)
    {
        var uid = pod.NetNs.Split('_')[^1];
        return Directory.EnumerateFiles($"{paths.Directory}/nodes", "resolv.conf", SearchOption.AllDirectories).FirstOrDefault(path => path.Contains(uid, StringComparison.Ordinal))
            ?? throw new ClusterException($"{pod.Description} has no resolv.conf below {paths.Directory}/nodes; is its kubelet of this cluster?");
    }

    private static IReadOnlyList<RecordType> Types(string[] names) => names.Length == 0
        ? [RecordType.A, RecordType.AAAA]
        : names.Select(name => Enum.TryParse<RecordType>(name, ignoreCase: true, out var type) && !char.IsAsciiDigit(name[0]) ? type
            : throw new ArgumentException($"\"{name}\" is no record type; {string.Join(", ", Enum.GetNames<RecordType>())} are")).ToList();

    private static void Show(IPAddress server, SearchOrder order, IReadOnlyList<Resolution> taken, bool asJson)
    {
        if (asJson)
        {
            Console.WriteLine(new JsonObject
            {
                ["server"] = server.ToString(),
                ["searches"] = new JsonArray(order.Searches.Select(search => (JsonNode)search).ToArray()),
                ["ndots"] = order.Dots,
                ["questions"] = new JsonArray(taken.Select(Json).ToArray()),
            }.ToJsonString(new System.Text.Json.JsonSerializerOptions { WriteIndented = true }));
            return;
        }

        var table = new Table { Border = TableBorder.None };
        foreach (var column in (string[])["NAME", "TYPE", "RESULT", "RECORDS", "MS", "SOURCE"])
            table.AddColumn(new TableColumn(column) { NoWrap = column != "SOURCE" });
        foreach (var answer in taken)
        {
            table.AddRow(new Text(answer.Name), new Text(answer.Type.ToString()), new Markup(answer.Records.Count > 0 ? $"[green]{Result(answer)}[/]" : $"[yellow]{Result(answer)}[/]"),
                new Text(answer.Records.Count == 0 ? "-" : string.Join(", ", answer.Records)), new Text(answer.Took.TotalMilliseconds.ToString("0.0", CultureInfo.InvariantCulture)),
                new Text(answer.Source ?? "-"));
        }

        if (Console.IsOutputRedirected)
            AnsiConsole.Profile.Width = 320;
        Console.WriteLine($"server {server}, ndots {order.Dots}, search {string.Join(' ', order.Searches)}");
        AnsiConsole.Write(table);
    }

    private static JsonNode Json(Resolution answer) => new JsonObject
    {
        ["name"] = answer.Name,
        ["type"] = answer.Type.ToString(),
        ["result"] = Result(answer),
        ["records"] = new JsonArray(answer.Records.Select(record => (JsonNode)record).ToArray()),
        ["milliseconds"] = Math.Round(answer.Took.TotalMilliseconds, 3),
        ["source"] = answer.Source,
    };

    private static string Result(Resolution answer) => answer.Code switch
    {
        null => "no answer",
        ResponseCode.NoError when answer.Records.Count == 0 => "NODATA",
        var code => code.ToString()!.ToUpperInvariant(),
    };

    private sealed record Question(string Name, IReadOnlyList<RecordType> Types, bool AsJson);
}
