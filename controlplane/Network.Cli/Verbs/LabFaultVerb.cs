using System.CommandLine;
using Network.Labs.Cluster;
using Network.Labs.Faults;
using Spectre.Console;

namespace Network.Cli.Verbs;

/// <summary><c>podnet lab fault</c>: faults one by one, in any lab cluster.</summary>
internal static class LabFaultVerb
{
    internal static Command Create() => new("fault", "put faults into a cluster, see them, take them out") { List(), Inject(), Clear() };

    private static Command List()
    {
        var cluster = new Option<string?>("--name") { Description = "show those that are in this cluster" };
        var command = new Command("list", "the faults there are, or those that are in a cluster\n\nExamples:\n  podnet lab fault list\n  podnet lab fault list --name podnet") { cluster };
        command.SetAction(async (parsed, cancel) =>
        {
            var table = new Table { Border = TableBorder.None };
            if (parsed.GetValue(cluster) is { } name)
            {
                foreach (var column in (string[])["ID", "FAULT", "ON", "PEER", "VALUE", "PROOF"])
                    table.AddColumn(new TableColumn(column) { NoWrap = true });
                foreach (var injected in new FaultBook(Existing(name)).Injected)
                    table.AddRow(new Text(injected.Id), new Text(injected.Fault.Name), new Text(injected.Site.On), new Text(injected.Site.Peer), new Text(injected.Site.Value),
                        new Text(await injected.Fault.ProofAsync(injected.Site, cancel).ConfigureAwait(false) ?? "in effect no more"));
            }
            else
            {
                foreach (var column in (string[])["FAULT", "TAKES", "SUMMARY"])
                    table.AddColumn(new TableColumn(column) { NoWrap = true });
                foreach (var fault in FaultList.All)
                    table.AddRow(new Text(fault.Name), new Text(fault.Takes), new Text(fault.Summary));
            }

            if (Console.IsOutputRedirected)
                AnsiConsole.Profile.Width = 400;
            AnsiConsole.Write(table);
            return 0;
        });
        return command;
    }

    private static Command Inject()
    {
        var fault = new Argument<string>("fault") { Description = "its name, as podnet lab fault list shows it" };
        var on = Options.Text("--on", "the machine or pod that gets it", "");
        var peer = Options.Text("--peer", "the machine, pod or device it is about", "");
        var value = Options.Text("--value", "the number, address or file it takes", "");
        var cluster = Options.Cluster();
        var command = new Command("inject", "break something, and wait until that shows\n\nExamples:\n  podnet lab fault inject fdb-missing --on w1 --peer w2\n  podnet lab fault inject vxlan-vni --on w2 --value 2") { fault, on, peer, value, cluster };
        command.SetAction(async (parsed, cancel) =>
        {
            var paths = Existing(parsed.GetValue(cluster)!);
            var (id, proof) = await new FaultBook(paths).InjectAsync(FaultList.Find(parsed.GetValue(fault)!), new FaultSite(paths, parsed.GetValue(on)!, parsed.GetValue(peer)!, parsed.GetValue(value)!), cancel).ConfigureAwait(false);
            Console.WriteLine($"{id}: {proof}");
            return 0;
        });
        return command;
    }

    private static Command Clear()
    {
        var ids = new Argument<string[]>("id") { Description = "as podnet lab fault list --name shows them; without any all", Arity = ArgumentArity.ZeroOrMore };
        var cluster = Options.Cluster();
        var command = new Command("clear", "mend what was broken by inject\n\nExample:\n  podnet lab fault clear f1") { ids, cluster };
        command.SetAction(async (parsed, cancel) =>
        {
            var book = new FaultBook(Existing(parsed.GetValue(cluster)!));
            var wanted = parsed.GetValue(ids)!;
            foreach (var injected in book.Injected.Where(injected => wanted.Length == 0 || wanted.Contains(injected.Id)).Reverse())
            {
                await book.ClearAsync(injected, cancel).ConfigureAwait(false);
                Console.WriteLine($"{injected.Id} {injected.Fault.Name} cleared");
            }

            return 0;
        });
        return command;
    }

    private static ClusterPaths Existing(string name) => new ClusterPaths(name) is { Exists: true } paths ? paths : throw new ClusterException($"there is no cluster {name}; podnet up --name {name} builds one");
}
