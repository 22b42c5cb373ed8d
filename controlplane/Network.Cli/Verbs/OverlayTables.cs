using System.Globalization;
using System.Text.Json.Nodes;
using Spectre.Console;

namespace Network.Cli.Verbs;

/// <summary>A daemon's answers as tables for people. Each returns the exit code: 0 when all is well.</summary>
internal static class OverlayTables
{
    internal static int ExitCode(JsonArray networks) => networks.All(network => network!["failure"] is null && network["drift"] is null or JsonArray { Count: 0 }) ? 0 : 1;

    internal static int Status(JsonArray networks)
    {
        foreach (var network in networks)
        {
            var table = new Table { Border = TableBorder.None, ShowHeaders = false };
            table.AddColumn("").AddColumn("");
            void Line(string name, string value) => table.AddRow(new Text(name), new Text(value));
            Line("node", Text(network!["node"]));
            if (Text(network["network"]) is { Length: > 0 } name)
                Line("network", name);
            if (network["tunnels"] is null)
            {
                Line("failure", Text(network["failure"]));
                Write(table);
                continue;
            }

            Line("backend", $"{Text(network["backend"])} vni {Text(network["vni"])} port {Text(network["port"])}");
            Line("underlay", $"{Text(network["underlay"]!["device"])} mtu {Text(network["underlay"]!["mtu"])}");
            Line("pods", $"{List(network["podCIDRs"])} mtu {Text(network["mtu"])}");
            foreach (var tunnel in network["tunnels"]!.AsArray())
                Line("tunnel", $"{Text(tunnel!["device"])} {Text(tunnel["mac"])} from {Text(tunnel["underlay"])} mtu {Text(tunnel["mtu"])}");
            var peers = network["peers"]!.AsArray();
            Line("peers", $"{peers.Count(peer => peer!["fault"] is null)} of {peers.Count} programmed, {Text(network["objects"])} kernel objects");
            Line("repairs", network["lastRepair"] is { } repair
                ? $"{Text(network["repairs"])}, last {Text(repair["when"])}: {Text(repair["what"])}, {Milliseconds(repair["afterMilliseconds"])} after the event"
                : Text(network["repairs"]));
            Line("last audit", Text(network["lastAudit"]));
            Line("checksum offload", Text(network["checksumOffload"]));
            if (Text(network["probeFault"]) is { Length: > 0 } fault)
                Line("probes", fault);
            Line("failure", Text(network["failure"]) is { Length: > 0 } failure ? failure : "none");
            Write(table);
        }

        return ExitCode(networks);
    }

    internal static int Peers(JsonArray networks)
    {
        var table = Columns("NODE", "PODCIDRS", "UNDERLAY", "WAY", "RTT", "LOSS", "PATH-MTU", "FAULT");
        foreach (var peer in networks.SelectMany(network => network!["peers"]!.AsArray()))
        {
            var probed = peer!["probed"]!.GetValue<bool>();
            table.AddRow(Text(peer["node"]), List(peer["podCIDRs"]), List(peer["underlay"]), Text(peer["ways"]),
                probed ? Milliseconds(peer["roundTripMilliseconds"]) : "-",
                probed ? peer["loss"]!.GetValue<double>().ToString("P0", CultureInfo.InvariantCulture) : "-",
                Text(peer["pathMtu"]) is "0" or "" ? "-" : Text(peer["pathMtu"]), Markup.Escape(Text(peer["fault"])));
        }

        Write(table);
        return ExitCode(networks);
    }

    internal static int Audit(JsonArray networks)
    {
        var lines = networks.SelectMany(network => (network!["drift"] as JsonArray ?? []).Select(change => (Node: Text(network["node"]), What: Text(change)))).ToList();
        if (lines.Count == 0)
            Console.WriteLine("the kernel holds everything it should, and nothing else");
        foreach (var (node, what) in lines)
            Console.WriteLine($"{node}: to do: {what}");
        return ExitCode(networks);
    }

    internal static int Repair(JsonArray networks)
    {
        foreach (var network in networks)
        {
            Console.WriteLine(network!["repairedNow"]!.GetValue<long>() is > 0 and var count
                ? $"{Text(network["node"])}: {count} changes: {Text(network["lastRepair"]?["what"])}"
                : $"{Text(network["node"])}: nothing to repair");
            if (Text(network["failure"]) is { Length: > 0 } failure)
                Console.Error.WriteLine($"{Text(network["node"])}: {failure}");
        }

        return ExitCode(networks);
    }

    private static Table Columns(params string[] names)
    {
        var table = new Table { Border = TableBorder.None };
        foreach (var name in names)
            table.AddColumn(new TableColumn(name) { NoWrap = true });
        return table;
    }

    // A pipe has no width; wrapping there would tear lines that scripts read.
    private static void Write(Table table)
    {
        if (Console.IsOutputRedirected)
            AnsiConsole.Profile.Width = 240;
        AnsiConsole.Write(table);
    }

    private static string Text(JsonNode? node) => node?.ToString() ?? "";

    private static string List(JsonNode? node) => string.Join(',', (node as JsonArray ?? []).Select(Text));

    private static string Milliseconds(JsonNode? node) => node is null ? "-" : $"{node.GetValue<double>().ToString("0.0", CultureInfo.InvariantCulture)} ms";
}
