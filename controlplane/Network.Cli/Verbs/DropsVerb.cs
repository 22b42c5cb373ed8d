using System.CommandLine;
using System.Text.Json.Nodes;
using Network.Diagnosis.Drops;
using Network.Diagnosis.Trace;
using Network.Labs.Cluster;
using Network.Linux;
using Spectre.Console;
using Command = System.CommandLine.Command;

namespace Network.Cli.Verbs;

/// <summary><c>podnet drops</c>: what the kernel throws away, where and why.</summary>
internal static class DropsVerb
{
    private static readonly TimeSpan s_refresh = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(200);

    internal static Command Create()
    {
        var name = new Option<string?>("--name") { Description = "name of the lab cluster (default: podnet, or this machine's namespaces when there is none)" };
        var node = Options.Text("--node", "only drops on this node and in its pods");
        var pod = Options.Text("--pod", "only drops in this pod, NAMESPACE/NAME");
        var duration = Options.Text("--duration", "end after this time: 10s, 2m");
        var all = new Option<bool>("--all") { Description = "also what happens on a healthy network, and other namespaces of this machine" };
        var output = new Option<string>("--output", "-o") { Description = "table, or json: a line a dropped packet", DefaultValueFactory = _ => "table" };
        output.AcceptOnlyFromAmong("table", "json");
        var command = new Command("drops", """
            show packets the kernel drops on nodes, in pods and on routers: where, for which reason, what that means and where to look

            Examples:
              podnet drops                          until Ctrl-C; a table that grows
              podnet drops --duration 10s --node w2
              podnet drops -o json | jq -r .reason
            """) { name, node, pod, duration, all, output };
        command.SetAction(async (parsed, cancel) =>
        {
            var namespaces = NamespacesOf(parsed.GetValue(name));
            var (onlyNode, onlyPod) = (parsed.GetValue(node), parsed.GetValue(pod));
            if (onlyNode is not null && namespaces().All(one => one.Node != onlyNode))
                throw new ArgumentException($"--node {onlyNode}: there is no such node; there are {string.Join(", ", namespaces().Select(one => one.Node).Distinct())}");
            using var trace = PacketTrace.Open(new PacketTraceSettings([PacketEventKind.Dropped], []));
            var counter = new DropCounter(trace.Reasons, KernelSymbols.OfKernel())
            {
                Places = PlacesOf(namespaces()), All = parsed.GetValue(all),
                Wanted = place => (onlyNode is null || place.Node == onlyNode) && (onlyPod is null || place.Pod == onlyPod),
            };
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            if (parsed.GetValue(duration) is { } text)
                limit.CancelAfter(Options.Duration("--duration", text));
            // Reading waits in the kernel, so it has a thread of its own.
            await Task.Run(() => Watch(trace, counter, namespaces, parsed.GetValue(output) == "json", limit.Token), CancellationToken.None).ConfigureAwait(false);
            if (trace.Lost > 0)
                Console.Error.WriteLine($"{trace.Lost} drops came faster than they could be read and are not counted");
            return 0;
        });
        return command;
    }

    private static void Watch(PacketTrace trace, DropCounter counter, Func<IReadOnlyList<(string NetNs, string Node, string Pod)>> namespaces, bool json, CancellationToken stop)
    {
        void Follow(Action<DropCount> seen, Action shown)
        {
            var refreshed = TimeProvider.System.GetTimestamp();
            do
            {
                trace.Wait(s_look);
                trace.Read((in PacketEvent packet) =>
                {
                    if (counter.Add(packet) is { } count)
                        seen(count);
                });
                if (TimeProvider.System.GetElapsedTime(refreshed) < s_refresh)
                    continue;
                refreshed = TimeProvider.System.GetTimestamp();
                counter.Places = PlacesOf(namespaces());
                shown();
            }
            while (!stop.IsCancellationRequested);
        }

        if (json)
            Follow(count => Console.WriteLine(Json(count).ToJsonString()), () => { });
        else if (Console.IsOutputRedirected)
        {
            Follow(_ => { }, () => { });
            Write(Table(counter));
        }
        else
            AnsiConsole.Live(Table(counter)).Start(live => Follow(_ => { }, () => live.UpdateTarget(Table(counter))));
    }

    private static void Write(Table table)
    {
        AnsiConsole.Profile.Width = 400;
        AnsiConsole.Write(table);
    }

    private static Table Table(DropCounter counter)
    {
        var table = new Table { Border = TableBorder.None };
        foreach (var column in (string[])["COUNT", "NODE", "POD", "DEVICE", "REASON", "FUNCTION", "PACKET", "MEANING", "LOOK"])
            table.AddColumn(new TableColumn(column) { NoWrap = true });
        foreach (var count in counter.Counts)
        {
            var drop = count.Drop;
            table.AddRow(new Text($"{count.Count}"), new Text(drop.Place.Node), Dash(drop.Place.Pod), Dash(drop.Device), new Text(drop.Reason, new Style(Color.Red)),
                new Text(drop.Function), new Text(drop.Flow.ToString()), new Text(count.Meaning.Text), new Text(count.Meaning.Look));
        }

        return table;
    }

    private static Text Dash(string text) => new(text.Length > 0 ? text : "-");

    private static JsonObject Json(DropCount count)
    {
        var (drop, flow) = (count.Drop, count.Drop.Flow);
        var line = new JsonObject
        {
            ["uptimeNanoseconds"] = count.Last, ["node"] = drop.Place.Node, ["pod"] = drop.Place.Pod, ["device"] = drop.Device, ["reason"] = drop.Reason, ["function"] = drop.Function,
            ["protocol"] = flow.Protocol, ["source"] = flow.Source?.ToString(), ["destination"] = flow.Destination?.ToString(), ["port"] = flow.Port,
            ["count"] = count.Count, ["meaning"] = count.Meaning.Text, ["look"] = count.Meaning.Look,
        };
        if (flow.Tunnel is { } tunnel)
            line["tunnel"] = new JsonObject { ["vni"] = tunnel.Vni, ["source"] = tunnel.Source.ToString(), ["destination"] = tunnel.Destination.ToString() };
        return line;
    }

    // Asked anew each time: pods come and go.
    private static Func<IReadOnlyList<(string NetNs, string Node, string Pod)>> NamespacesOf(string? cluster)
    {
        var paths = new ClusterPaths(cluster ?? "podnet");
        if (cluster is null && !paths.Exists)
            return Machine;
        var targets = new CaptureTargets(paths);
        return () => targets.Namespaces().ToList();
    }

    private static IReadOnlyList<(string NetNs, string Node, string Pod)> Machine() => Directory.Exists(NetNs.Directory)
        ? [("/proc/self/ns/net", Environment.MachineName, ""), .. Directory.EnumerateFiles(NetNs.Directory).Select(path => (path, Path.GetFileName(path), ""))]
        : [("/proc/self/ns/net", Environment.MachineName, "")];

    private static Dictionary<uint, Place> PlacesOf(IEnumerable<(string NetNs, string Node, string Pod)> namespaces)
    {
        var places = new Dictionary<uint, Place>();
        foreach (var (netNs, node, pod) in namespaces)
        {
            try
            {
                places[(uint)NetNs.Inode(NetNs.PathOf(netNs))] = new Place(node, pod);
            }
            catch (LinuxException)
            {
                // It went away while we looked.
            }
        }

        return places;
    }
}
