using System.CommandLine;
using System.Net;
using Network.Api.Addresses;
using Network.Host.Roles;
using Network.Overlay;

namespace Network.Cli.Verbs;

/// <summary>The flags that say how pods of different nodes reach each other.</summary>
internal sealed class OverlayOptionSet
{
    private readonly Option<string> _backend = Backend();
    private readonly Option<bool> _direct = new("--direct-routing") { Description = "plain route to a peer while it is on-link, tunnel otherwise" };
    private readonly Option<int> _vni = Options.Number("--vni", "VXLAN network identifier", 1);
    private readonly Option<int> _port = Options.Number("--tunnel-port", "UDP port of the tunnel; 0 for the backend's usual one", 0);
    private readonly Option<string?> _interface = Options.Text("--iface", "device that carries the tunnel, instead of the one with the node's address or the default route");
    private readonly Option<string?> _clusterV6 = Options.Text("--cluster-cidr-v6", "IPv6 addresses of all pods");
    private readonly Option<string?> _podsV6 = Options.Text("--pod-cidr-v6", "this node's IPv6 pods, instead of letting the controller choose");
    private readonly Option<IPAddress?> _addressV6 = Options.Address("--node-ip-v6", "IPv6 address other nodes reach this node by");
    private readonly Option<string[]> _noMasquerade = new("--no-masquerade") { Description = "destinations outside the cluster that see pods as they are", DefaultValueFactory = _ => [] };
    private readonly Option<int> _probe = Options.Number("--probe-port", "UDP port for probes between nodes; 0 for none", 10246);
    private readonly Option<string?> _subnetFile = Options.Text("--subnet-file", "where to leave flannel's subnet.env, such as /run/flannel/subnet.env");

    private readonly Option<string[]> _networks = Networks();

    internal static Option<string[]> Networks() => new("--network")
    {
        Description = "file that describes a further network and lists its nodes (JSON, followed while it runs); without --kubeconfig the only ones",
        DefaultValueFactory = _ => [],
    };

    internal static Option<string> Backend()
    {
        var option = Options.Text("--backend", $"how packets travel between nodes: {BackendNames.All}", BackendNames.Of(default));
        option.AcceptOnlyFromAmong(BackendNames.All.Split(", "));
        return option;
    }

    internal IEnumerable<Option> All => [_backend, _direct, _vni, _port, _interface, _clusterV6, _podsV6, _addressV6, _noMasquerade, _probe, _subnetFile, _networks];

    internal OverlayOptions Read(ParseResult parsed) => new()
    {
        Backend = BackendNames.TryParse(parsed.GetValue(_backend), out var backend) ? backend : default,
        DirectRouting = parsed.GetValue(_direct),
        Vni = parsed.GetValue(_vni),
        Port = parsed.GetValue(_port),
        Interface = parsed.GetValue(_interface),
        ClusterCidrV6 = Range(_clusterV6.Name, parsed.GetValue(_clusterV6)),
        PodCidrV6 = Range(_podsV6.Name, parsed.GetValue(_podsV6)),
        NodeAddressV6 = parsed.GetValue(_addressV6),
        NoMasquerade = [.. parsed.GetValue(_noMasquerade)!.Select(text => Range(_noMasquerade.Name, text)!.Value)],
        ProbePort = parsed.GetValue(_probe),
        SubnetFile = parsed.GetValue(_subnetFile),
        Networks = parsed.GetValue(_networks)!,
    };

    private static IPNetwork? Range(string option, string? text) => text is null
        ? null
        : IpRange.TryParse(text, out var range)
            ? range
            : throw new ArgumentException($"{option} \"{text}\" is not a range; write address/prefix with the host bits zero");
}
