using System.Text.Json.Nodes;
using Network.Api.Pki;
using Network.Labs.Cluster;

namespace Network.Labs.Faults;

/// <summary>A manifest with a mistake is applied, and taken back by the one it replaces.</summary>
internal sealed class ManifestApplied : IFault
{
    public string Name => "manifest";

    public string Summary => "a manifest with a mistake in it is applied";

    public string Takes => "value: the file; peer: the file that mends it (without one, what was applied is deleted)";

    public async Task<JsonObject> InjectAsync(FaultSite site, CancellationToken cancel)
    {
        var output = await site.KubectlAsync(cancel, "apply", "-f", site.Value).ConfigureAwait(false);
        return new JsonObject { ["applied"] = output.Trim() };
    }

    public async Task<string?> ProofAsync(FaultSite site, CancellationToken cancel)
    {
        var output = await site.KubectlAsync(cancel, "get", "-f", site.Value, "-o", "name").ConfigureAwait(false);
        return output.Trim().Length > 0 ? $"the API server has {output.Trim().Replace('\n', ' ')} as {Path.GetFileName(site.Value)} says" : null;
    }

    public Task ClearAsync(FaultSite site, JsonObject memory, CancellationToken cancel) => site.Peer.Length > 0
        ? site.KubectlAsync(cancel, "apply", "-f", site.Peer)
        : site.KubectlAsync(cancel, "delete", "-f", site.Value, "--ignore-not-found", "--now");
}

/// <summary>A pod is replaced by another of its name.</summary>
internal sealed class PodReplaced : IFault
{
    public string Name => "pod-replaced";

    public string Summary => "a pod is deleted, and another of its name takes its place";

    public string Takes => "value: the new pod's file; peer: the file that mends it";

    public async Task<JsonObject> InjectAsync(FaultSite site, CancellationToken cancel)
    {
        await ReplaceAsync(site, site.Value, cancel).ConfigureAwait(false);
        return [];
    }

    // The new pod runs; whether it is ready is another matter.
    public async Task<string?> ProofAsync(FaultSite site, CancellationToken cancel)
    {
        var phase = await site.KubectlAsync(cancel, "get", "-f", site.Value, "-o", "jsonpath={.status.phase} {.status.podIP}").ConfigureAwait(false);
        return phase.StartsWith("Running ", StringComparison.Ordinal) ? $"the pod of {Path.GetFileName(site.Value)} is Running with {phase.Split(' ')[1]}" : null;
    }

    public Task ClearAsync(FaultSite site, JsonObject memory, CancellationToken cancel) => ReplaceAsync(site, site.Peer, cancel);

    private static Task ReplaceAsync(FaultSite site, string file, CancellationToken cancel) => site.KubectlAsync(cancel, "replace", "--force", "--grace-period=0", "-f", file);
}

/// <summary>A node's client certificate has ended.</summary>
internal sealed class CertificateOver : IFault
{
    public string Name => "certificate-expired";

    public string Summary => "the certificate a node shows the API server has ended: its kubelet is refused, and the node goes NotReady";

    public string Takes => "on: the node";

    public async Task<JsonObject> InjectAsync(FaultSite site, CancellationToken cancel)
    {
        var (pki, name, kubeconfig) = Files(site);
        var spec = new CertificateRequestSpec($"system:node:{site.On}") { Organizations = ["system:nodes"], Client = true, Lifetime = TimeSpan.FromMinutes(1) };
        // Issued when the clock stood two hours back, so it ended almost as long ago.
        using var authority = CertificateAuthority.Load(PemPair.Read(site.Paths.Pki, "ca"), new EarlierTime(TimeSpan.FromHours(2)));
        Use(site, authority.Issue(spec), name, kubeconfig, pki);
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

    private sealed class EarlierTime(TimeSpan by) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() - by;
    }
}
