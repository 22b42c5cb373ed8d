using Network.Cni.Ipam;
using Network.Cni.Protocol;
using Network.Cni.Types.Bridge;
using Network.Linux;
using Network.Netlink;

namespace Network.Cni.Types.Veth;

/// <summary>
/// ADD: a veth pair, its two ends set up by one batch in each namespace. Asked again for the same container and
/// interface it makes the same.
/// </summary>
/// <param name="found">The bridge, where there is one already.</param>
internal sealed class VethAdd(RouteSocket node, PodNetNs pod, Attachment attachment, VethConfig config, Link? found, IpamAnswer granted)
{
    private static readonly TimeSpan s_carrierDeadline = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan s_dadDeadline = TimeSpan.FromSeconds(10);
    private readonly MacAddress _mac = config.Mac ?? granted.Addresses.Select(address => (MacAddress?)address.Address.Mac).FirstOrDefault() ?? attachment.HostMac;
    private readonly bool _hasV6 = granted.Addresses.Any(address => address.Address.IsV6);

    private string IfName => attachment.IfName;

    internal AttachResult Run()
    {
        var batch = new RouteBatch();
        var nodeBridge = config.IsPtp ? null : new NodeBridge(node, config, found, granted.Addresses);
        var bridge = nodeBridge?.Ensure(batch);
        if (granted.IsNew || !IsAttached())
            Attach(batch, nodeBridge, bridge);
        else
            node.TryExecute(batch);
        return Describe(bridge);
    }

    private bool IsAttached()
    {
        if (node.Link(attachment.HostName) is null || pod.Route.Link(IfName) is not { } link)
            return false;
        var present = pod.Route.Addresses(link.Index).Select(own => Ip.Of(own.Address)).ToHashSet();
        return granted.Addresses.All(wanted => present.Contains(wanted.Address));
    }

    private void Attach(RouteBatch batch, NodeBridge? nodeBridge, Link? bridge)
    {
        EnableForwarding();
        var gatewayAt = batch.Count;
        var gateways = 0;
        foreach (var gateway in bridge is null ? [] : nodeBridge!.GatewaysOn(bridge))
        {
            batch.AddressAdd(gateway);
            gateways++;
        }

        AddPair(batch, bridge);
        var gatewaysThatWere = 0;
        foreach (var refusal in TryMakePair(batch, bridge))
        {
            if (refusal.Error.Errno != Errno.EEXIST || refusal.Index < gatewayAt || refusal.Index >= gatewayAt + gateways)
                throw refusal.Error;
            gatewaysThatWere++;
        }

        if (gatewaysThatWere < gateways)
            nodeBridge!.RemoveFormerGateways(bridge!);
        var host = node.Link(attachment.HostName) ?? throw new LinuxException($"get link {attachment.HostName}", Errno.ENODEV);
        FinishNode(host, bridge);
        ConfigurePod(host.ParentIndex);
        AwaitCarrier(bridge);
        Announce(host.ParentIndex);
    }

    private void AddPair(RouteBatch batch, Link? bridge) => batch
        .LinkAdd(new VethSpec(attachment.HostName, IfName)
        {
            Mac = attachment.HostMac,
            PeerMac = _mac,
            PeerNetNs = pod.Descriptor,
            Mtu = config.Mtu,
            MasterIndex = bridge?.Index ?? 0,
            Up = true,
        })
        .LinkSet(attachment.HostName, new LinkChange
        {
            Alias = attachment.Alias,
            Group = config.Group,
            Hairpin = bridge is null ? null : config.Hairpin,
            Isolated = bridge is not null && config.PortIsolation ? true : null,
            Locked = bridge is not null && config.MacSpoofCheck ? true : null,
            Ipv6LinkLocal = File.Exists("/proc/net/if_inet6") ? false : null,
        });

