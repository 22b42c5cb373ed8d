using System.CommandLine;
using System.Net.Sockets;
using Network.Cli.Diagnosis;
using Network.Diagnosis.Explain;
using Network.Diagnosis.Findings;
using Network.Labs.Cluster;
using Network.Labs.Lab;
using Network.Labs.Topology;
using Spectre.Console;

namespace Network.Cli.Verbs;

/// <summary><c>podnet lab</c>: labs that break something on purpose, for people who want to find it.</summary>
internal static class LabVerb
{
    private static readonly Option<string?> s_shelf = new("--labs") { Description = $"folder with the labs (default: labs above the working directory; or {LabShelf.Variable})", Recursive = true };
    private static readonly Option<string?> s_plugins = new("--cni-bin-dir") { Description = "where podnet-cni is (default: beside podnet)", Recursive = true };

    internal static Command Create() => new("lab", """
        labs: clusters in which something is broken on purpose

        Examples:
          podnet lab list
          podnet lab up vni-mismatch         build it and break it; then find out why, with podnet explain and all other tools
          podnet lab hint vni-mismatch
          podnet lab answer vni-mismatch NET401 w2
          podnet lab check vni-mismatch      is it mended?
          podnet lab down vni-mismatch
        """)
    {
        s_shelf, s_plugins,
        List(),
        Of("up", "build a lab and break it", UpAsync),
        Of("check", "ask the lab's question: whether what is broken is mended; ends with 1 when it is not", CheckAsync),
        Of("hint", "help that fits what is wrong at the moment", HintAsync),
        Answer(),
        LabFaultVerb.Create(),
        Of("solve", "mend it, as the lab's solution does", SolveAsync),
        Of("reset", "mend what is broken, and break it again as in the beginning", ResetAsync),
        Graph(),
        Of("test", "run a lab from start to finish: healthy, broken and explained, mended, healthy, gone", TestAsync),
        Of("down", "take the lab's cluster away", DownAsync),
    };

    private static Command List()
    {
        var command = new Command("list", "the labs there are\n\nExample:\n  podnet lab list");
        command.SetAction(parsed =>
        {
            var table = new Table { Border = TableBorder.None };
            foreach (var column in (string[])["LAB", "LEVEL", "NODES", "UP", "TITLE"])
                table.AddColumn(new TableColumn(column) { NoWrap = true });
            foreach (var lab in LabShelf.Open(parsed.GetValue(s_shelf)).All)
                table.AddRow(new Text(lab.Name), new Text($"{lab.Level}"), new Text($"{lab.Topology.Nodes.Count + lab.Topology.Routers.Count}"), new Text(new ClusterPaths(lab.Name).Exists ? "yes" : "-"), new Text(lab.Title));
            if (Console.IsOutputRedirected)
                AnsiConsole.Profile.Width = 240;
            AnsiConsole.Write(table);
            return 0;
        });
        return command;
    }

    private static Command Of(string name, string description, Func<Lab, LabRunner, CancellationToken, Task<int>> action)
    {
        var lab = new Argument<string>("lab") { Description = "its name, as podnet lab list shows it" };
        var command = new Command(name, $"{description}\n\nExample:\n  podnet lab {name} vni-mismatch") { lab };
        command.SetAction((parsed, cancel) =>
        {
            var found = LabShelf.Open(parsed.GetValue(s_shelf)).Find(parsed.GetValue(lab)!);
            return action(found, Runner(found, parsed.GetValue(s_plugins)), cancel);
        });
        return command;
    }

    private static Command Graph()
    {
        var lab = new Argument<string>("lab") { Description = "its name, or a topology file" };
        var format = new Option<string>("--format") { Description = "mermaid or dot", DefaultValueFactory = _ => "mermaid" };
        format.AcceptOnlyFromAmong("mermaid", "dot");
        var command = new Command("graph", "draw a lab's machines and links\n\nExamples:\n  podnet lab graph rp-filter\n  podnet lab graph routed.yaml --format dot | dot -Tsvg > routed.svg") { lab, format };
        command.SetAction(parsed =>
        {
            var name = parsed.GetValue(lab)!;
            var topology = File.Exists(name) ? TopologyFile.Read(name) : LabShelf.Open(parsed.GetValue(s_shelf)).Find(name).Topology;
            Console.Write(parsed.GetValue(format) == "dot" ? TopologyGraph.Dot(topology) : TopologyGraph.Mermaid(topology));
            return 0;
        });
        return command;
    }

