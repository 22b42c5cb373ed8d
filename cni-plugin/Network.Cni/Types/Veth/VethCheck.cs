using System.Net;
using Network.Cni.Ipam;
using Network.Cni.Protocol;
using Network.Netlink;

namespace Network.Cni.Types.Veth;

/// <summary>CHECK: everything ADD made is still there.</summary>
internal sealed class VethCheck(Attachment attachment, VethConfig config, NetworkConfig network)
{
    /// <param name="reserved">What address management says; null when the earlier result must do.</param>
    internal void Run(RouteSocket node, RouteSocket pod, IReadOnlyList<Ip>? reserved)
    {
        var addresses = reserved ?? [.. Previous().Select(ip => ip.Address)];
        var link = pod.Link(attachment.IfName) ?? throw Failed("has no interface");
        if (!link.IsUp)
            throw Failed("has its interface down");
        if ((config.Mac ?? (addresses.Count > 0 ? addresses[0].Mac : null)) is { } mac && link.Mac != mac)
            throw Failed($"has MAC {link.Mac} instead of {mac}");
        var present = pod.Addresses(link.Index).Select(own => Ip.Of(own.Address)).ToHashSet();
        foreach (var address in addresses)
        {
            if (!present.Contains(address))
                throw Failed($"lost address {address}");
        }

        CheckRoutes(pod, link.Index);
        CheckNode(node, addresses);
    }

    private void CheckRoutes(RouteSocket pod, int index)
    {
        var routes = pod.Routes(linkIndex: index);
        foreach (var (address, gateway) in Previous())
        {
            if (!config.IsDefaultGateway || gateway is not { } wanted)
                continue;
            if (!routes.Any(route => route.Destination.PrefixLength == 0 && route.Gateway is { } has && Ip.Of(has) == wanted))
                throw Failed($"lost its default route via {wanted}");
        }
    }

    private void CheckNode(RouteSocket node, IReadOnlyList<Ip> addresses)
    {
        var host = node.Link(attachment.HostName) ?? throw Failed($"has no host device {attachment.HostName}");
        if (!host.IsUp)
            throw Failed($"has its host device {attachment.HostName} down");
        if (config.Bridge is not { } name)
        {
            var routes = node.Routes(linkIndex: host.Index).Select(route => route.Destination).ToHashSet();
            foreach (var address in addresses)
            {
                if (!routes.Contains(new IPNetwork(address.ToAddress(), address.Bits)))
                    throw Failed($"has no route to {address} on the node");
            }

            return;
        }

        var bridge = node.Link(name) ?? throw Failed($"has no bridge {name}");
        if (host.MasterIndex != bridge.Index)
            throw Failed($"has its host device {attachment.HostName} not on bridge {name}");
    }

    private IEnumerable<(Ip Address, Ip? Gateway)> Previous()
    {
        var interfaces = network.PreviousResult.Objects("interfaces").Select(item => (Name: item.Text("name"), Sandbox: item.Text("sandbox"))).ToList();
        foreach (var ip in network.PreviousResult.Objects("ips"))
        {
            // A list may hold the addresses of other interfaces too.
            if (ip.TryGet("interface", out _) && (int)ip.Number("interface", int.MaxValue) is var at
                && (at >= interfaces.Count || interfaces[at].Name != attachment.IfName || interfaces[at].Sandbox is not { Length: > 0 }))
                continue;
            if (!Subnet.TryParseAddress(ip.Text("address"), out var address, out _))
                throw ip.Invalid("address", ip.Text("address"), "an address such as 10.244.1.5/24");
            yield return (address, Ip.TryParse(ip.Text("gateway") ?? "", out var gateway) ? gateway : null);
        }
    }

    private CniException Failed(string what) => new(CniError.CheckFailed, $"{attachment} {what}; delete and add it again");
}