    // A crash between address and veth, or between veth and address, left half an attachment: then begin again.
    private IReadOnlyList<NetlinkRefusal> TryMakePair(RouteBatch batch, Link? bridge)
    {
        var refusals = node.TryExecute(batch);
        var pairAt = batch.Count - 2;
        if (!refusals.Any(refusal => refusal.Index == pairAt && refusal.Error.Errno == Errno.EEXIST))
            return refusals;
        var rest = refusals.Where(refusal => refusal.Index < pairAt).ToList();
        if (node.Link(attachment.HostName) is { } leftover)
        {
            node.Execute(again => again.LinkDelete(leftover.Index));
            var retry = new RouteBatch();
            AddPair(retry, bridge);
            refusals = node.TryExecute(retry);
            if (refusals.Count == 0)
                return rest;
        }

        if (refusals.FirstOrDefault(refusal => refusal.Error.Errno == Errno.EEXIST).Error is { } exists)
            throw new CniException(CniError.InterfaceExists,
                $"interface {IfName} already exists in {attachment.NetNs}; delete it or choose another name", exists.Message);
        throw refusals[0].Error;
    }

    private void FinishNode(Link host, Link? bridge)
    {
        var batch = new RouteBatch();
        if (bridge is null)
        {
            foreach (var address in granted.Addresses)
            {
                var gateway = address.Gateway ?? throw new CniException(CniError.InvalidConfig, $"address {address} comes without a gateway; point to point needs one");
                batch.AddressAdd(OwnAddress.On(host.Index, gateway, gateway.Bits));
            }

            // The device has no link-local address to ask by, and there is only one who could answer.
            foreach (var address in granted.Addresses)
            {
                batch.NeighbourReplace(new Neighbour(host.Index, address.Address.ToAddress(), _mac));
                batch.RouteAdd(new RouteEntry(new Subnet(address.Address, address.Address.Bits), null) { Scope = LinkScope }.On(host.Index));
            }
        }
        else if (config.MacSpoofCheck)
        {
            const byte master = 4;
            const ushort noArp = 64;
            batch.FdbReplace(new FdbEntry(host.Index, _mac, null) { Flags = master, State = noArp });
        }

        node.Execute(batch);
    }

    private void ConfigurePod(int index)
    {
        if (_hasV6)
            pod.Run(SetPodParameters);
        // The kernel then announces the addresses whenever the device comes up or changes its address.
        var batch = new RouteBatch().LinkSet("lo", new LinkChange { Up = true }).LinkSet(index, new LinkChange { Up = true, ArpNotify = true });
        foreach (var address in granted.Addresses)
            batch.AddressAdd(OwnAddress.On(index, address.Address, config.HostPrefix ? address.Address.Bits : address.PrefixLength, config.EnableDad));
        if (config.HostPrefix)
        {
            foreach (var gateway in granted.Addresses.Where(address => address.Gateway is not null).Select(address => address.Gateway!.Value).Distinct())
                batch.RouteAdd(new RouteEntry(new Subnet(gateway, gateway.Bits), null) { Scope = LinkScope }.On(index));
        }

        foreach (var route in Routes())
            batch.RouteAdd(route.On(index));
        pod.Route.Execute(batch);
        if (config.EnableDad)
            AwaitDuplicateDetection(index);
    }

    private void SetPodParameters()
    {
        Sysctl.TrySet("net/ipv6/conf/lo/disable_ipv6", "0");
        Sysctl.TrySet($"net/ipv6/conf/{IfName}/disable_ipv6", "0");
        Sysctl.TrySet($"net/ipv6/conf/{IfName}/accept_ra", "0");
        Sysctl.TrySet($"net/ipv6/conf/{IfName}/keep_addr_on_down", "1");
        Sysctl.TrySet($"net/ipv6/conf/{IfName}/ndisc_notify", "1");
        if (!config.EnableDad)
            Sysctl.TrySet($"net/ipv6/conf/{IfName}/accept_dad", "0");
    }

