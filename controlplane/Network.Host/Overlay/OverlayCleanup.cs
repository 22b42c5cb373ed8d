using System.Net;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using Network.Client;
using Network.Host.Roles;
using Network.Overlay;

namespace Network.Host.Overlay;

/// <summary>Takes away what an overlay left on its node and, where a kubeconfig is given, in the cluster: kernel objects, rules, files, annotations.</summary>
public static class OverlayCleanup
{
    /// <param name="options">Node, data directory, cluster ranges, backend, files of further networks, and where subnet.env was written.</param>
    public static async Task RunAsync(AgentOptions options, CancellationToken cancel = default)
    {
        if (await OverlayClient.IsRunningAsync(options.OverlaySocket, cancel).ConfigureAwait(false))
            throw new IOException($"the overlay of node {options.Node} is running (it answers at {options.OverlaySocket}) and would repair what is removed; stop it first");
        // Read before anything is removed: a file that is wrong should leave no half of the work.
        var files = new List<OverlaySettings>();
        foreach (var path in options.Overlay.Networks)
            files.Add(NetworkFile.Parse(path, await File.ReadAllTextAsync(path, cancel).ConfigureAwait(false)).SettingsFor(options));
        // What a node's part was is not needed to remove it: everything of ours inside the cluster's ranges goes.
        var clusterCidrs = new PerFamily<IPNetwork>(options.ClusterCidr, options.Overlay.ClusterCidrV6);
        foreach (var settings in files.Prepend(OverlayComposition.SettingsFor(options, clusterCidrs)))
        {
            using var daemon = new OverlayDaemon(settings, NullLogger<OverlayDaemon>.Instance);
            await daemon.CleanupAsync(cancel).ConfigureAwait(false);
            CniConfig.Remove(options.CniConfigDirectory, settings.Network);
        }

        using (var path = new ShortPath(options.OverlaySocket))
            Remove(path.Text);
        if (options.Overlay.SubnetFile is { } subnet)
            Remove(subnet);
        if (options.Kubeconfig is { } kubeconfig)
            await WithdrawAsync(options.Node, kubeconfig, cancel).ConfigureAwait(false);
    }

    private static void Remove(string file)
    {
        if (File.Exists(file))
            File.Delete(file);
    }

    // The other nodes would go on sending to a tunnel that is not there.
    private static async Task WithdrawAsync(string node, string kubeconfig, CancellationToken cancel)
    {
        using var client = Composition.Client(kubeconfig, "podnet-overlay-cleanup");
        var annotations = new JsonObject();
        foreach (var key in FlannelAnnotations.Published)
            annotations[key] = null;
        try
        {
            await client.PatchAsync(Resources.Nodes, null, node, Patch.Merge(new JsonObject { ["metadata"] = new JsonObject { ["annotations"] = annotations } }), null, cancel).ConfigureAwait(false);
        }
        catch (ApiException e) when (e.IsNotFound)
        {
            // No node, no annotations.
        }
    }
}
