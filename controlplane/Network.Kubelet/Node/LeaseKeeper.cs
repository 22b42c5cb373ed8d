using k8s.Models;
using Microsoft.Extensions.Logging;
using Network.Client;

namespace Network.Kubelet.Node;

/// <summary>Renews the node's lease: the sign of life, apart from everything that might take long.</summary>
internal sealed partial class LeaseKeeper(KubeletSettings settings, ApiClient client, TimeProvider time, ILogger<LeaseKeeper> logger)
{
    private const string Namespace = "kube-node-lease";
    private const int Seconds = 40;

    internal async Task RunAsync(CancellationToken cancel)
    {
        V1Lease? lease = null;
        while (!cancel.IsCancellationRequested)
        {
            var pause = settings.LeaseRenewal;
            try
            {
                lease = await RenewAsync(lease, cancel).ConfigureAwait(false);
            }
            catch (Exception e) when (e is ApiException or HttpRequestException or IOException)
            {
                LogRetry(settings.NodeName, e.Message);
                lease = null;
                pause = TimeSpan.FromMilliseconds(200);
            }
            catch (OperationCanceledException) when (cancel.IsCancellationRequested)
            {
                return;
            }

            await Task.Delay(pause, time, cancel).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task<V1Lease> RenewAsync(V1Lease? lease, CancellationToken cancel)
    {
        lease ??= await client.FindAsync(Resources.Leases, Namespace, settings.NodeName, cancel).ConfigureAwait(false);
        var now = time.GetUtcNow().UtcDateTime;
        if (lease is null)
        {
            // The owner lets the lease vanish with its node; before the node is there the lease waits, so that it gets one.
            var node = await client.GetAsync(Resources.Nodes, null, settings.NodeName, cancel).ConfigureAwait(false);
            return await client.CreateAsync(Resources.Leases, new V1Lease
            {
                Metadata = new V1ObjectMeta
                {
                    Name = settings.NodeName,
                    NamespaceProperty = Namespace,
                    OwnerReferences = [new V1OwnerReference { ApiVersion = "v1", Kind = "Node", Name = settings.NodeName, Uid = node.Metadata.Uid }],
                },
                Spec = new V1LeaseSpec { HolderIdentity = settings.NodeName, LeaseDurationSeconds = Seconds, RenewTime = now },
            }, cancel).ConfigureAwait(false);
        }

        lease.Spec.HolderIdentity = settings.NodeName;
        lease.Spec.LeaseDurationSeconds = Seconds;
        lease.Spec.RenewTime = now;
        return await client.ReplaceAsync(Resources.Leases, lease, null, cancel).ConfigureAwait(false);
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "lease of node {Node} not renewed, trying again: {Why}")]
    private partial void LogRetry(string node, string why);
}
