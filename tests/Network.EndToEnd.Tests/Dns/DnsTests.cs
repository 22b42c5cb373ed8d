using System.Diagnostics;
using System.Text;
using Network.TestKit;
using Xunit;

namespace Network.EndToEnd.Tests.Dns;

/// <summary>What pods see of DNS; tests/DNS.md is the table of the last run that was looked at.</summary>
[Collection(nameof(DnsCollection))]
public sealed class DnsTests(DnsCluster cluster, ITestOutputHelper output)
{
    // Rows that stop something come last.
    private static readonly IReadOnlyList<DnsRow> s_rows = [.. NameRows.All, .. PodRows.All, .. ClientRows.All, .. ScaleRows.All, .. OutageRows.All];

    [Fact]
    public async Task No_row_fails_and_the_kept_table_is_true()
    {
        var failures = new List<string>();
        foreach (var row in s_rows)
        {
            var clock = Stopwatch.StartNew();
            try
            {
                await row.Check(cluster);
            }
            catch (Exception e)
            {
                failures.Add($"{row.Name}: {e.Message}\n{e.StackTrace}");
            }

            output.WriteLine($"{clock.ElapsedMilliseconds,6} ms  {row.Name}");
        }

        Assert.True(failures.Count == 0, string.Join('\n', failures));
        Compare();
    }

    private static void Compare()
    {
        var kept = Path.Combine(SourceTree.Root, "tests", "DNS.md");
        var expected = File.Exists(kept) ? File.ReadAllText(kept) : "";
        var start = expected.IndexOf("| row |", StringComparison.Ordinal);
        var table = new StringBuilder(start < 0 ? expected : expected[..start]).AppendLine("| row | expected | asked by | |").AppendLine("|---|---|---|---|");
        foreach (var row in s_rows)
            table.AppendLine($"| {row.Name} | {row.Expected} | {row.Asked} | pass |");
        if (expected == table.ToString())
            return;
        var actual = Path.Combine(SourceTree.Root, "artifacts", "DNS.md");
        File.WriteAllText(actual, table.ToString());
        Assert.Fail($"tests/DNS.md is not what came out. When the difference is meant: cp {actual} {kept}");
    }
}

/// <summary>Tests that ask the same cluster.</summary>
[CollectionDefinition(nameof(DnsCollection))]
public sealed class DnsCollection : ICollectionFixture<DnsCluster>;
