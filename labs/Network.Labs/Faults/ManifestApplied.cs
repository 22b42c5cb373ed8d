using System.Text.Json.Nodes;

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
