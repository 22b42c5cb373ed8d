using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Network.Api.Pki;
using Network.Client;
using Network.ControlPlane.Tests.ApiServer;
using Network.Dns;
using Network.Dns.Client;
using Network.Dns.Plugins.Cluster;
using Network.Dns.Wire;
using Network.Host.Dns;
using Network.TestKit;
using Xunit;

namespace Network.ControlPlane.Tests.Dns;

/// <summary>A node's DNS server with <c>pods verified</c> and a real API server, under the node's own identity.</summary>
public sealed class VerifiedPodsTests(ApiServerFixture server) : IClassFixture<ApiServerFixture>
{
    // All of 127/8 is this machine's: an address of its own spares the race for a free port.
    private static readonly IPEndPoint s_address = new(new IPAddress([127, (byte)(1 + (Environment.ProcessId % 250)), 77, 1]), 10053);

    [Fact]
    public async Task Pods_are_followed_once_they_are_asked_for_and_the_node_is_allowed_to()
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        using var client = new ApiClient(ApiEndpoint.FromKubeconfig(NodeKubeconfig()));
        var index = new ClusterIndex { Complete = true };
        index.PutNamespace("default");
        index.PutNamespace("kube-system");
        var following = new VerifiedPods(index.Pods, client, TimeProvider.System, NullLogger.Instance).RunAsync(stop.Token);
        var serving = new DnsServer(new DnsSettings([s_address]) { Corefile = Corefile() }, index, TimeProvider.System, NullLogger.Instance).RunAsync(stop.Token);
        try
        {
            await FollowedAsync(index);
        }
        finally
        {
            await stop.CancelAsync();
            await Task.WhenAll(following, serving).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        }
    }

    private async Task FollowedAsync(ClusterIndex index)
    {
        CreatePod("first", "Running", "10.244.1.9");
        // The server's Corefile asks; the API server does not let a node see all pods by itself.
        Assert.True(index.Pods.Wanted.IsCompleted);
        Assert.Equal(ResponseCode.ServFail, (await AskAsync("10-244-1-9.default")).Code);
        server.Kubectl("create", "clusterrolebinding", "podnet-dns-verified", "--clusterrole=podnet:node-dns-verified", "--group=system:nodes");

        await UntilAsync("10-244-1-9.default", ResponseCode.NoError);
        Assert.Equal(ResponseCode.NxDomain, (await AskAsync("10-244-1-9.kube-system")).Code);
        CreatePod("second", "Running", "10.244.1.10");
        await UntilAsync("10-244-1-10.default", ResponseCode.NoError);
        Status("second", "Succeeded", "10.244.1.10");
        await UntilAsync("10-244-1-10.default", ResponseCode.NxDomain);
        server.Kubectl("delete", "pod", "first", "--grace-period=0", "--force");
        await UntilAsync("10-244-1-9.default", ResponseCode.NxDomain);
    }

    private static Task<Resolution> AskAsync(string pod) =>
        ResolverClient.AskAsync(s_address, $"{pod}.pod.cluster.local", RecordType.A, null, TimeSpan.FromSeconds(5), TestContext.Current.CancellationToken);

    private static Task UntilAsync(string pod, ResponseCode code) =>
        Eventually.TrueAsync(async () => (await AskAsync(pod)).Code == code, TimeSpan.FromSeconds(15), () => $"{pod} is {code}");

    private void CreatePod(string name, string phase, string address)
    {
        server.Kubectl("apply", "-f", server.Manifest($$"""
            apiVersion: v1
            kind: Pod
            metadata: {name: {{name}}, namespace: default}
            spec: {nodeName: n1, containers: [{name: c, image: x}]}
            """));
        Status(name, phase, address);
    }

    // Not every kubectl can patch a subresource.
    private void Status(string name, string phase, string address)
    {
        using var admin = server.Admin();
        var (code, _) = admin.SendAsync("PATCH", $"/api/v1/namespaces/default/pods/{name}/status",
            $$$"""{"status":{"phase":"{{{phase}}}","podIP":"{{{address}}}","podIPs":[{"ip":"{{{address}}}"}]}}""", "application/merge-patch+json").GetAwaiter().GetResult();
        Assert.Equal(200, code);
    }

    private string NodeKubeconfig()
    {
        var node = server.Authority.Issue(new CertificateRequestSpec("system:node:n1") { Organizations = ["system:nodes"], Client = true });
        var path = Path.Combine(server.ScratchDirectory, "n1.kubeconfig");
        File.WriteAllText(path, Kubeconfig.Render("test", "n1", server.Url, server.Authority.Pem.Certificate, node));
        return path;
    }

    private string Corefile()
    {
        var path = Path.Combine(server.ScratchDirectory, "Corefile");
        File.WriteAllText(path, """
            .:10053 {
                errors
                kubernetes cluster.local {
                    pods verified
                }
            }
            """);
        return path;
    }
}
