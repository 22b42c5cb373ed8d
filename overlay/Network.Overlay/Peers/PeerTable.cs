using System.Net;
using System.Net.Sockets;
using Network.Netlink;

namespace Network.Overlay;

/// <summary>A peer before and after; null where there was or is none that counts.</summary>
internal readonly record struct PeerChange(Peer? Former, Peer? Current)
{
    internal string NodeName => (Current ?? Former)!.NodeName;
}

/// <summary>
/// Which peers count. A peer that claims what another one holds, or what is ours, is left out and named, so that a bad
/// peer never takes traffic from a good one; whoever held it first keeps it, and when it goes the next one comes in.
/// A change costs the same however many peers there are, as long as pod ranges have one length.
/// </summary>
internal sealed class PeerTable(OverlaySettings settings)
{
    private readonly Dictionary<string, Peer> _accepted = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, (Peer Peer, string Reason)> _refused = new(StringComparer.Ordinal);
    private readonly Dictionary<IPNetwork, string> _ranges = [];
    private readonly Dictionary<(AddressFamily, int), int> _lengths = [];
    private readonly Dictionary<MacAddress, string> _macs = [];

    internal IReadOnlyDictionary<string, Peer> Accepted => _accepted;

    /// <summary>By node name: the peer and why it is left out.</summary>
    internal IReadOnlyDictionary<string, (Peer Peer, string Reason)> Refused => _refused;

    /// <summary>Our own ends, which no peer may claim.</summary>
    internal PerFamily<PeerEnd> Own { get; set; }

    /// <summary>Addresses of our own underlay. Behind address translation they are not what the ends say, and a peer there still leads back to us.</summary>
    internal IReadOnlyList<IPAddress> OwnAddresses { get; set; } = [];

    /// <summary>The whole truth; what is not named is gone.</summary>
    internal List<PeerChange> SetAll(IReadOnlyCollection<Peer> peers)
    {
        var wanted = new Dictionary<string, Peer>(peers.Count, StringComparer.Ordinal);
        foreach (var peer in peers)
            wanted[peer.NodeName] = peer;
        var changes = new List<PeerChange>();
        foreach (var name in _accepted.Keys.Concat(_refused.Keys).Where(name => !wanted.ContainsKey(name)).ToList())
            changes.AddRange(Set(name, null));
        foreach (var peer in wanted.Values.OrderBy(peer => peer.NodeName, StringComparer.Ordinal))
            changes.AddRange(Set(peer.NodeName, peer));
        return changes;
    }

    /// <summary>One node's newest state.</summary>
    internal List<PeerChange> Set(string node, Peer? peer)
    {
        var former = _accepted.GetValueOrDefault(node);
        if (node == settings.NodeName || (former is not null && former == peer))
            return [];
        Drop(former);
        _refused.Remove(node);
        if (peer is not null)
            Take(peer);
        var changes = new List<PeerChange>();
        if (former is not null || _accepted.ContainsKey(node))
            changes.Add(new PeerChange(former, _accepted.GetValueOrDefault(node)));
        if (former is null || _refused.Count == 0)
            return changes;
        // What it held may be what others wait for.
        foreach (var (waiting, _) in _refused.Values.Where(refused => refused.Peer.NodeName != node).ToList())
        {
            _refused.Remove(waiting.NodeName);
            if (Take(waiting))
                changes.Add(new PeerChange(null, waiting));
        }

        return changes;
    }

    private bool Take(Peer peer)
    {
        if (Fault(peer) is { } reason)
        {
            _refused[peer.NodeName] = (peer, reason);
            return false;
        }

        _accepted[peer.NodeName] = peer;
        foreach (var range in peer.PodCidrs.Present)
        {
            _ranges[range] = peer.NodeName;
            var length = (range.BaseAddress.AddressFamily, range.PrefixLength);
            _lengths[length] = _lengths.GetValueOrDefault(length) + 1;
        }

        foreach (var end in peer.Ends.Present)
        {
            if (end.Mac is { } mac)
                _macs[mac] = peer.NodeName;
        }

        return true;
    }

    private void Drop(Peer? peer)
    {
        if (peer is null)
            return;
        _accepted.Remove(peer.NodeName);
        foreach (var range in peer.PodCidrs.Present)
        {
            _ranges.Remove(range);
            var length = (range.BaseAddress.AddressFamily, range.PrefixLength);
            if (--_lengths[length] == 0)
                _lengths.Remove(length);
        }

        foreach (var end in peer.Ends.Present)
        {
            if (end.Mac is { } mac)
                _macs.Remove(mac);
        }
    }

    private string? Fault(Peer peer)
    {
        if (peer.PodCidrs.IsEmpty)
            return "it has no podCIDR; assign one to its node";
        foreach (var range in peer.PodCidrs.Present)
        {
            if (Fault(range) is { } fault)
                return fault;
        }

        foreach (var end in peer.Ends.Present)
        {
            if (Own[end.Address.AddressFamily]?.Address.Equals(end.Address) == true || OwnAddresses.Contains(end.Address))
                return $"underlay address {end.Address} is this node's own; correct the node's public address";
            if (end.Mac is not { } mac)
                continue;
            if (Own.Present.Any(own => own.Mac == mac))
                return $"VTEP MAC {mac} is this node's own; delete one of the two devices so that it is made anew";
            if (_macs.TryGetValue(mac, out var holder))
                return $"VTEP MAC {mac} belongs to node {holder} already; delete one of the two devices so that it is made anew";
        }

        return null;
    }

    private string? Fault(IPNetwork range)
    {
        var family = range.BaseAddress.AddressFamily;
        if (settings.ClusterCidrs[family] is not { } cluster)
            return null; // A family this node has no part in: nothing will be programmed for it.
        if (range.PrefixLength < cluster.PrefixLength || !cluster.Contains(range.BaseAddress))
            return $"podCIDR {range} is not a part of cluster CIDR {cluster}; give it a part that is free";
        if (settings.PodCidrs[family] is { } own && Overlap(own, range))
            return $"podCIDR {range} overlaps this node's own {own}; give it one of its own";
        if (_ranges.TryGetValue(range, out var holder))
            return $"podCIDR {range} belongs to node {holder} already; give it one of its own";
        if (!_lengths.Keys.Any(length => length.Item1 == family && length.Item2 != range.PrefixLength))
            return null;
        foreach (var (other, owner) in _ranges)
        {
            if (Overlap(other, range))
                return $"podCIDR {range} overlaps {other} of node {owner}; give it one of its own";
        }

        return null;
    }

    private static bool Overlap(IPNetwork one, IPNetwork other) => one.BaseAddress.AddressFamily == other.BaseAddress.AddressFamily
        && (one.PrefixLength <= other.PrefixLength ? one.Contains(other.BaseAddress) : other.Contains(one.BaseAddress));
}
