using Network.Cni.Protocol;
using Network.Cni.Types.Veth;
using Network.Netlink;
using Network.Netlink.TrafficControl;

namespace Network.Cni.Types.Bandwidth;

/// <summary>
/// Limits in force on a pod's host device. What the pod receives leaves that device and waits in its queue; what the pod
/// sends arrives there, where nothing can wait, and is sent through a device of its own that can.
/// </summary>
internal sealed class Shaper(RouteSocket node, string network)
{
    internal void Set(Attachment attachment, int hostIndex, Limits limits)
    {
        if (limits.Ingress is { } ingress)
            node.Execute(batch => batch.ShapeEgress(hostIndex, ingress));
        if (limits.Egress is not { } egress)
            return;
        // Asked again, or after a crash: what was redirected before would lead nowhere.
        if (node.Link(attachment.ShaperName) is not null)
        {
            LinkRemoval.Delete(node, attachment.ShaperName);
            node.TryExecute(new RouteBatch().ClearIngress(hostIndex));
        }

        var host = node.Link(hostIndex);
        node.Execute(batch => batch
            .LinkAdd(new IfbSpec(attachment.ShaperName) { Up = true, Mtu = host?.Mtu ?? 0 })
            .LinkSet(attachment.ShaperName, new LinkChange { Alias = $"{network}/{attachment.Alias}", Group = LinkGroup.Of(network) }));
        var shaper = node.Link(attachment.ShaperName)!.Index;
        node.Execute(batch => batch.ShapeEgress(shaper, egress).RedirectIngress(hostIndex, shaper));
    }

    /// <summary>The queues on the host device go with it.</summary>
    internal void Remove(Attachment attachment) => LinkRemoval.Delete(node, attachment.ShaperName);

    internal void Check(Attachment attachment, Limits limits)
    {
        if (limits.Egress is not null && node.Link(attachment.ShaperName) is not { IsUp: true })
            throw new CniException(CniError.CheckFailed, $"{attachment} lost {attachment.ShaperName}, which limits what it sends; delete and add it again");
    }

    /// <param name="belongsToOthers">Whether a pod's device that is there is somebody else's to collect.</param>
    internal void Collect(HashSet<(string ContainerId, string IfName)> valid, Func<Link, bool> belongsToOthers)
    {
        var known = valid.Select(pair => new Attachment(pair.ContainerId, pair.IfName, "", "").ShaperName).ToHashSet();
        foreach (var link in node.Links())
        {
            if (link.Kind == "ifb" && link.Group == LinkGroup.Of(network) && !known.Contains(link.Name)
                && (node.Link($"v{link.Name[1..]}") is not { } host || !belongsToOthers(host)))
                LinkRemoval.Delete(node, link.Name);
        }
    }
}
