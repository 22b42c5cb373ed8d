using System.Net;
using Network.Client;
using Network.Host.Dns;
using Network.ServiceProxy;
using Network.ServiceProxy.Explain;

namespace Network.Host.Proxy;

/// <summary>Asks the API server for a service and the kernel for its rules, as one node has them.</summary>
public static class ServiceQuery
{
    /// <param name="node">The node, and its network namespace (null for the process's own).</param>
    /// <param name="from">Who sends the packets; null for some pod.</param>
    public static async Task<IReadOnlyList<ServiceExplanation>> ExplainAsync(ApiClient client, (string Namespace, string Name) service, (string Node, string? NetNs) node, IPAddress? from, CancellationToken cancel)
    {
        var found = await client.GetAsync(Resources.Services, service.Namespace, service.Name, cancel).ConfigureAwait(false);
        var slices = await client.ListAsync(Resources.EndpointSlices,
            new ListQuery { Namespace = service.Namespace, LabelSelector = $"kubernetes.io/service-name={service.Name}" }, cancel).ConfigureAwait(false);
        var self = await client.FindAsync(Resources.Nodes, null, node.Node, cancel).ConfigureAwait(false);
        var zone = self?.Metadata.Labels?.TryGetValue("topology.kubernetes.io/zone", out var label) == true ? label : null;
        var settings = new ProxySettings(node.Node)
        {
            NetNs = node.NetNs,
            NodeAddresses = (self?.Status?.Addresses ?? []).Where(address => address.Type == "InternalIP").Select(address => IPAddress.Parse(address.Address)).ToList(),
            ClusterCidr = self?.Spec?.PodCIDR is { } pods ? IPNetwork.Parse(pods) : null,
        };
        var ports = ProxyAdapter.ToPorts(found, slices.Items.Where(slice => DnsAdapter.ServiceKey(slice) is not null).ToList(), new ProxyPlace(node.Node, zone)).ToList();
        return await ServiceExplanation.ReadAsync(ports, settings, from, cancel).ConfigureAwait(false);
    }
}
