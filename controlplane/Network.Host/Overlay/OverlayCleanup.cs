using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Network.Host.Roles;
using Network.Overlay;

namespace Network.Host.Overlay;

/// <summary>Takes away what an overlay left on its node: kernel objects, rules and files.</summary>
public static class OverlayCleanup
{
    public static async Task RunAsync(string node, string dataDirectory, OverlayBackend backend, PerFamily<IPNetwork> clusterCidrs, CancellationToken cancel = default)
    {
        var options = new AgentOptions { Node = node, DataDirectory = dataDirectory, Overlay = new OverlayOptions { Backend = backend } };
        if (await OverlayClient.IsRunningAsync(options.OverlaySocket, cancel).ConfigureAwait(false))
            throw new IOException($"the overlay of node {node} is running (it answers at {options.OverlaySocket}) and would repair what is removed; stop it first");
        // What a node's part was is not needed to remove it: everything of ours inside the cluster's ranges goes.
        var settings = OverlayComposition.SettingsFor(options, clusterCidrs) with { ClusterCidrs = clusterCidrs };
        using var daemon = new OverlayDaemon(settings, NullLogger<OverlayDaemon>.Instance);
        await daemon.CleanupAsync(cancel).ConfigureAwait(false);
        CniConfig.Remove(options.CniConfigDirectory);
        if (File.Exists(options.OverlaySocket))
            File.Delete(options.OverlaySocket);
    }
}
