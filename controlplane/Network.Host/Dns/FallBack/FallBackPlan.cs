using System.Net;
using k8s.Models;

namespace Network.Host.Dns.FallBack;

/// <summary>Who answers this node's queries while its own server does not.</summary>
/// <param name="Server">The cluster's DNS address, which every node has.</param>
/// <param name="Node">This node's own address, which its queries to others come from.</param>
internal sealed record FallBackPlan(IPAddress Server, IPAddress Node)
{
    /// <summary>The other nodes, whose queries this one answers; in an order of their own.</summary>
    internal IReadOnlyList<IPAddress> Askers { get; init; } = [];

    /// <summary>Those of them that are Ready: they are asked.</summary>
    internal IReadOnlyList<IPAddress> Answerers { get; init; } = [];

    /// <summary>Pure.</summary>
    internal static FallBackPlan For(IPAddress server, IPAddress own, IEnumerable<V1Node> nodes)
    {
        var others = nodes.Select(node => (Address: AddressOf(node, own), Ready: IsReady(node))).Where(node => node.Address is not null && !node.Address.Equals(own))
            .DistinctBy(node => node.Address).OrderBy(node => node.Address!.ToString(), StringComparer.Ordinal).ToList();
        return new FallBackPlan(server, own)
        {
            Askers = others.ConvertAll(node => node.Address!),
            Answerers = others.Where(node => node.Ready).Select(node => node.Address!).ToList(),
        };
    }

    public bool Equals(FallBackPlan? other) => other is not null && Server.Equals(other.Server) && Node.Equals(other.Node) && Askers.SequenceEqual(other.Askers) && Answerers.SequenceEqual(other.Answerers);

    public override int GetHashCode() => HashCode.Combine(Server, Node, Askers.Count, Answerers.Count);

    private static IPAddress? AddressOf(V1Node node, IPAddress own) => (node.Status?.Addresses ?? []).Where(address => address.Type == "InternalIP")
        .Select(address => IPAddress.TryParse(address.Address, out var parsed) ? parsed : null).FirstOrDefault(address => address?.AddressFamily == own.AddressFamily);

    private static bool IsReady(V1Node node) => node.Status?.Conditions?.Any(condition => condition is { Type: "Ready", Status: "True" }) == true;
}
