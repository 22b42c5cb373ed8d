using System.Text.Json.Nodes;
using k8s.Models;
using Network.Client;
using Network.Labs.Topology;

namespace Network.Labs.Cluster;

/// <summary>One line of <c>podnet status</c>. Texts are "-" where a thing does not apply or is unknown.</summary>
public sealed record NodeRow(string Node, string Role, string Ready, string Address, string PodCidr, string Vtep, string Peers, string Pods, long ResidentBytes);

/// <summary>A cluster's state as its API server, its processes and its kernel show it.</summary>
public static class ClusterStatus
{
    public static async Task<IReadOnlyList<NodeRow>> ReadAsync(ClusterPaths paths, CancellationToken cancel)
    {
        var topology = (ClusterFiles.Read(paths) ?? throw new ClusterException($"there is no cluster {paths.Name}; podnet up --name {paths.Name} builds one")).Topology;
        var addressing = new Addressing(topology);
        var processes = LabProcess.Of(paths.Name);
        using var client = new ApiClient(ApiEndpoint.FromKubeconfig(paths.Kubeconfig) with { Component = "podnet-status" });
        var nodes = await TryListAsync(client, Resources.Nodes, cancel).ConfigureAwait(false);
        var pods = await TryListAsync(client, Resources.Pods, cancel).ConfigureAwait(false);
        var rows = new List<NodeRow>();
        foreach (var node in topology.Nodes)
        {
            var memory = processes.Where(process => BelongsTo(process, node)).Sum(process => process.ResidentBytes());
            rows.Add(node.Role == NodeRole.Server
                ? new NodeRow(node.Name, "server", nodes is null ? "no" : "yes", addressing.AddressOf(node.Name).ToString(), "-", "-", "-", "-", memory)
                : AgentRow(node, addressing, paths, nodes?.FirstOrDefault(n => n.Metadata.Name == node.Name), pods, memory));
        }

        return rows;
    }

    private static bool BelongsTo(LabProcess process, LabNode node) =>
        node.Role == NodeRole.Server ? !process.Name.Contains('/') : process.Name.StartsWith($"{node.Name}/", StringComparison.Ordinal);

    private static NodeRow AgentRow(LabNode node, Addressing addressing, ClusterPaths paths, V1Node? seen, IReadOnlyList<V1Pod>? pods, long memory)
    {
        var ready = seen?.Status?.Conditions?.FirstOrDefault(condition => condition.Type == "Ready")?.Status switch
        {
            "True" => "yes",
            "False" => "no",
            null => "no",
            var other => other.ToLowerInvariant(),
        };
        return new NodeRow(node.Name, "agent", ready, addressing.AddressOf(node.Name).ToString(), seen?.Spec?.PodCIDR ?? "-", VtepMac(seen) ?? "-",
            Peers(node, paths), pods?.Count(pod => pod.Spec.NodeName == node.Name).ToString() ?? "-", memory);
    }

    // The kernel is asked, not the daemon: one permanent neighbour on the tunnel device is one programmed peer.
    private static string Peers(LabNode node, ClusterPaths paths)
    {
        try
        {
            using var socket = Netlink.RouteSocket.Open(paths.NetNs(node.Name));
            return socket.Links().FirstOrDefault(link => link.Kind == "vxlan") is { } device
                ? socket.Neighbours(device.Index).Count(neighbour => neighbour.IsPermanent).ToString()
                : "0";
        }
        catch (Linux.LinuxException)
        {
            return "-";
        }
    }

    private static string? VtepMac(V1Node? node)
    {
        if (node?.Metadata.Annotations?.TryGetValue("flannel.alpha.coreos.com/backend-data", out var data) != true)
            return null;
        return JsonNode.Parse(data!)?["VtepMAC"]?.GetValue<string>();
    }

    private static async Task<IReadOnlyList<T>?> TryListAsync<T>(ApiClient client, Resource<T> resource, CancellationToken cancel)
        where T : class, k8s.IKubernetesObject<V1ObjectMeta>
    {
        try
        {
            return (await client.ListAsync(resource, ListQuery.All, cancel).ConfigureAwait(false)).Items;
        }
        catch (Exception e) when (e is ApiException or HttpRequestException)
        {
            return null;
        }
    }
}
