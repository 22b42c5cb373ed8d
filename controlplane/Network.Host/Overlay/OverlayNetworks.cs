using System.Collections.Concurrent;
using System.Net;
using Network.Overlay;

namespace Network.Host.Overlay;

/// <summary>One network of this node; no daemon: it could not start.</summary>
internal readonly record struct RunningNetwork(OverlayDaemon? Daemon, OverlaySettings? Settings, string? Fault);

/// <summary>The networks of one overlay process: the cluster's, and one a file.</summary>
internal sealed class OverlayNetworks
{
    /// <summary>The cluster's own.</summary>
    internal const string Cluster = "";

    private readonly ConcurrentDictionary<string, RunningNetwork> _all = new(StringComparer.Ordinal);

    /// <summary>By name of the file; the cluster's own first.</summary>
    internal IEnumerable<KeyValuePair<string, RunningNetwork>> All => _all.OrderBy(network => network.Key, StringComparer.Ordinal);

    internal void Set(string key, RunningNetwork network) => _all[key] = network;

    internal void Remove(string key) => _all.TryRemove(key, out _);

    /// <summary>What is wrong now, beside what the daemon itself says; null for nothing.</summary>
    internal void Fault(string key, string? fault) => _all.AddOrUpdate(key, new RunningNetwork(null, null, fault), (_, network) => network with { Fault = fault });

    /// <summary>Throws when another network of this node has the name, the device or the identifier on the wire.</summary>
    internal void Check(string key, OverlaySettings settings)
    {
        foreach (var (other, network) in _all)
        {
            if (other == key || network.Settings is not { } theirs)
                continue;
            var name = other.Length == 0 ? "the cluster's network" : $"network {theirs.Network}";
            if (theirs.Network == settings.Network)
                throw new OverlayException($"network {settings.Network} of {key} has the name of another network ({other}); name it differently");
            if (theirs.DeviceName == settings.DeviceName)
                throw new OverlayException($"network {settings.Network}: device {settings.DeviceName} belongs to {name}; name this network differently");
            if (theirs.Backend == settings.Backend && settings.Backend == OverlayBackend.Vxlan && theirs.Vni == settings.Vni && theirs.Port == settings.Port)
                throw new OverlayException($"network {settings.Network}: VNI {settings.Vni} on port {settings.Port} belongs to {name}; give this network another vni");
            if (theirs.Backend == settings.Backend && settings.Backend == OverlayBackend.WireGuard && theirs.Port == settings.Port)
                throw new OverlayException($"network {settings.Network}: UDP port {settings.Port} belongs to {name}; give this network another port");
            foreach (var (cidr, overlap) in Overlaps(settings, theirs))
                throw new OverlayException($"network {settings.Network}: cluster CIDR {cidr} overlaps {overlap} of {name}; give this network a range of its own");
        }
    }

    private static IEnumerable<(IPNetwork One, IPNetwork Other)> Overlaps(OverlaySettings one, OverlaySettings other) =>
        from mine in one.ClusterCidrs.Present
        from theirs in other.ClusterCidrs.Present
        where mine.BaseAddress.AddressFamily == theirs.BaseAddress.AddressFamily && (theirs.Contains(mine.BaseAddress) || mine.Contains(theirs.BaseAddress))
        select (mine, theirs);
}
