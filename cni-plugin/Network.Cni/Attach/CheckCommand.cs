using System.Text.Json;
using Network.Cni.Ipam;
using Network.Cni.Protocol;
using Network.Netlink;

namespace Network.Cni.Attach;

/// <summary>CHECK: everything ADD made is still there.</summary>
internal static class CheckCommand
{
    internal static void Run(Attachment attachment, NetworkConfig config)
    {
        if (config.PreviousResult.ValueKind != JsonValueKind.Object)
            throw new CniException(CniError.InvalidConfig, "field prevResult is missing; CHECK needs the result of ADD");
        uint address;
        using (var pool = AddressPool.Open(config))
            address = pool.Find(attachment)?.Address ?? throw Failed(attachment, "has no address");
        var text = Subnet.ToAddress(address).ToString();
        if (!PreviousAddresses(config).Contains($"{text}/{config.Subnet.PrefixLength}"))
            throw Failed(attachment, $"has address {text}, which prevResult does not name");

        using var pod = PodNetNs.Open(attachment);
        CheckPod(pod.Route, attachment, config, address);
        using var node = RouteSocket.Open();
        CheckNode(node, attachment, config);
    }

    private static void CheckPod(RouteSocket pod, Attachment attachment, NetworkConfig config, uint address)
    {
        var link = pod.Link(attachment.IfName) ?? throw Failed(attachment, "has no interface");
        if (!link.IsUp)
            throw Failed(attachment, "has its interface down");
        if (link.Mac != Subnet.MacOf(address))
            throw Failed(attachment, $"has MAC {link.Mac} instead of {Subnet.MacOf(address)}");
        if (!pod.Addresses(link.Index).Any(own => own.Address.Equals(Subnet.ToAddress(address))))
            throw Failed(attachment, $"lost address {Subnet.ToAddress(address)}");
        var gateway = Subnet.ToAddress(config.Subnet.Gateway);
        if (!pod.Routes(linkIndex: link.Index).Any(route => route.Destination.PrefixLength == 0 && gateway.Equals(route.Gateway)))
            throw Failed(attachment, $"lost its default route via {gateway}");
    }

    private static void CheckNode(RouteSocket node, Attachment attachment, NetworkConfig config)
    {
        var bridge = node.Link(config.Bridge) ?? throw Failed(attachment, $"has no bridge {config.Bridge}");
        var host = node.Link(attachment.HostName) ?? throw Failed(attachment, $"has no host device {attachment.HostName}");
        if (!host.IsUp || host.MasterIndex != bridge.Index)
            throw Failed(attachment, $"has its host device {attachment.HostName} down or not on bridge {config.Bridge}");
    }

    private static HashSet<string?> PreviousAddresses(NetworkConfig config)
    {
        var addresses = new HashSet<string?>();
        if (config.PreviousResult.TryGetProperty("ips", out var ips) && ips.ValueKind == JsonValueKind.Array)
        {
            foreach (var ip in ips.EnumerateArray())
                addresses.Add(NetworkConfig.Text(ip, "address"));
        }

        return addresses;
    }

    private static CniException Failed(Attachment attachment, string what) =>
        new(CniError.CheckFailed, $"container {attachment.ContainerId} interface {attachment.IfName} {what}; delete and add it again");
}