    private static Command Answer()
    {
        var lab = new Argument<string>("lab") { Description = "its name, as podnet lab list shows it" };
        var code = new Argument<string>("code") { Description = "the finding's code: NET401" };
        var where = new Argument<string>("where") { Description = "the machine or pod that has it" };
        var command = new Command("answer", "say what is wrong, and hear whether that is right\n\nExample:\n  podnet lab answer vni-mismatch NET401 w2") { lab, code, where };
        command.SetAction(parsed =>
        {
            var found = LabShelf.Open(parsed.GetValue(s_shelf)).Find(parsed.GetValue(lab)!);
            var given = new LabAnswer(parsed.GetValue(code)!.ToUpperInvariant(), parsed.GetValue(where)!);
            if (Kinds.All.All(kind => kind.Id != given.Code))
                throw new ArgumentException($"{given.Code} is no finding's code; they are NET101 to {Kinds.All[^1].Id}, as podnet explain and podnet check write them");
            var right = found.Finds.Contains(given);
            var left = found.Finds.Count(answer => answer != given);
            Console.WriteLine(right ? left == 0 ? "right" : $"right, and {left} more {(left == 1 ? "is" : "are")} to be found" : found.Finds.Any(answer => answer.Code == given.Code) ? "the right fault, at the wrong place" : found.Finds.Any(answer => answer.Where == given.Where) ? "the right place, but another fault" : "no");
            return right ? 0 : 1;
        });
        return command;
    }

    private static LabRunner Runner(Lab lab, string? plugins)
    {
        var binary = Environment.ProcessPath!;
        var directory = plugins ?? Path.GetDirectoryName(binary)!;
        return File.Exists(Path.Combine(directory, "podnet-cni"))
            ? new LabRunner(lab, binary, directory, AskAsync, text => Console.WriteLine($"  {text}"))
            : throw new ClusterException($"no podnet-cni in {directory}, so no pod would get an address; name its directory with --cni-bin-dir");
    }

    private static async Task<LabSight> AskAsync(ClusterPaths paths, LabQuestion question, CancellationToken cancel)
    {
        Explanation explanation;
        try
        {
            explanation = await ExplainRun.RunAsync(paths, (question.From, question.To), question.Udp ? ProtocolType.Udp : null, cancel).ConfigureAwait(false);
        }
        catch (Exception e) when (e is Linux.LinuxException or ArgumentException)
        {
            // A pod that is being replaced is gone for a moment.
            return new LabSight(false, [], e.Message);
        }

        var text = string.Join('\n', explanation.Trials.Select(trial => $"{explanation.Question.From.Name} > {trial.Aim.Label}: {trial.Outcome}").Concat(explanation.Findings.Select(finding => finding.ToString())));
        return new LabSight(explanation.Healthy, explanation.Findings.Select(finding => new LabAnswer(finding.Kind.Id, finding.Where)).ToList(), text);
    }

    private static async Task<int> UpAsync(Lab lab, LabRunner runner, CancellationToken cancel)
    {
        Console.WriteLine($"{lab.Title} (level {lab.Level})");
        await runner.BuildAsync(cancel).ConfigureAwait(false);
        await runner.BreakAsync(cancel).ConfigureAwait(false);
        Console.WriteLine($"\n{lab.Symptom}\n\n  export KUBECONFIG={runner.Paths.Kubeconfig}\n  podnet explain {lab.Question} --name {lab.Name}\n  podnet lab hint {lab.Name}");
        return 0;
    }

    private static async Task<int> CheckAsync(Lab lab, LabRunner runner, CancellationToken cancel)
    {
        var sight = await runner.AskAsync(lab.Question, cancel).ConfigureAwait(false);
        Console.WriteLine($"{(sight.Healthy ? "PASS" : "FAIL")} {lab.Question}{(sight.Healthy ? "" : $"\n{string.Join('\n', sight.Text.Split('\n').Where(line => !line.StartsWith("NET", StringComparison.Ordinal)))}")}");
        return sight.Healthy ? 0 : 1;
    }

    private static async Task<int> HintAsync(Lab lab, LabRunner runner, CancellationToken cancel)
    {
        var hints = await runner.HintsAsync(cancel).ConfigureAwait(false);
        foreach (var hint in hints.DefaultIfEmpty("nothing is wrong any more"))
            Console.WriteLine(hint);
        return 0;
    }

    private static async Task<int> SolveAsync(Lab lab, LabRunner runner, CancellationToken cancel)
    {
        await runner.SolveAsync(cancel).ConfigureAwait(false);
        var sight = await runner.AskUntilAsync(lab.Question, seen => seen.Healthy, cancel).ConfigureAwait(false);
        Console.WriteLine(sight.Healthy ? "mended" : $"not mended:\n{sight.Text}");
        return sight.Healthy ? 0 : 1;
    }

    private static async Task<int> ResetAsync(Lab lab, LabRunner runner, CancellationToken cancel)
    {
        await runner.SolveAsync(cancel).ConfigureAwait(false);
        return await UpAsync(lab, runner, cancel).ConfigureAwait(false);
    }

    private static async Task<int> TestAsync(Lab lab, LabRunner runner, CancellationToken cancel)
    {
        try
        {
            return await LabTest.RunAsync(lab, runner, cancel).ConfigureAwait(false) ? 0 : 1;
        }
        finally
        {
            await runner.DownAsync(CancellationToken.None).ConfigureAwait(false);
        }
    }

    private static async Task<int> DownAsync(Lab lab, LabRunner runner, CancellationToken cancel)
    {
        var failures = await runner.DownAsync(cancel).ConfigureAwait(false);
        Console.WriteLine(failures.Count == 0 ? $"lab {lab.Name} is gone" : $"lab {lab.Name}: not removed: {string.Join("; ", failures)}");
        return failures.Count == 0 ? 0 : 1;
    }
}
