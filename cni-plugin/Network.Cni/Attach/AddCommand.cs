using Network.Cni.Ipam;
using Network.Cni.Protocol;
using Network.Linux;
using Network.Netlink;

namespace Network.Cni.Attach;

/// <summary>
/// ADD: an address, a veth pair, its two ends set up by one batch in each namespace. Asked again for the same
/// container and interface it answers the same; when it fails it leaves nothing behind.
/// </summary>
internal static class AddCommand
{
    private static readonly TimeSpan s_carrierDeadline = TimeSpan.FromSeconds(2);

    internal static AttachResult Run(Attachment attachment, NetworkConfig config)
    {
        using var pod = PodNetNs.Open(attachment);
        using var node = RouteSocket.Open();
        uint address;
        bool granted;
        using (var pool = AddressPool.Open(config))
            address = pool.Acquire(attachment, out granted);
        try
        {
            var nodeBridge = new NodeBridge(node, config);
            var bridge = nodeBridge.Ensure();
            if (granted || !IsAttached(node, pod.Route, attachment, address))
                Attach(node, pod, nodeBridge, bridge, new Plan(attachment, config, address));
            return new AttachResult(attachment, address, bridge.Mac ?? default, config.Mtu == 0 ? bridge.Mtu : config.Mtu);
        }
        catch
        {
            Undo(node, attachment, config, granted);
            throw;
        }
    }

    private static bool IsAttached(RouteSocket node, RouteSocket pod, Attachment attachment, uint address) =>
        node.Link(attachment.HostName) is not null
        && pod.Link(attachment.IfName) is { } link
        && pod.Addresses(link.Index).Any(own => own.Address.Equals(Subnet.ToAddress(address)));

    private static void Attach(RouteSocket node, PodNetNs pod, NodeBridge nodeBridge, Link bridge, Plan plan)
    {
        var attachment = plan.Attachment;
        // A crash between address and veth, or between veth and address, left half an attachment; begin again.
        if (node.Link(attachment.HostName) is { } leftover)
            node.Execute(batch => batch.LinkDelete(leftover.Index));
        var onNode = new RouteBatch()
            .LinkAdd(new VethSpec(attachment.HostName, attachment.IfName)
            {
                Mac = attachment.HostMac,
                PeerMac = Subnet.MacOf(plan.Address),
                PeerNetNs = pod.Descriptor,
                Mtu = plan.Config.Mtu,
                MasterIndex = bridge.Index,
                Up = true,
            })
            .LinkSet(attachment.HostName, new LinkChange
            {
                Alias = attachment.Alias,
                Hairpin = plan.Config.HairpinMode,
                Ipv6LinkLocal = HasIpv6 ? false : null,
            })
            .AddressAdd(nodeBridge.GatewayOn(bridge));
        var gatewayIsNew = true;
        foreach (var refusal in node.TryExecute(onNode))
        {
            if (refusal.Index == 2 && refusal.Error.Errno == Errno.EEXIST)
                gatewayIsNew = false;
            else if (refusal.Index == 0 && refusal.Error.Errno == Errno.EEXIST)
                throw new CniException(CniError.InterfaceExists,
                    $"interface {attachment.IfName} already exists in {attachment.NetNs}; delete it or choose another name", refusal.Error.Message);
            else
                throw refusal.Error;
        }

        if (gatewayIsNew)
            nodeBridge.RemoveFormerGateways(bridge);
        ConfigurePod(pod.Route, plan);
        AwaitCarrier(node, attachment, bridge);
    }

    private static void ConfigurePod(RouteSocket pod, Plan plan)
    {
        var name = plan.Attachment.IfName;
        var index = pod.Link(name)?.Index ?? throw new LinuxException($"get link {name}", Errno.ENODEV);
        pod.Execute(batch => batch
            .LinkSet("lo", new LinkChange { Up = true })
            .LinkSet(index, new LinkChange { Up = true })
            .AddressAdd(new InterfaceAddress(index, Subnet.ToAddress(plan.Address), plan.Config.Subnet.PrefixLength))
            .RouteAdd(new Route(Route.DefaultV4) { Gateway = Subnet.ToAddress(plan.Config.Subnet.Gateway), LinkIndex = index }));
    }

    // The kernel's link watcher opens the port when it has seen its carrier, and then the bridge itself when this is its
    // first port. A packet before that is lost, and its ARP is repeated only after a second.
    private static void AwaitCarrier(RouteSocket node, Attachment attachment, Link bridge) =>
        SpinWait.SpinUntil(() => IsForwarding(node, attachment.HostName) && IsForwarding(node, bridge.Index), s_carrierDeadline);

    private static bool IsForwarding(RouteSocket node, LinkRef link) => node.Link(link) is null or { OperState: OperState.Up };

    private static void Undo(RouteSocket node, Attachment attachment, NetworkConfig config, bool granted)
    {
        if (!granted)
            return;
        node.TryExecute(new RouteBatch().LinkDelete(attachment.HostName));
        using var pool = AddressPool.Open(config);
        pool.Release(attachment);
    }

    private static bool HasIpv6 => File.Exists("/proc/net/if_inet6");

    private readonly record struct Plan(Attachment Attachment, NetworkConfig Config, uint Address);
}
