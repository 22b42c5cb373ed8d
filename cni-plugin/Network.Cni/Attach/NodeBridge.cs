using Network.Cni.Protocol;
using Network.Linux;
using Network.Netlink;

namespace Network.Cni.Attach;

/// <summary>The node's bridge: made on demand, never removed by a pod's going.</summary>
internal sealed class NodeBridge(RouteSocket node, NetworkConfig config)
{
    private readonly InterfaceAddress _gateway = new(0, Subnet.ToAddress(config.Subnet.Gateway), config.Subnet.PrefixLength);

    internal Link Ensure()
    {
        var link = node.Link(config.Bridge) ?? Create();
        if (link.Kind != "bridge")
            throw new CniException(CniError.InvalidConfig, $"field bridge names {config.Bridge}, which is a {link.Kind} device; name another");
        if (link.IsUp && (config.Mtu == 0 || link.Mtu == config.Mtu))
            return link;
        node.Execute(batch => batch.LinkSet(link.Index, new LinkChange { Up = true, Mtu = config.Mtu == 0 ? null : config.Mtu }));
        return config.Mtu == 0 ? link : link with { Mtu = config.Mtu };
    }

    internal InterfaceAddress GatewayOn(Link bridge) => _gateway with { LinkIndex = bridge.Index };

    /// <summary>After the node's podCIDR changed the former gateway address must go, else two networks claim the bridge.</summary>
    internal void RemoveFormerGateways(Link bridge)
    {
        var batch = new RouteBatch();
        foreach (var address in node.Addresses(bridge.Index))
        {
            if (address.Address.GetAddressBytes().Length == 4 && !address.Address.Equals(_gateway.Address))
                batch.AddressDelete(address);
        }

        node.TryExecute(batch);
    }

    private Link Create()
    {
        try
        {
            var spec = new BridgeSpec(config.Bridge) { Mac = Subnet.MacOf(config.Subnet.Gateway), Mtu = config.Mtu, Up = true };
            node.Execute(batch => batch.LinkAdd(spec));
        }
        catch (LinuxException e) when (e.Errno == Errno.EEXIST)
        {
            // Another pod's ADD was faster.
        }

        Sysctl.TrySet($"net/ipv6/conf/{config.Bridge}/accept_ra", "0");
        Sysctl.Set("net/ipv4/ip_forward", "1");
        return node.Link(config.Bridge) ?? throw new LinuxException($"get link {config.Bridge}", Errno.ENODEV, "it vanished after it was made");
    }
}
