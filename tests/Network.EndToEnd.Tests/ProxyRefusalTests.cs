using System.Diagnostics;
using Network.EndToEnd.Tests.Cluster;
using Network.TestKit;
using Xunit;

namespace Network.EndToEnd.Tests;

/// <summary>What a node's service proxy cannot do is told where people look: at the service, or at the node.</summary>
public sealed class ProxyRefusalTests : IDisposable
{
    private const string Twins = """
        apiVersion: v1
        kind: Service
        metadata: {name: a-first}
        spec: {externalIPs: [192.0.2.9], ports: [{port: 80}]}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: b-second}
        spec: {externalIPs: [192.0.2.9], ports: [{port: 80}]}
        """;

    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(20);
    private readonly LabCluster _cluster = LabCluster.Up("--nodes", "1", "--proxy-mode", "nftables");

    public void Dispose() => _cluster.Dispose();

    [Fact]
    public async Task Refusals_become_events_and_what_was_refused_comes_once_the_kernel_lets_it()
    {
        Apply(Twins);
        await Eventually.TrueAsync(() => Events("ServiceRefused").Contains("Service/b-second"), s_deadline, () => Events(""));

        // A table with an owner: nobody else's transaction is taken while that program runs (nft(8), flags owner).
        using (var owner = Nft())
        {
            owner.StandardInput.WriteLine("delete table ip podnet-proxy; add table ip podnet-proxy { flags owner; }");
            Apply("apiVersion: v1\nkind: Service\nmetadata: {name: later}\nspec: {clusterIP: 10.96.7.7, ports: [{port: 80}]}");
            await Eventually.TrueAsync(() => Events("ServiceRulesRefused").Contains("Node/w1"), s_deadline, () => Events(""));
            owner.StandardInput.Close();
            Assert.True(owner.WaitForExit(s_deadline));
        }

        await Eventually.TrueAsync(() => Shell.RunIn($"{_cluster.Name}-w1", "nft", "list", "ruleset").Contains("10.96.7.7"), s_deadline, () => Events(""));
    }

    private Process Nft() => Process.Start(new ProcessStartInfo("ip", ["netns", "exec", $"{_cluster.Name}-w1", "nft", "-i"]) { RedirectStandardInput = true })!;

    private string Events(string reason) => _cluster.Kubectl("get", "events", "-A", "-o",
        "jsonpath={range .items[*]}{.reason} {.involvedObject.kind}/{.involvedObject.name} {.message}{\"\\n\"}{end}").Split('\n')
        .Where(line => line.StartsWith(reason, StringComparison.Ordinal)).Aggregate("", (all, line) => $"{all}{line}\n");

    private void Apply(string manifest) => Kubectls.New.Try(_cluster, manifest, "apply", "-f", "-").OrThrow("apply");
}
