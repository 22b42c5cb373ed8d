using Network.Netlink;

namespace Network.Overlay;

/// <summary>
/// Desired against actual, as ordered changes. Everything permanent on our own device and every route of our protocol
/// is ours: what is not wanted goes, route first; what is missing comes, route last, because a route without its
/// neighbour makes the kernel ask for an address nobody answers for.
/// </summary>
internal static class OverlayDiff
{
    /// <summary>The device cannot be changed into the wanted one; it must be made anew.</summary>
    internal static bool MustRecreate(Link device, OverlayPlan plan) =>
        device.Vxlan is not { } actual || actual != plan.Device.Info;

    /// <summary>What to change on a device that stays; null when nothing.</summary>
    internal static LinkChange? DeviceChange(Link device, OverlayPlan plan)
    {
        var change = new LinkChange
        {
            Mac = device.Mac == plan.Device.Mac ? null : plan.Device.Mac,
            Mtu = device.Mtu == plan.Device.Mtu ? null : plan.Device.Mtu,
            Up = device.IsUp ? null : true,
        };
        return change == new LinkChange() ? null : change;
    }

    /// <summary>Appends the changes to the batch, in the order in which they must be made.</summary>
    internal static void Write(OverlayPlan plan, OverlayState state, RouteBatch batch)
    {
        var device = state.Device.Index;
        WriteAddresses(plan, state, batch);
        if (plan.Peers is not { } peers)
            return;
        WriteRemovals(peers, state, batch);
        var neighbours = state.Neighbours.ToHashSet();
        foreach (var peer in peers)
        {
            var neighbour = OverlayPlan.NeighbourOf(peer, device);
            if (!neighbours.Contains(neighbour))
                batch.NeighbourReplace(neighbour);
        }

        var fdb = state.Fdb.Select(entry => (entry.Mac, entry.Remote)).ToHashSet();
        foreach (var peer in peers)
        {
            if (!fdb.Contains((peer.VtepMac, peer.UnderlayAddress)))
                batch.FdbReplace(OverlayPlan.FdbOf(peer, device));
        }

        var routes = state.Routes.ToHashSet();
        foreach (var peer in peers)
        {
            var route = OverlayPlan.RouteOf(peer, device);
            if (!routes.Contains(route))
                batch.RouteReplace(route);
        }
    }

    private static void WriteAddresses(OverlayPlan plan, OverlayState state, RouteBatch batch)
    {
        var wanted = plan.Address with { LinkIndex = state.Device.Index };
        var present = false;
        foreach (var address in state.Addresses)
        {
            if (address.Address.Equals(wanted.Address) && address.PrefixLength == wanted.PrefixLength)
                present = true;
            else if (!address.Address.IsIPv6LinkLocal)
                batch.AddressDelete(address);
        }

        if (!present)
            batch.AddressReplace(wanted);
    }

    private static void WriteRemovals(IReadOnlyList<Peer> peers, OverlayState state, RouteBatch batch)
    {
        var device = state.Device.Index;
        var wanted = peers.ToDictionary(peer => peer.PodCidr);
        foreach (var route in state.Routes)
        {
            var ours = route.LinkIndex == device ? !IsKernels(route) : route.Protocol == OverlayPlan.RouteProtocol;
            // One that differs only in how it gets there is replaced in place, without a moment of no route.
            if (ours && (!wanted.ContainsKey(route.Destination) || route.Priority != 0))
                batch.RouteDelete(route);
        }

        var remotes = peers.GroupBy(peer => peer.VtepMac)
            .ToDictionary(group => group.Key, group => group.Select(peer => peer.UnderlayAddress).ToHashSet());
        var actual = state.Fdb.Select(entry => (entry.Mac, entry.Remote)).ToHashSet();
        foreach (var entry in state.Fdb)
        {
            var known = remotes.TryGetValue(entry.Mac, out var addresses);
            var replacedInPlace = known && !addresses!.Any(address => actual.Contains((entry.Mac, address)));
            if (!replacedInPlace && !(known && entry.Remote is not null && addresses!.Contains(entry.Remote)))
                batch.FdbDelete(entry);
        }

        var gateways = peers.Select(peer => peer.PodCidr.BaseAddress).ToHashSet();
        foreach (var neighbour in state.Neighbours)
        {
            if (neighbour.IsPermanent && !gateways.Contains(neighbour.Address))
                batch.NeighbourDelete(neighbour);
        }
    }

    // Multicast, link-local and such come and go with the device itself (RTPROT_KERNEL).
    private static bool IsKernels(Route route) => route.Protocol == 2;
}
