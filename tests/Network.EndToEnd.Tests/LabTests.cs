using Network.EndToEnd.Tests.Cluster;
using Network.Linux;
using Xunit;

namespace Network.EndToEnd.Tests;

/// <summary>Every lab's own check, found by folder: a new lab is tested without a line here.</summary>
public sealed class LabTests
{
    public static TheoryData<string> Labs => [.. Directory.EnumerateDirectories(LabRoot()).Select(path => Path.GetFileName(path)!)
        .Where(name => name.Length > 3 && char.IsAsciiDigit(name[0]) && name[2] == '-').Order()];

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

    private static string LabRoot() => Path.Combine(SourceTree.Root, "labs");
}
