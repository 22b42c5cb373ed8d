using System.Text.Json.Nodes;
using Network.Api.Pki;
using Network.Labs.Cluster;

namespace Network.Labs.Faults;

/// <summary>A node's client certificate has ended.</summary>
internal sealed class CertificateOver : IFault
{
    public string Name => "certificate-expired";

    public string Summary => "the certificate a node shows the API server has ended: its kubelet is refused, and the node goes NotReady";

    public string Takes => "on: the node";

    public async Task<JsonObject> InjectAsync(FaultSite site, CancellationToken cancel)
    {
        var (pki, name, kubeconfig) = Files(site);
        // It ended before it was made; its beginning is still within the authority's own time.
        var spec = new CertificateRequestSpec($"system:node:{site.On}") { Organizations = ["system:nodes"], Client = true, Lifetime = -TimeSpan.FromMinutes(1) };
        Use(site, pki.Signer.Issue(spec), name, kubeconfig, pki);
        await RestartAsync(site, cancel).ConfigureAwait(false);
        return [];
    }

    public Task<string?> ProofAsync(FaultSite site, CancellationToken cancel)
    {
        using var certificate = System.Security.Cryptography.X509Certificates.X509CertificateLoader.LoadCertificateFromFile($"{site.Paths.Pki}/node-{site.On}.crt");
        return Task.FromResult(certificate.NotAfter.ToUniversalTime() < TimeProvider.System.GetUtcNow() ? $"{site.Paths.Pki}/node-{site.On}.crt ended at {certificate.NotAfter:u}" : null);
    }

    public async Task ClearAsync(FaultSite site, JsonObject memory, CancellationToken cancel)
    {
        var (pki, name, kubeconfig) = Files(site);
        File.Delete($"{site.Paths.Pki}/{name}.crt");
        Use(site, pki.Node(site.On), name, kubeconfig, pki);
        await RestartAsync(site, cancel).ConfigureAwait(false);
    }

    private static (ClusterPki Pki, string Name, string Kubeconfig) Files(FaultSite site) =>
        (ClusterPki.Open(site.Paths.Pki, TimeProvider.System), $"node-{site.On}", $"{site.Paths.NodeDirectory(site.On)}/kubeconfig");

    private static void Use(FaultSite site, PemPair pair, string name, string kubeconfig, ClusterPki pki)
    {
        pair.Save(site.Paths.Pki, name);
        var server = new Uri($"https://{site.Targets.AddressOf(site.Targets.Topology.Server.Name)}:{ProcessPlan.ApiServerPort}");
        SecretFile.Write(kubeconfig, Kubeconfig.Render("podnet", site.On, server, pki.AuthorityCertificate, pair));
    }

    private static async Task RestartAsync(FaultSite site, CancellationToken cancel)
    {
        var process = site.Parts.ProcessOf(site.On, "kubelet");
        await site.Parts.StopAsync(process, cancel).ConfigureAwait(false);
        site.Parts.Start(process);
    }
}