    private void EnableForwarding()
    {
        if (config.IsGateway || config.IsPtp)
        {
            if (granted.Addresses.Any(address => !address.Address.IsV6))
                Sysctl.Set("net/ipv4/ip_forward", "1");
            if (_hasV6)
                Sysctl.TrySet("net/ipv6/conf/all/forwarding", "1");
        }
    }

    private void AwaitDuplicateDetection(int index)
    {
        IReadOnlyList<InterfaceAddress> present = [];
        var ended = SpinWait.SpinUntil(() =>
        {
            present = pod.Route.Addresses(index);
            return present.Any(address => address.IsDuplicate) || !present.Any(address => address.IsTentative);
        }, s_dadDeadline);
        if (present.FirstOrDefault(address => address.IsDuplicate) is { } duplicate)
            throw new CniException(CniError.TryAgainLater, $"address {duplicate.Address} of {IfName} is in use elsewhere on {config.Bridge ?? attachment.HostName}; look who answers for it (ip neigh)");
        if (!ended || granted.Addresses.Any(wanted => !present.Any(address => Ip.Of(address.Address) == wanted.Address)))
            throw new CniException(CniError.TryAgainLater, $"duplicate address detection of {IfName} found no end within {s_dadDeadline.TotalSeconds:0} s");
    }

    // The kernel's link watcher opens the port when it has seen its carrier, and then the bridge itself when this is its
    // first port. A packet before that is lost, and its ARP is repeated only after a second.
    private void AwaitCarrier(Link? bridge) => SpinWait.SpinUntil(
        () => IsForwarding(attachment.HostName) && (bridge is null || IsForwarding(bridge.Index)), s_carrierDeadline);

    private bool IsForwarding(LinkRef link) => node.Link(link) is null or { OperState: OperState.Up };

    // Setting the address that it has makes the kernel announce it: gratuitous ARP and unsolicited neighbour advertisements
    // (RFC 5227 section 3, RFC 4861 section 7.2.6). A packet socket of ours would cost a grace period when it is closed.
    private void Announce(int index) => pod.Route.TryExecute(new RouteBatch().LinkSet(index, new LinkChange { Mac = _mac }));

    private IReadOnlyList<RouteEntry> Routes()
    {
        List<RouteEntry> routes = [];
        foreach (var route in granted.Routes)
        {
            var gateway = route.Gateway ?? granted.Addresses.FirstOrDefault(address => address.Address.IsV6 == route.Destination.IsV6 && address.Gateway is not null)?.Gateway;
            routes.Add(route with { Gateway = gateway });
        }

        foreach (var address in config.IsDefaultGateway ? granted.Addresses : [])
        {
            if (address.Gateway is { } gateway && !routes.Exists(route => route.Destination.Length == 0 && route.Destination.IsV6 == gateway.IsV6))
                routes.Add(new RouteEntry(new Subnet(gateway.IsV6 ? default : Ip.V4(0), 0), gateway));
        }

        return routes;
    }

    private AttachResult Describe(Link? bridge)
    {
        var mtu = config.Mtu != 0 ? config.Mtu : bridge?.Mtu ?? 1500;
        List<ResultInterface> interfaces = [];
        if (bridge is not null)
            interfaces.Add(new ResultInterface(bridge.Name, (bridge.Mac ?? default).ToString(), mtu, null));
        interfaces.Add(new ResultInterface(attachment.HostName, attachment.HostMac.ToString(), mtu, null));
        interfaces.Add(new ResultInterface(IfName, _mac.ToString(), mtu, attachment.NetNs));
        return new AttachResult
        {
            Interfaces = interfaces,
            AddressInterface = interfaces.Count - 1,
            Addresses = [.. granted.Addresses.Select(address => config.HostPrefix ? address with { PrefixLength = address.Address.Bits } : address)],
            Routes = Routes(),
            Dns = granted.Dns,
        };
    }

    private const byte LinkScope = 253;
}
