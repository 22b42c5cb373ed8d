using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Network.Host.Roles;
using Network.Linux;
using Network.Netlink;
using Network.Overlay;

namespace Network.Host.Overlay;

/// <summary>
/// A network whose nodes are listed in a JSON file: a lab's second network, or the only one of machines without an API
/// server. Every node reads the same file and finds itself in it by name. Pure.
/// <code>
/// { "name": "blue", "clusterCIDRs": ["10.99.0.0/16"], "vni": 7,
///   "nodes": [{ "name": "w1", "podCIDRs": ["10.99.1.0/24"], "addresses": ["192.0.2.1"] }] }
/// </code>
/// A node's VTEP MAC follows from the network's and the node's name, so that nobody has to publish it; <c>mac</c> names another.
/// </summary>
internal sealed class NetworkFile
{
    private static readonly string[] s_fields =
        ["name", "clusterCIDRs", "backend", "vni", "port", "directRouting", "masquerade", "noMasquerade", "probePort", "interface", "nodes"];

    private static readonly string[] s_nodeFields = ["name", "podCIDRs", "addresses", "mac", "publicKey"];
    private readonly NetworkFileReader _file;
    private readonly List<Peer> _nodes = [];

    private NetworkFile(NetworkFileReader file, JsonObject root)
    {
        _file = file;
        file.Only(root, "", s_fields);
        Name = file.Text(root, "", "name") ?? throw file.Refused("name", "is missing", "write at most 10 lower-case letters and digits");
        var backend = file.Text(root, "", "backend") ?? BackendNames.Of(OverlayBackend.Vxlan);
        if (!BackendNames.TryParse(backend, out var kind))
            throw file.Refused("backend", $"\"{backend}\" is none of ours", $"use one of {BackendNames.All}");
        Backend = kind;
        Vni = file.Number(root, "vni", 1, (1 << 24) - 1)
            ?? (kind == OverlayBackend.Vxlan ? throw file.Refused("vni", "is missing", "give this network a VXLAN identifier of its own; the cluster's is 1") : 1);
        Port = file.Number(root, "port", 1, ushort.MaxValue) ?? (kind == OverlayBackend.WireGuard ? 51820 : 4789);
        DirectRouting = file.Flag(root, "directRouting") ?? false;
        Masquerade = file.Flag(root, "masquerade") ?? true;
        NoMasquerade = file.Ranges(root, "", "noMasquerade");
        ProbePort = file.Number(root, "probePort", 0, ushort.MaxValue) ?? 10246;
        Interface = file.Text(root, "", "interface");
        ClusterCidrs = file.PerFamily(root, "", "clusterCIDRs");
        if (ClusterCidrs.IsEmpty)
            throw file.Refused("clusterCIDRs", "is missing", "give the addresses of all pods, such as [\"10.99.0.0/16\"]");
        ReadNodes(root);
        // Everything but the others: a node starts again only when this changed.
        root.Remove("nodes");
        Shape = root.ToJsonString();
    }

    internal string Name { get; }

    internal OverlayBackend Backend { get; }

    internal int Vni { get; }

    internal int Port { get; }

    internal bool DirectRouting { get; }

    internal bool Masquerade { get; }

    internal IReadOnlyList<IPNetwork> NoMasquerade { get; }

    internal int ProbePort { get; }

    internal string? Interface { get; }

    internal PerFamily<IPNetwork> ClusterCidrs { get; }

    /// <summary>The network's own fields as text.</summary>
    internal string Shape { get; }

