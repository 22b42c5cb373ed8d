using Network.Cni.Ipam;
using Network.Cni.Protocol;
using Network.Cni.Types.Bandwidth;
using Network.Cni.Types.Portmap;
using Network.Netlink;

namespace Network.Cni.Types.Veth;

/// <summary>What is done to a pod's traffic beyond its link: ports of the node, masquerading, limits.</summary>
internal sealed class PodTraffic(PortRules ports, Limits? limits, string network, string? bridge)
{
    /// <summary>Under a reference plugin's name ports and limits are the business of the plugins behind it.</summary>
    internal static PodTraffic Of(Invocation call, VethConfig config, bool isReference) => new(
        PortRules.Of(call, config.Masquerade, withMappings: !isReference), isReference ? null : Limits.Parse(call.Config), call.Config.Name, config.Bridge);

    internal void Set(RouteSocket node, Attachment attachment, IReadOnlyList<GrantedAddress> addresses)
    {
        if (limits is { Any: true } wanted && node.Link(attachment.HostName) is { } host)
            new Shaper(node, network).Set(attachment, host.Index, wanted);
        ports.Set(attachment, addresses, [bridge ?? attachment.HostName]);
    }

    internal void Remove(RouteSocket node, Attachment attachment)
    {
        ports.Remove(attachment);
        if (limits is not null)
            new Shaper(node, network).Remove(attachment);
    }

    internal void Check(RouteSocket node, Attachment attachment)
    {
        ports.Check(attachment);
        if (limits is { } wanted)
            new Shaper(node, network).Check(attachment, wanted);
    }

    internal void Collect(RouteSocket node, HashSet<(string ContainerId, string IfName)> valid)
    {
        ports.Collect(valid);
        if (limits is not null)
            new Shaper(node, network).Collect(valid, host => bridge is not null && node.Link(bridge)?.Index != host.MasterIndex);
    }
}
