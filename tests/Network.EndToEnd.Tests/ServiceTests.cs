using System.Text.RegularExpressions;
using Network.Conformance;
using Network.Conformance.Reports;
using Network.Conformance.Running;
using Network.EndToEnd.Tests.Cluster;
using Network.TestKit;
using Xunit;

namespace Network.EndToEnd.Tests;

/// <summary>Every row about services on three nodes, with either way to write rules; tests/SERVICES.md is the table of the last run that was looked at.</summary>
public sealed class ServiceTests : IClassFixture<ServiceTests.BothModes>
{
    private static readonly string[] s_modes = ["nftables", "iptables"];
    private readonly BothModes _modes;

    public ServiceTests(BothModes modes) => _modes = modes;

    [Fact]
    public async Task No_row_fails_in_either_mode_and_the_kept_table_is_true()
    {
        for (var i = 0; i < s_modes.Length; i++)
            Assert.Equal(s_modes[i], Shell.RunIn($"{_modes.Clusters[i].Name}-w1", "busybox", "wget", "-qO-", "http://127.0.0.1:10247/proxyMode"));
        var reports = await Task.WhenAll(_modes.Clusters.Select(RunAsync));
        var report = ConformanceReport.SideBySide(s_modes, reports);
        var failed = report.Cells.Where(cell => cell.Outcome.Verdict != Verdict.Pass)
            .Select(cell => $"{cell.Row.Scenario.Name} ({cell.Client}): {cell.Outcome.Reason}");
        Assert.True(!report.Failed, string.Join('\n', failed));
        Compare(report);
    }

    private static async Task<ConformanceReport> RunAsync(LabCluster cluster)
    {
        var suite = new ConformanceSuite(cluster.Kubeconfig, []) { Lab = cluster.Name, Sig = "network" };
        var report = await suite.RunAsync(TestContext.Current.CancellationToken);
        if (!report.Failed)
            return report;
        // A row that once ran into its deadline is asked again, alone; one that fails twice fails.
        var again = report.Rows.Where(row => row.Outcomes[0].Verdict == Verdict.Fail).Select(row => row.Scenario.Name).ToList();
        TestContext.Current.SendDiagnosticMessage($"asked again in {cluster.Name}: {string.Join("; ", report.Rows.Where(row => again.Contains(row.Scenario.Name)).Select(row => $"{row.Scenario.Name}: {row.Outcomes[0].Reason}"))}");
        var second = await (suite with { Parallel = 1, Focus = new Regex($"^network: ({string.Join('|', again.Select(Regex.Escape))})$") }).RunAsync(TestContext.Current.CancellationToken);
        return new ConformanceReport(report.Clients, report.Rows.Select(row => second.Rows.FirstOrDefault(newer => newer.Scenario.Name == row.Scenario.Name) ?? row).ToList());
    }

    private static void Compare(ConformanceReport report)
    {
        var kept = Path.Combine(SourceTree.Root, "tests", "SERVICES.md");
        var expected = File.Exists(kept) ? File.ReadAllText(kept) : "";
        var start = expected.IndexOf("| sig |", StringComparison.Ordinal);
        var table = (start < 0 ? expected : expected[..start]) + report.Markdown();
        if (expected == table)
            return;
        var actual = Path.Combine(SourceTree.Root, "artifacts", "SERVICES.md");
        File.WriteAllText(actual, table);
        Assert.Fail($"tests/SERVICES.md is not what came out. When the difference is meant: cp {actual} {kept}");
    }

    public sealed class BothModes : IDisposable
    {
        public BothModes() => Clusters = Task.WhenAll(s_modes.Select(mode => Task.Run(() => LabCluster.Up("--nodes", "3", "--proxy-mode", mode)))).GetAwaiter().GetResult();

        public LabCluster[] Clusters { get; }

        public void Dispose()
        {
            foreach (var cluster in Clusters)
                cluster.Dispose();
        }
    }
}