    /// <exception cref="OverlayException">Names file, field and fix.</exception>
    internal static NetworkFile Parse(string path, string text)
    {
        var file = new NetworkFileReader(path);
        try
        {
            return JsonNode.Parse(text, documentOptions: new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true, AllowDuplicateProperties = false }) is JsonObject root
                ? new NetworkFile(file, root)
                : throw new OverlayException($"network file {path} holds no JSON object; write {{ \"name\": ..., \"clusterCIDRs\": [...], \"nodes\": [...] }}");
        }
        catch (Exception e) when (e is JsonException or ArgumentException)
        {
            throw new OverlayException($"network file {path} is no JSON: {e.Message}");
        }
    }

    /// <summary>All nodes but one.</summary>
    internal List<Peer> PeersOf(string node) => [.. _nodes.Where(peer => peer.NodeName != node)];

    /// <summary>The node itself.</summary>
    internal Peer Find(string node) => _nodes.Find(peer => peer.NodeName == node)
        ?? throw _file.Refused("nodes", $"has no node \"{node}\"", "add this node, or name it by --node");

    internal OverlaySettings SettingsFor(AgentOptions options)
    {
        var own = Find(options.Node);
        return new OverlaySettings
        {
            NodeName = options.Node,
            Network = Name,
            PodCidrs = own.PodCidrs,
            ClusterCidrs = ClusterCidrs,
            DeviceName = InterfaceName.Fit($"{options.Node}-{Name}"),
            PodBridge = InterfaceName.Fit($"{options.Node}-{Name}-br"),
            Backend = Backend,
            DirectRouting = DirectRouting,
            Vni = Vni,
            Port = Port,
            UnderlayInterface = Interface,
            NodeAddresses = [.. own.Ends.Present.Select(end => end.Address)],
            Masquerade = Masquerade,
            NoMasquerade = NoMasquerade,
            ProbePort = ProbePort,
            KnownMacs = new(own.Ends.V4?.Mac, own.Ends.V6?.Mac),
            KeyFile = Path.Combine(options.DataDirectory, $"wireguard-{Name}.key"),
        };
    }

    private void ReadNodes(JsonObject root)
    {
        if (root["nodes"] is not JsonArray { Count: > 0 } nodes)
            throw _file.Refused("nodes", "is missing", "list every node: [{\"name\": ..., \"podCIDRs\": [...], \"addresses\": [...]}]");
        for (var i = 0; i < nodes.Count; i++)
        {
            var at = $"nodes[{i}]";
            if (nodes[i] is not JsonObject node)
                throw _file.Refused(at, "is no object", "write {\"name\": ..., \"podCIDRs\": [...], \"addresses\": [...]}");
            var peer = ReadNode(node, at);
            if (_nodes.Any(other => other.NodeName == peer.NodeName))
                throw _file.Refused(at + ".name", $"\"{peer.NodeName}\" is there twice", "name each node once");
            _nodes.Add(peer);
        }
    }

    private Peer ReadNode(JsonObject node, string at)
    {
        _file.Only(node, at + ".", s_nodeFields);
        var name = _file.Text(node, at + ".", "name") ?? throw _file.Refused(at + ".name", "is missing", "write the node's name, as its --node says");
        var cidrs = _file.PerFamily(node, at + ".", "podCIDRs");
        if (cidrs.IsEmpty)
            throw _file.Refused(at + ".podCIDRs", "is missing", "give the node a part of clusterCIDRs");
        var fixedMac = default(MacAddress?);
        if (_file.Text(node, at + ".", "mac") is { } text)
            fixedMac = MacAddress.TryParse(text, out var mac) ? mac : throw _file.Refused(at + ".mac", $"\"{text}\" is no MAC address", "write it as 0a:58:0a:f4:01:02");
        WireGuardKey? key = null;
        if (_file.Text(node, at + ".", "publicKey") is { } encoded)
            key = WireGuardKey.TryParse(encoded, out var known) ? known : throw _file.Refused(at + ".publicKey", $"\"{encoded}\" is no key", "write 32 bytes in base64");
        var ends = default(PerFamily<PeerEnd>);
        foreach (var address in _file.Addresses(node, at + ".", "addresses"))
        {
            var family = address.AddressFamily;
            if (ends[family] is { } twice)
                throw _file.Refused(at + ".addresses", $"{twice.Address} and {address} are of one family", "give at most one of each");
            ends = ends.With(family, new PeerEnd(address, Backend == OverlayBackend.Vxlan ? fixedMac ?? MacOf(name, family) : null, key));
        }

        return ends.IsEmpty
            ? throw _file.Refused(at + ".addresses", "is missing", "give the addresses other nodes reach it by")
            : new Peer(name, cidrs, ends) { ProbePort = ProbePort };
    }

    // Unicast and locally administered (IEEE 802c); the same on every node that reads the file.
    private MacAddress MacOf(string node, AddressFamily family)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{Name}\n{Vni}\n{node}\n{(int)family}")));
        hash[0] = (byte)((hash[0] & 0xfc) | 0x02);
        return MacAddress.FromBytes(hash.AsSpan(0, MacAddress.Size));
    }
}
