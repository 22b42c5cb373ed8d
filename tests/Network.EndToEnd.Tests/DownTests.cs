using Network.EndToEnd.Tests.Cluster;
using Xunit;

namespace Network.EndToEnd.Tests;

public sealed class DownTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Down_leaves_nothing_behind(bool afterACrash)
    {
        var before = Leftovers.OfTheHost();
        string name;
        using (var cluster = LabCluster.Up("--nodes", "2"))
        {
            name = cluster.Name;
            Kubectls.New.Try(cluster, Manifests.Web(2), "apply", "-f", "-").OrThrow("apply");
            cluster.Kubectl("rollout", "status", "deployment/web", "--timeout=30s");
            Assert.NotEqual("", Leftovers.Of(name));
            if (afterACrash)
            {
                foreach (var process in (string[])["server", "w1/agent", "w2/agent"])
                    Linux.Processes.Kill(cluster.PidOf(process), Linux.Processes.SIGKILL);
            }
        }

        Assert.Equal("", Leftovers.Of(name));
        Assert.Equal(before, Leftovers.OfTheHost());
    }
}
