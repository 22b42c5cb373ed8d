using System.CommandLine;
using System.Text.RegularExpressions;
using Network.Conformance;
using Network.Conformance.Clients;
using Network.Conformance.Reports;
using Network.Conformance.Running;
using Network.Labs.Cluster;
using Spectre.Console;

namespace Network.Cli.Verbs;

/// <summary><c>podnet conformance</c>: real clients against a running cluster, a row a scenario.</summary>
internal static class ConformanceVerb
{
    internal static Command Create()
    {
        var kubeconfig = Options.Text("--kubeconfig", "which cluster (default: $KUBECONFIG)");
        var kubectl = new Option<string[]>("--kubectl") { Description = "a kubectl binary; may be repeated, its version is asked", DefaultValueFactory = _ => ["kubectl"] };
        var focus = Options.Text("--focus", "only scenarios whose \"sig: name\" matches this regular expression");
        var sig = Options.Text("--sig", "only one interest group: api-machinery, auth, cli or network");
        var labs = new Option<string[]>("--lab")
        {
            Description = "name of a lab (podnet up) whose network the rows of group network ask through; repeat it for a table of several labs",
            DefaultValueFactory = _ => [],
        };
        var list = new Option<bool>("--list") { Description = "name the scenarios and end" };
        var parallel = Options.Number("--parallel", "scenarios at once", 4);
        var output = new Option<string>("--output", "-o") { Description = "table, json, yaml or markdown", DefaultValueFactory = _ => "table" };
        output.AcceptOnlyFromAmong("table", "json", "yaml", "markdown");
        var command = new Command("conformance", """
            run Kubernetes' conformance scenarios with real clients: each kubectl given, and the official C# client

            Works against any cluster the kubeconfig may administer; every scenario makes a namespace of its own and removes it.

            Examples:
              podnet conformance --kubeconfig ./kubeconfig
              podnet conformance --kubectl kubectl --kubectl /opt/kubectl-1.20 -o markdown
              podnet conformance --focus 'watch|Watch'
              podnet conformance --sig auth --list
              podnet conformance --lab one --lab two             services, a column a lab
            """) { kubeconfig, kubectl, focus, sig, labs, list, parallel, output };
        command.SetAction(async (parsed, cancel) =>
        {
            var suite = new ConformanceSuite("", parsed.GetValue(kubectl)!)
            {
                Focus = parsed.GetValue(focus) is { } pattern ? new Regex(pattern) : null,
                Sig = parsed.GetValue(sig),
                Parallel = Math.Max(1, parsed.GetValue(parallel)),
                Lab = parsed.GetValue(labs)!.FirstOrDefault(),
            };
            if (suite.Lab is not null)
                suite = suite with { Sig = suite.Sig ?? "network", Kubectls = [] };
            if (suite.Scenarios.Count == 0)
                throw new ArgumentException("no scenario matches --sig and --focus; podnet conformance --list names them all");
            if (parsed.GetValue(list))
            {
                foreach (var scenario in suite.Scenarios)
                    Console.WriteLine($"{scenario.Sig}: {scenario.Name}");
                return 0;
            }

            var report = suite.Lab is null
                ? await ReportAsync(suite with { Kubeconfig = KubeconfigFile(parsed.GetValue(kubeconfig)) }, cancel).ConfigureAwait(false)
                : await LabsAsync(suite, parsed.GetValue(labs)!, cancel).ConfigureAwait(false);
            return Print(report, parsed.GetValue(output)!);
        });
        return command;
    }

    // One lab after another: they share this machine.
    private static async Task<ConformanceReport> LabsAsync(ConformanceSuite suite, IReadOnlyList<string> labs, CancellationToken cancel)
    {
        var reports = new List<ConformanceReport>();
        foreach (var lab in labs)
            reports.Add(await ReportAsync(suite with { Lab = lab, Kubeconfig = KubeconfigFile(new ClusterPaths(lab).Kubeconfig) }, cancel).ConfigureAwait(false));
        return ConformanceReport.SideBySide(labs, reports);
    }

    private static async Task<ConformanceReport> ReportAsync(ConformanceSuite suite, CancellationToken cancel)
    {
        var all = suite.Scenarios.Count * (suite.Kubectls.Count + 1);
        var done = 0;
        var report = await (suite with { Progress = (scenario, client, outcome) => Progress(++done, all, scenario, client, outcome) }).RunAsync(cancel).ConfigureAwait(false);
        if (!Console.IsErrorRedirected)
            Console.Error.Write("\r\e[K");
        return report;
    }

    private static int Print(ConformanceReport report, string output)
    {
        switch (output)
        {
            case "json":
                Console.WriteLine(report.Json());
                break;
            case "yaml":
                Console.Write(report.Yaml());
                break;
            case "markdown":
                Console.Write(report.Markdown());
                break;
            default:
                Show(report);
                break;
        }

        return report.Failed ? 1 : 0;
    }

    // Goes to standard error: standard output is for the result. A terminal sees one line that changes; a log only what failed.
    private static void Progress(int done, int all, Scenario scenario, IClusterClient client, Outcome outcome)
    {
        if (outcome.Verdict == Verdict.Fail)
            Console.Error.WriteLine($"{(Console.IsErrorRedirected ? "" : "\r\e[K")}FAIL {scenario.Sig}: {scenario.Name} ({client.Name}): {outcome.Reason}");
        if (!Console.IsErrorRedirected)
            Console.Error.Write($"\r\e[K{done}/{all} {client.Name}: {scenario.Name}"[..Math.Min(Math.Max(20, Console.WindowWidth - 1), $"\r\e[K{done}/{all} {client.Name}: {scenario.Name}".Length)]);
    }

    private static void Show(ConformanceReport report)
    {
        var table = new Table { Border = TableBorder.None };
        foreach (var column in (string[])["SIG", "SCENARIO", .. report.Clients.Select(client => client.ToUpperInvariant())])
            table.AddColumn(new TableColumn(column) { NoWrap = true });
        foreach (var row in report.Rows)
            table.AddRow([new Text(row.Scenario.Sig), new Text(row.Scenario.Name), .. row.Outcomes.Select(outcome => new Text(ConformanceReport.Word(outcome.Verdict), Colour(outcome.Verdict)))]);
        // A pipe has no width; wrapping there would tear lines that scripts read.
        if (Console.IsOutputRedirected)
            AnsiConsole.Profile.Width = 240;
        AnsiConsole.Write(table);
        foreach (var group in report.Cells.Where(cell => cell.Outcome.Reason.Length > 0).GroupBy(cell => (cell.Row.Scenario, cell.Outcome.Verdict, cell.Outcome.Reason)))
            Console.WriteLine($"{ConformanceReport.Word(group.Key.Verdict)}: {group.Key.Scenario.Name} ({string.Join(", ", group.Select(cell => cell.Client))}): {group.Key.Reason}");
        Console.WriteLine(report.Totals);
    }

    private static Style Colour(Verdict verdict) => new(verdict switch
    {
        Verdict.Pass => Color.Green,
        Verdict.Fail => Color.Red,
        Verdict.NotApplicable => Color.Grey,
        _ => Color.Yellow,
    });

    private static string KubeconfigFile(string? given)
    {
        var file = given ?? Environment.GetEnvironmentVariable("KUBECONFIG");
        if (string.IsNullOrEmpty(file))
            throw new ArgumentException("which cluster? give --kubeconfig FILE or set KUBECONFIG; podnet up prints it");
        return File.Exists(file) ? Path.GetFullPath(file) : throw new ArgumentException($"--kubeconfig {file} does not exist");
    }
}
