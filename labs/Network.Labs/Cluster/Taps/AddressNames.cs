using System.Net;
using Network.Client;
using Network.Labs.Topology;

namespace Network.Labs.Cluster.Taps;

/// <summary>Names for the addresses of a cluster: machines from its plan, pods and services from its API server if that answers.</summary>
public static class AddressNames
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(2);

    public static async Task<IReadOnlyList<(IPAddress Address, string Name)>> ReadAsync(ClusterPaths paths, CancellationToken cancel)
    {
        if (ClusterFiles.Read(paths) is not var (topology, _))
            return [];
        var addressing = new Addressing(topology);
        var names = topology.Nodes.Select(node => node.Name).Concat(topology.Routers)
            .SelectMany(machine => addressing.EndsOf(machine).Select((end, i) => (end.Address, i == 0 ? machine : $"{machine}.{end.Link.Name}"))).ToList();
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        deadline.CancelAfter(s_patience);
        try
        {
            using var client = new ApiClient(ApiEndpoint.FromKubeconfig(paths.Kubeconfig) with { Component = "podnet-capture" });
            await AddPodsAsync(client, names, deadline.Token).ConfigureAwait(false);
            await AddServicesAsync(client, names, deadline.Token).ConfigureAwait(false);
        }
        // Names are a courtesy: a capture must work above all when the API server does not.
        catch (Exception e) when (e is ApiException or HttpRequestException or IOException or OperationCanceledException && !cancel.IsCancellationRequested)
        {
        }

        return names.DistinctBy(name => name.Address).ToList();
    }

    private static async Task AddPodsAsync(ApiClient client, List<(IPAddress, string)> names, CancellationToken cancel)
    {
        var pods = await client.ListAsync(Resources.Pods, ListQuery.All, cancel).ConfigureAwait(false);
        // A pod in its node's network has the node's address, which has a name already.
        foreach (var pod in pods.Items.Where(pod => pod.Spec.HostNetwork != true && pod.Status?.Phase is "Pending" or "Running"))
        {
            foreach (var ip in pod.Status?.PodIPs ?? [])
                Add(names, ip.Ip, $"{pod.Metadata.NamespaceProperty}/{pod.Metadata.Name}");
        }
    }

    private static async Task AddServicesAsync(ApiClient client, List<(IPAddress, string)> names, CancellationToken cancel)
    {
        var services = await client.ListAsync(Resources.Services, ListQuery.All, cancel).ConfigureAwait(false);
        foreach (var service in services.Items)
        {
            foreach (var ip in service.Spec.ClusterIPs ?? [])
                Add(names, ip, $"svc/{service.Metadata.NamespaceProperty}/{service.Metadata.Name}");
        }
    }

    // A headless service has "None".
    private static void Add(List<(IPAddress, string)> names, string text, string name)
    {
        if (IPAddress.TryParse(text, out var address))
            names.Add((address, name));
    }
}
