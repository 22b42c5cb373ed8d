using Network.EndToEnd.Tests.Cluster;
using Network.Linux;
using Network.TestKit;
using Xunit;

namespace Network.EndToEnd.Tests;

/// <summary>Every lab from start to finish, found by folder: a new lab is tested without a line here.</summary>
public sealed class LabTests
{
    public static TheoryData<string> Labs => [.. Directory.EnumerateDirectories(LabRoot()).Select(path => Path.GetFileName(path)!)
        .Where(name => IsLab(name) && File.Exists(Path.Combine(LabRoot(), name, "check"))).Order()];

    [Theory]
    [MemberData(nameof(Labs))]
    public async Task Lab_passes_its_own_check(string lab)
    {
        var cluster = $"l{Guid.NewGuid().ToString("N")[..5]}";
        var environment = Environment.GetEnvironmentVariables().Cast<System.Collections.DictionaryEntry>().ToDictionary(e => (string)e.Key, e => (string)e.Value!);
        environment["PATH"] = $"{LabCluster.Binaries}:{environment["PATH"]}";
        environment["PODNET_BIN"] = LabCluster.Binaries;
        environment["CLUSTER"] = cluster;
        environment["PORT"] = LabCluster.FreePort().ToString();
        try
        {
            var result = await Command.RunAsync(new ChildSpec(Path.Combine(LabRoot(), lab, "check"), []) { Environment = environment });
            Assert.True(result.Succeeded, $"{result.Output}\n{result.Error}");
            Assert.Contains(" 0 failed", result.Output.TrimEnd().Split('\n')[^1].Replace(",", ", ").Replace("  ", " "));
        }
        finally
        {
            await Command.RunAsync(LabCluster.Podnet, "down", "--name", cluster);
        }
    }

    [Fact]
    public async Task Every_lab_with_faults_is_healthy_then_broken_and_explained_then_healthy()
    {
        var labs = Directory.EnumerateDirectories(LabRoot()).Select(path => Path.GetFileName(path)!).Where(name => IsLab(name) && File.Exists(Path.Combine(LabRoot(), name, "lab.yaml"))).Order().ToList();
        var failures = new System.Collections.Concurrent.ConcurrentBag<string>();
        // Two at a time: labs run side by side, and most of their time is waiting.
        await Parallel.ForEachAsync(labs, new ParallelOptions { MaxDegreeOfParallelism = 2 }, async (lab, _) =>
        {
            var result = await Command.RunAsync(LabCluster.Podnet, "lab", "test", lab[3..], "--labs", LabRoot());
            if (!result.Succeeded)
                failures.Add($"{lab}:\n{result.Output}\n{result.Error}");
        });
        Assert.True(failures.IsEmpty, string.Join("\n\n", failures));
        Assert.True(labs.Count >= 20, $"{labs.Count} labs");
    }

    private static bool IsLab(string name) => name.Length > 3 && char.IsAsciiDigit(name[0]) && name[2] == '-';

    private static string LabRoot() => Path.Combine(SourceTree.Root, "labs");
}
