using Microsoft.Extensions.Logging;
using Network.Client;
using Network.Dns.Plugins.Cluster;

namespace Network.Host.Dns;

/// <summary>Follows all pods of the cluster once a Corefile says <c>pods verified</c>, and none before.</summary>
internal sealed partial class VerifiedPods(PodAddresses addresses, ApiClient client, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(5);

    internal async Task RunAsync(CancellationToken cancel)
    {
        await addresses.Wanted.WaitAsync(cancel).ConfigureAwait(false);
        var pods = new Informer<PodPlace>(client, PodPlace.Resource, ListQuery.All, logger);
        pods.Changed += Follow;
        var following = pods.RunAsync(cancel);
        try
        {
            await pods.Synced.WaitAsync(s_patience, time, cancel).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            LogWaiting();
            await pods.Synced.WaitAsync(cancel).ConfigureAwait(false);
        }

        addresses.Complete = true;
        LogFollowing(pods.Items.Count);
        await following.ConfigureAwait(false);
    }

    private void Follow(Change<PodPlace> change)
    {
        var pod = change.Object;
        addresses.Put(pod.Metadata.NamespaceProperty, pod.Metadata.Name, change.New?.Addresses ?? []);
    }

    // A node may see its own pods only; who wants this says so to the API server too.
    [LoggerMessage(Level = LogLevel.Warning, Message = "pods verified: the cluster's pods cannot be listed, names of pods are SERVFAIL until they can; "
        + "kubectl create clusterrolebinding podnet-dns-verified --clusterrole=podnet:node-dns-verified --group=system:nodes allows it")]
    private partial void LogWaiting();

    [LoggerMessage(Level = LogLevel.Information, Message = "pods verified: pods={Count}")]
    private partial void LogFollowing(int count);
}
