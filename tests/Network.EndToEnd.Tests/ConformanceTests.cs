using k8s;
using k8s.Models;
using Network.Conformance;
using Network.Conformance.Reports;
using Network.Conformance.Running;
using Network.EndToEnd.Tests.Cluster;
using Network.TestKit;
using Xunit;

namespace Network.EndToEnd.Tests;

/// <summary>Every scenario with every client; tests/CONFORMANCE.md is the table of the last run that was looked at.</summary>
public sealed class ConformanceTests : IClassFixture<ConformanceTests.TwoNodes>
{
    private readonly LabCluster _cluster;

    public ConformanceTests(TwoNodes nodes) => _cluster = nodes.Cluster;

    [Fact]
    public async Task No_row_fails_and_the_kept_table_is_true()
    {
        Requires.Tool("kubectl");
        // From here on the library's own options are read-only, as in every process that has read an object before.
        KubernetesJson.Deserialize<V1Status>("{}");
        var suite = new ConformanceSuite(_cluster.Kubeconfig, [Kubectls.Old.Program, Kubectls.New.Program]);
        var report = await suite.RunAsync(TestContext.Current.CancellationToken);
        var failed = report.Cells.Where(cell => cell.Outcome.Verdict == Verdict.Fail)
            .Select(cell => $"{cell.Row.Scenario.Sig}: {cell.Row.Scenario.Name} ({cell.Client}): {cell.Outcome.Reason}");
        Assert.True(!report.Failed, string.Join('\n', failed));
        Assert.DoesNotContain(report.Cells, cell => cell.Outcome.Verdict == Verdict.NeedsNode);
        Compare(report);
    }

    [Fact]
    public void The_verb_prints_a_row_a_scenario_and_its_totals()
    {
        var printed = Shell.Run(LabCluster.Podnet, "conformance", "--kubeconfig", _cluster.Kubeconfig, "--focus", "server version", "-o", "table");
        Assert.Contains("SCENARIO", printed);
        Assert.Matches(@"\n[1-9]\d* passed, 0 failed, 0 not supported\n$", printed);
    }

    // The words and verdicts, not the times; a machine whose kubectl is of another release makes a table of its own.
    private static void Compare(ConformanceReport report)
    {
        var kept = Path.Combine(SourceTree.Root, "tests", "CONFORMANCE.md");
        var table = report.Markdown();
        var expected = File.Exists(kept) ? File.ReadAllText(kept) : "";
        var introduction = expected.Contains("| sig |") ? expected[..expected.IndexOf("| sig |", StringComparison.Ordinal)] : "# Conformance\n\n";
        if (expected == introduction + table)
            return;
        if (expected.Length > 0 && !expected.Contains($"| {string.Join(" | ", report.Clients)} |"))
            Assert.Skip($"the kept table is of other clients than {string.Join(", ", report.Clients)}");
        var actual = Path.Combine(SourceTree.Root, "artifacts", "CONFORMANCE.md");
        File.WriteAllText(actual, introduction + table);
        Assert.Fail($"tests/CONFORMANCE.md is not what came out. When the difference is meant: cp {actual} {kept}\n{Difference(expected, introduction + table)}");
    }

    private static string Difference(string expected, string actual)
    {
        var (old, now) = (expected.Split('\n'), actual.Split('\n'));
        return string.Join('\n', [.. old.Except(now).Select(line => "- " + line), .. now.Except(old).Select(line => "+ " + line)]);
    }

    public sealed class TwoNodes : IDisposable
    {
        public LabCluster Cluster { get; } = LabCluster.Up("--nodes", "2");

        public void Dispose() => Cluster.Dispose();
    }
}
