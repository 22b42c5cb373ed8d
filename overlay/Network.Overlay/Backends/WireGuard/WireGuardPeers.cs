using System.Net;
using Network.Netlink;

namespace Network.Overlay;

/// <summary>The key of this node and the table of keys inside the WireGuard device, made equal to the accepted peers.</summary>
internal sealed class WireGuardPeers : IDisposable
{
    private readonly OverlaySettings _settings;
    private readonly GenericSocket _generic;
    private readonly WireGuardSocket _socket;

    internal WireGuardPeers(OverlaySettings settings)
    {
        _settings = settings;
        _generic = GenericSocket.Open(settings.NetNs);
        _socket = new WireGuardSocket(_generic);
        if (_generic.FindFamily(WireGuardSocket.Family) != 0)
            return;
        _generic.Dispose();
        throw new OverlayException($"node {settings.NodeName}: this kernel has no wireguard (no generic netlink family of that name); load or build the module, or use another of {BackendNames.All}");
    }

    /// <summary>Our public key; the device is configured by it.</summary>
    internal WireGuardKey Configure(string device)
    {
        _socket.Configure(device, ReadKey(), _settings.Port);
        return _socket.Device(device).PublicKey;
    }

    /// <summary>Adds, changes and removes what differs.</summary>
    /// <returns>The number of peers touched.</returns>
    internal int Sync(OverlayPlan plan, IEnumerable<Peer> peers)
    {
        var device = plan.Tunnels[0].Device.Name;
        var actual = _socket.Device(device).Peers.ToDictionary(peer => peer.PublicKey);
        var wanted = Wanted(plan, peers, _settings.Port).ToDictionary(peer => peer.PublicKey);
        var set = wanted.Values.Where(peer => !actual.TryGetValue(peer.PublicKey, out var present) || !present.Means(peer)).ToList();
        var gone = actual.Keys.Where(key => !wanted.ContainsKey(key)).ToList();
        if (set.Count + gone.Count > 0)
            _socket.Change(device, set, gone);
        return set.Count + gone.Count;
    }

    public void Dispose() => _generic.Dispose();

    /// <summary>Where both have an IPv4 address it is used, else IPv6. Whoever is routed directly keeps its key, for the day it is not.</summary>
    internal static IEnumerable<WireGuardPeer> Wanted(OverlayPlan plan, IEnumerable<Peer> peers, int port)
    {
        foreach (var peer in peers)
        {
            var end = PerFamily<int>.Families.Where(family => plan.Underlay.AddressOf(family) is not null).Select(family => peer.Ends[family]).FirstOrDefault(end => end is not null);
            if (end?.PublicKey is { } key)
                yield return new WireGuardPeer(key, new IPEndPoint(end.Value.Address, port), [.. peer.PodCidrs.Present]);
        }
    }

    private WireGuardKey ReadKey()
    {
        var path = _settings.KeyFile ?? throw new OverlayException($"node {_settings.NodeName}: no key file is named; WireGuard needs a place to keep its key");
        if (File.Exists(path))
            return WireGuardKey.TryParse(File.ReadAllText(path).Trim(), out var known)
                ? known
                : throw new OverlayException($"node {_settings.NodeName}: {path} holds no WireGuard key (32 bytes in base64); remove it to have one made");
        var key = WireGuardKey.NewPrivate();
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        using var file = new FileStream(path, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead });
        file.Write(System.Text.Encoding.ASCII.GetBytes(key.ToString()));
        file.Flush(flushToDisk: true);
        return key;
    }
}
