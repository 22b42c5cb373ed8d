using System.Diagnostics;
using System.Globalization;
using Network.EndToEnd.Tests.Cluster;
using Network.Linux;
using Network.TestKit;
using Xunit;

namespace Network.EndToEnd.Tests;

/// <summary><c>podnet up</c> killed at any instant: <c>podnet down</c> takes away what there is, whatever there is.</summary>
public sealed class KilledUpTests
{
    private const int Seed = 20260;

    private static int Rounds => int.Parse(Environment.GetEnvironmentVariable("PODNET_KILL_ROUNDS") ?? "10", CultureInfo.InvariantCulture);

    [Fact]
    public async Task Down_leaves_nothing_of_a_cluster_whose_builder_was_killed()
    {
        Requires.Root();
        var before = Leftovers.OfTheHost();
        var random = new Random(Seed);
        // A whole one tells how long building takes on this machine, so that the instants fall all over it.
        var watch = Stopwatch.StartNew();
        LabCluster.Up("--nodes", "2").Dispose();
        var longest = watch.Elapsed;
        var withNamespaces = 0;
        for (var round = 0; round < Rounds; round++)
        {
            var name = $"k{Guid.NewGuid().ToString("N")[..6]}";
            var instant = longest * random.NextDouble();
            withNamespaces += await KilledAsync(name, instant) ? 1 : 0;
            var down = await Command.RunAsync(LabCluster.Podnet, "down", "--name", name);

            Assert.True(down.Succeeded, $"round {round}, killed after {instant.TotalMilliseconds:0} ms: {down.Output}{down.Error}");
            Assert.True(Leftovers.Of(name) is "", $"round {round}, killed after {instant.TotalMilliseconds:0} ms: {Leftovers.Of(name)}");
        }

        Assert.Equal(before, Leftovers.OfTheHost());
        // Were every one killed before it did anything, or only after the end, nothing would have been tried.
        Assert.True(withNamespaces >= Rounds / 3, $"only {withNamespaces} of {Rounds} had begun");
    }

    [Fact]
    public async Task Down_leaves_a_cluster_alone_whose_name_begins_with_its_own()
    {
        var shorter = $"k{Guid.NewGuid().ToString("N")[..6]}";
        var other = $"{shorter}-x";
        try
        {
            Shell.Run(LabCluster.Podnet, "up", "--name", other, "--nodes", "1", "--api-port", LabCluster.FreePort().ToString());
            var before = Namespaces(other);
            Assert.NotEqual("", before);
            Shell.Run(LabCluster.Podnet, "down", "--name", shorter);

            Assert.Equal(before, Namespaces(other));
            Assert.Contains("Ready", Shell.Run("kubectl", "--kubeconfig", $"/var/lib/podnet/clusters/{other}/kubeconfig", "get", "nodes"));
        }
        finally
        {
            Shell.Run(LabCluster.Podnet, "down", "--name", other);
        }

        Assert.Equal("", Leftovers.Of(other));
    }

    /// <summary>Whether it had made a namespace when it was killed.</summary>
    private static async Task<bool> KilledAsync(string name, TimeSpan instant)
    {
        using var silence = FileDescriptor.Memory("up");
        var up = Child.Start(new ChildSpec(LabCluster.Podnet, ["up", "--name", name, "--nodes", "2", "--api-port", $"{LabCluster.FreePort()}"])
        {
            StandardOutput = silence,
            StandardError = silence,
        });
        var end = up.WaitAsync();
        // Not a wait for anything: the instant is what is tried.
        await Task.WhenAny(end, Task.Delay(instant));
        if (!end.IsCompleted)
            up.Kill(Processes.SIGKILL);
        await end;
        return Namespaces(name).Length > 0;
    }

    private static string Namespaces(string name) => Shell.Run("sh", "-c", $"ip netns list | grep -o '^{name}-[^ ]*' | sort; true");
}
