using System.Text.Json.Nodes;

namespace Network.Labs.Faults;

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
