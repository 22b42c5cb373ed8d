using k8s.Models;

namespace Network.Host.Overlay;

/// <summary>
/// When pods here may be said to reach the others. Being programmed is not enough while nodes that are alive and answer
/// probes stay silent; a node that is alone, or the last one of a cluster that died, must start all the same. Pure.
/// </summary>
internal static class OverlayReadiness
{
    /// <summary>The others learn of us by what was just published, so a first answer takes a moment.</summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <param name="silent">Nodes that should answer, if somebody does.</param>
    internal static bool IsUp(bool canTalk, IReadOnlyList<string> silent, TimeSpan sincePublished) => canTalk || (silent.Count == 0 && sincePublished > Patience);

    /// <summary>Ready nodes whose overlay is up and answers probes.</summary>
    internal static IReadOnlyList<string> Silent(IEnumerable<V1Node> nodes, string self, IReadOnlyDictionary<string, PeerReading> readings) =>
        [.. nodes.Where(node => node.Metadata.Name != self && Is(node, "Ready", "True") && Is(node, "NetworkUnavailable", "False")
                && readings.GetValueOrDefault(node.Metadata.Name).Peer is { ProbePort: > 0 })
            .Select(node => node.Metadata.Name).Order(StringComparer.Ordinal)];

    private static bool Is(V1Node node, string type, string status) =>
        node.Status?.Conditions?.Any(condition => condition.Type == type && condition.Status == status) == true;
}
