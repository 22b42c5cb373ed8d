using System.CommandLine;
using System.Text.Json.Nodes;
using Network.Labs.Cluster;
using Spectre.Console;

namespace Network.Cli.Verbs;

/// <summary><c>podnet status</c>: a line a node.</summary>
internal static class StatusVerb
{
    internal static Command Create()
    {
        var name = Options.Cluster();
        var output = new Option<string>("--output", "-o") { Description = "table or json", DefaultValueFactory = _ => "table" };
        output.AcceptOnlyFromAmong("table", "json");
        var command = new Command("status", """
            show a cluster: node, role, ready, podCIDR, VTEP, overlay peers, pods, memory

            Examples:
              podnet status
              podnet status -o json
            """) { name, output };
        command.SetAction(async (parsed, cancel) =>
        {
            var rows = await ClusterStatus.ReadAsync(new ClusterPaths(parsed.GetValue(name)!), cancel).ConfigureAwait(false);
            if (parsed.GetValue(output) == "json")
                Console.WriteLine(Json(rows));
            else
                Show(rows);
            return rows.All(row => row.Ready == "yes") ? 0 : 1;
        });
        return command;
    }

    private static void Show(IReadOnlyList<NodeRow> rows)
    {
        var table = new Table { Border = TableBorder.None };
        foreach (var column in (string[])["NODE", "ROLE", "READY", "ADDRESS", "PODCIDR", "VTEP", "PEERS", "PODS", "MEMORY"])
            table.AddColumn(new TableColumn(column) { NoWrap = true });
        foreach (var row in rows)
        {
            var ready = row.Ready == "yes" ? "[green]yes[/]" : $"[red]{Markup.Escape(row.Ready)}[/]";
            table.AddRow(new Markup(row.Node), new Text(row.Role), new Markup(ready), new Text(row.Address), new Text(row.PodCidr), new Text(row.Vtep),
                new Text(row.Peers), new Text(row.Pods), new Text($"{row.ResidentBytes / 1024 / 1024} MB"));
        }

        // A pipe has no width; wrapping there would tear lines that scripts read.
        if (Console.IsOutputRedirected)
            AnsiConsole.Profile.Width = 240;
        AnsiConsole.Write(table);
    }

    private static string Json(IReadOnlyList<NodeRow> rows) => new JsonArray(rows.Select(row => (JsonNode)new JsonObject
    {
        ["node"] = row.Node,
        ["role"] = row.Role,
        ["ready"] = row.Ready,
        ["address"] = row.Address,
        ["podCIDR"] = row.PodCidr,
        ["vtep"] = row.Vtep,
        ["peers"] = row.Peers,
        ["pods"] = row.Pods,
        ["residentBytes"] = row.ResidentBytes,
    }).ToArray()).ToJsonString();
}
