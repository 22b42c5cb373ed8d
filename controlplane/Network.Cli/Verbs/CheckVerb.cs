using System.CommandLine;
using Network.Cli.Diagnosis;
using Network.Diagnosis.Analyzers;
using Network.Diagnosis.Findings;
using Network.Labs.Cluster;

namespace Network.Cli.Verbs;

/// <summary><c>podnet check</c>: what is wrong anywhere, without sending a packet.</summary>
internal static class CheckVerb
{
    internal static Command Create()
    {
        var cluster = Options.Cluster();
        var output = new Option<string>("--output", "-o") { Description = "text or json", DefaultValueFactory = _ => "text" };
        output.AcceptOnlyFromAmong("text", "json");
        var command = new Command("check", """
            look over a whole cluster: parts and certificates, services and pods, rules and tracked connections, pods' devices, tunnels, MTUs,
            links and routes. Sends nothing. Ends with 0 when nothing is wrong, with 1 after an error, with 3 after warnings only.

            Examples:
              podnet check
              podnet check --name lab -o json
            """) { cluster, output };
        command.SetAction(async (parsed, cancel) =>
        {
            var lab = new LabView(new ClusterPaths(parsed.GetValue(cluster)!));
            var view = await lab.WithRulesAsync(await lab.ReadAsync(cancel).ConfigureAwait(false), new RuleScope(null, null, null, Masquerade: true), cancel).ConfigureAwait(false);
            var findings = AnalyzerList.Look(view);
            if (parsed.GetValue(output) == "json")
                Console.WriteLine(ExplainText.FindingsJson(findings).ToJsonString());
            else if (findings.Count > 0)
                ExplainText.Findings(findings);
            else
                Console.WriteLine($"nothing is wrong: {view.Machines.Count} machines, {view.Pods.Count} pods, {view.Services.Count} services, {view.Certificates.Count} certificates, {view.Components.Count} processes");
            return findings.Any(finding => finding.Kind.Severity == Severity.Error) ? 1 : findings.Any(finding => finding.Kind.Severity == Severity.Warning) ? 3 : 0;
        });
        return command;
    }
}
