using Network.Netlink;

namespace Network.Overlay;

/// <summary>
/// Pods made before the underlay's MTU changed still have the former one: too large means black holes, too small means
/// waste. Bridge, host ends and the pods' own ends follow; the latter through the namespace ids the kernel gives with the
/// host ends, so no namespace has to be entered.
/// </summary>
internal static class PodMtu
{
    internal static void Write(string bridge, int mtu, IReadOnlyList<Link> links, ChangeSet changes)
    {
        if (links.FirstOrDefault(link => link.Name == bridge && link.Kind == "bridge") is not { } own)
            return;
        foreach (var port in links.Where(link => link.MasterIndex == own.Index && link.Kind == "veth" && link.Mtu != mtu))
        {
            changes.First(batch => batch.LinkSet(port.Index, new LinkChange { Mtu = mtu }));
            if (port.ParentIndex != 0)
                changes.First(batch => batch.LinkSet(port.ParentIndex, new LinkChange { Mtu = mtu, InNetNsId = port.ParentNetNsId }));
        }

        if (own.Mtu != mtu)
            changes.First(batch => batch.LinkSet(own.Index, new LinkChange { Mtu = mtu }));
    }
}
