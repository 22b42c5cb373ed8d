using Network.Cni.Ipam;
using Network.Cni.Protocol;
using Network.Cni.Types.Veth;
using Network.Linux;
using Network.Netlink;

namespace Network.Cni.Types.Bridge;

/// <summary>The node's bridge: made on demand, never removed by a pod's going.</summary>
/// <param name="found">The bridge, where there is one already.</param>
internal sealed class NodeBridge(RouteSocket node, VethConfig config, Link? found, IReadOnlyList<GrantedAddress> addresses)
{
    private readonly string _name = config.Bridge!;
    private readonly bool _hasV6 = addresses.Any(address => address.Address.IsV6);

    /// <summary>The bridge where it is there already; a device of another kind is refused before anything is made for the pod.</summary>
    internal static Link? Find(RouteSocket node, VethConfig config)
    {
        if (config.Bridge is not { } name || node.Link(name) is not { } link)
            return null;
        return link.Kind == "bridge" ? link : throw new CniException(CniError.InvalidConfig,
            $"field bridge names {name}, which is {(link.Kind is null ? "no bridge" : $"a {link.Kind} device")}; name another");
    }

    /// <summary>The bridge, and in the batch what it lacks.</summary>
    internal Link Ensure(RouteBatch batch)
    {
        var link = found ?? Create();
        var mtu = config.Mtu == 0 || link.Mtu == config.Mtu ? (int?)null : config.Mtu;
        if (!link.IsUp || mtu is not null || config.Promiscuous)
            batch.LinkSet(link.Index, new LinkChange { Up = true, Mtu = mtu, Promiscuous = config.Promiscuous ? true : null });
        return mtu is null ? link : link with { Mtu = config.Mtu };
    }

    internal IEnumerable<InterfaceAddress> GatewaysOn(Link bridge) => !config.IsGateway ? [] : addresses
        .Where(address => address.Gateway is not null)
        .Select(address => OwnAddress.On(bridge.Index, address.Gateway!.Value, address.PrefixLength));

    /// <summary>After the node's podCIDR changed the former gateway address must go, else two networks claim the bridge.</summary>
    internal void RemoveFormerGateways(Link bridge)
    {
        var own = GatewaysOn(bridge).Select(gateway => gateway.Address).ToHashSet();
        var batch = new RouteBatch();
        foreach (var address in node.Addresses(bridge.Index))
        {
            if (!own.Contains(address.Address) && !address.Address.IsIPv6LinkLocal)
                batch.AddressDelete(address);
        }

        node.TryExecute(batch);
    }

    private Link Create()
    {
        // An address of its own: else it takes that of its lowest port, and every neighbour's entry goes stale with each pod.
        var mac = addresses.FirstOrDefault(address => address.Gateway is not null)?.Gateway?.Mac ?? Attachment.MacOf(_name, "bridge");
        try
        {
            var spec = new BridgeSpec(_name) { Mac = mac, Mtu = config.Mtu, Up = true };
            node.Execute(batch => batch.LinkAdd(spec));
        }
        catch (LinuxException e) when (e.Errno == Errno.EEXIST)
        {
            // Another pod's ADD was faster.
        }

        Sysctl.TrySet($"net/ipv6/conf/{_name}/accept_ra", "0");
        if (config.HostPrefix)
            Sysctl.TrySet($"net/ipv4/conf/{_name}/send_redirects", "0");
        if (_hasV6)
        {
            Sysctl.TrySet($"net/ipv6/conf/{_name}/disable_ipv6", "0");
            Sysctl.TrySet($"net/ipv6/conf/{_name}/accept_dad", "0");
        }

        return node.Link(_name) ?? throw new LinuxException($"get link {_name}", Errno.ENODEV, "it vanished after it was made");
    }
}
