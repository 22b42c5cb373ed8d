using System.CommandLine;
using System.Text.Json.Nodes;
using Network.Cli.Diagnosis;
using Network.Diagnosis.Explain;
using Network.Labs.Cluster;
using Spectre.Console;

namespace Network.Cli.Verbs;

/// <summary><c>podnet reach</c>: who reaches whom.</summary>
internal static class ReachVerb
{
    /// <summary>A matrix of more is no table any more; name the rows then.</summary>
    private const int MostRows = 50;

    internal static Command Create()
    {
        var from = new Argument<string[]>("from") { Description = "pods that ask (pod/[NAMESPACE/]NAME); without any all", Arity = ArgumentArity.ZeroOrMore };
        var cluster = Options.Cluster();
        var against = Options.Text("--against", "an earlier matrix (a file written with -o json): show what is otherwise now");
        var output = new Option<string>("--output", "-o") { Description = "table or json", DefaultValueFactory = _ => "table" };
        output.AcceptOnlyFromAmong("table", "json");
        var command = new Command("reach", """
            ask from every pod every pod and every service (with its name), and show who reaches whom; a cell that is not ok holds the
            code of what is wrong. Ends with 1 when a cell is not ok, or with --against when one is worse than before.

            Examples:
              podnet reach
              podnet reach pod/client -o json > before.json
              podnet reach --against before.json
            """) { from, cluster, against, output };
        command.SetAction(async (parsed, cancel) =>
        {
            var lab = new LabView(new ClusterPaths(parsed.GetValue(cluster)!));
            var view = await lab.WithRulesAsync(await lab.ReadAsync(cancel).ConfigureAwait(false), new RuleScope(null, null, null, Masquerade: false), cancel).ConfigureAwait(false);
            var reader = new QuestionReader(view, NameLookup.AskAsync);
            var rows = parsed.GetValue(from) is { Length: > 0 } named ? named.Select(name => reader.OriginOf(name).Name).ToList() : Reach.Pods(view).ToList();
            if (rows.Count > MostRows)
                throw new ArgumentException($"{rows.Count} pods ask: more than {MostRows} make no table; name some of them");
            var cells = await Reach.RunAsync(view, reader, rows, Reach.Targets(view).ToList(), cancel).ConfigureAwait(false);
            var earlier = parsed.GetValue(against) is { } file ? Read(file) : null;
            var changes = earlier is null ? [] : Reach.Difference(earlier, cells).ToList();
            if (parsed.GetValue(output) == "json")
                Console.WriteLine(Json(cells).ToJsonString());
            else if (earlier is null)
                Show(cells);
            else
                changes.ForEach(change => Console.WriteLine($"{change.Now.From} > {change.Now.To}: {Text(change.Before)} before, {Text(change.Now)} now{(change.Now.Code.Length > 0 ? $" ({change.Now.Text})" : "")}"));
            return earlier is null ? cells.Any(cell => cell.Code.Length > 0) ? 1 : 0 : changes.Any(change => change.Now.Code.Length > 0) ? 1 : 0;
        });
        return command;
    }

    private static string Text(ReachCell cell) => cell.Code.Length == 0 ? "ok" : cell.Code;

    private static void Show(IReadOnlyList<ReachCell> cells)
    {
        var targets = cells.Select(cell => cell.To).Distinct().ToList();
        var table = new Table { Border = TableBorder.None };
        foreach (var column in targets.Select(Short).Prepend("FROM \\ TO"))
            table.AddColumn(new TableColumn(column) { NoWrap = true });
        foreach (var row in cells.GroupBy(cell => cell.From))
            table.AddRow(row.Select(cell => cell.Code.Length == 0 ? new Markup("[green]ok[/]") : new Markup($"[red]{cell.Code}[/]")).Prepend(new Markup(Markup.Escape(Short(row.Key)))));
        if (Console.IsOutputRedirected)
            AnsiConsole.Profile.Width = 4000;
        AnsiConsole.Write(table);
        foreach (var fault in cells.Where(cell => cell.Code.Length > 0).DistinctBy(cell => (cell.Code, cell.Text)))
            Console.WriteLine($"{fault.Code}: {fault.Text}");
    }

    // Most of a cluster's names are of one namespace.
    private static string Short(string name) => name.Replace("pod/default/", "", StringComparison.Ordinal).Replace("svc/default/", "svc/", StringComparison.Ordinal).Replace("pod/", "", StringComparison.Ordinal);

    private static JsonArray Json(IEnumerable<ReachCell> cells) => new(cells.Select(cell => (JsonNode)new JsonObject
    {
        ["from"] = cell.From, ["to"] = cell.To, ["reached"] = cell.Code.Length == 0, ["code"] = cell.Code, ["text"] = cell.Text,
    }).ToArray());

    private static List<ReachCell> Read(string file)
    {
        try
        {
            return JsonNode.Parse(File.ReadAllText(file))!.AsArray().Select(cell => new ReachCell((string)cell!["from"]!, (string)cell["to"]!, (string)cell["code"]!, (string)cell["text"]!)).ToList();
        }
        catch (Exception e) when (e is System.Text.Json.JsonException or InvalidOperationException or ArgumentException)
        {
            throw new ArgumentException($"--against {file} is no matrix: {e.Message}; write one with podnet reach -o json", e);
        }
    }
}
