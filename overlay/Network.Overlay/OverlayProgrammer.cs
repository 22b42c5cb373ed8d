using Network.Linux;
using Network.Netlink;

namespace Network.Overlay;

/// <summary>What one pass over the kernel did.</summary>
/// <param name="Programmed">Peers whose three objects are in place afterwards.</param>
internal readonly record struct PassResult(int Changes, int Programmed, IReadOnlyList<LinuxException> Refusals);

/// <summary>The only writer: makes the kernel equal to a plan. Every pass is complete in itself and may be repeated.</summary>
internal sealed class OverlayProgrammer(RouteSocket socket, OverlaySettings settings)
{
    internal Underlay ReadUnderlay() => Underlay.Choose(settings, socket.Links(), socket.Addresses(), socket.Routes());

    internal Link? ReadDevice() => socket.Link(settings.DeviceName);

    internal PassResult Program(OverlayPlan plan)
    {
        var changes = 0;
        var device = EnsureDevice(plan, ref changes);
        var batch = new RouteBatch();
        OverlayDiff.Write(plan, OverlayState.Read(socket, device), batch);
        changes += batch.Count;
        var refusals = socket.TryExecute(batch).Where(refusal => !IsAlreadyGone(refusal.Error)).Select(refusal => refusal.Error).ToList();
        return new PassResult(changes, plan.Peers is null ? 0 : plan.Peers.Count - CountMissing(plan, device, changes), refusals);
    }

    /// <summary>Removes the device and every route of ours.</summary>
    internal void Remove()
    {
        var batch = new RouteBatch();
        foreach (var route in socket.Routes().Where(route => route.Protocol == OverlayPlan.RouteProtocol))
            batch.RouteDelete(route);
        if (ReadDevice() is { } device)
            batch.LinkDelete(device.Index);
        if (socket.TryExecute(batch).Select(refusal => refusal.Error).FirstOrDefault(error => !IsAlreadyGone(error)) is { } error)
            throw error;
    }

    private Link EnsureDevice(OverlayPlan plan, ref int changes)
    {
        var device = ReadDevice();
        if (device is not null && OverlayDiff.MustRecreate(device, plan))
        {
            socket.Execute(batch => batch.LinkDelete(device.Index));
            device = null;
            changes++;
        }

        if (device is null)
        {
            socket.Execute(batch => batch.LinkAdd(plan.Device));
            NetNsScope(() =>
            {
                Sysctl.TrySet($"net/ipv6/conf/{settings.DeviceName}/accept_ra", "0");
                // Loose: node-to-pod replies may come by another way than the request went.
                Sysctl.TrySet($"net/ipv4/conf/{settings.DeviceName}/rp_filter", "2");
            });
            device = ReadDevice() ?? throw new LinuxException($"get link {settings.DeviceName}", Errno.ENODEV, "it vanished after it was made");
            changes++;
        }

        // Also right after creation: udev may already have replaced the MAC (MACAddressPolicy=persistent).
        if (OverlayDiff.DeviceChange(device, plan) is not { } change)
            return device;
        socket.Execute(batch => batch.LinkSet(device.Index, change));
        changes++;
        return device with { IsUp = true };
    }

    /// <summary>Forwarding, and bridged packets shown to iptables: without it service replies on one node bypass their translation.</summary>
    internal void EnsureSysctls() => NetNsScope(() =>
    {
        Sysctl.TrySet("net/ipv4/ip_forward", "1");
        Sysctl.TrySet("net/bridge/bridge-nf-call-iptables", "1");
        if (settings.PodCidr.BaseAddress.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6)
            Sysctl.TrySet("net/ipv6/conf/all/forwarding", "1");
    });

    private int CountMissing(OverlayPlan plan, Link device, int changes)
    {
        if (changes == 0)
            return 0;
        var state = OverlayState.Read(socket, device);
        var neighbours = state.Neighbours.ToHashSet();
        var fdb = state.Fdb.Select(entry => (entry.Mac, entry.Remote)).ToHashSet();
        var routes = state.Routes.ToHashSet();
        return plan.Peers!.Count(peer => !neighbours.Contains(OverlayPlan.NeighbourOf(peer, device.Index))
            || !fdb.Contains((peer.VtepMac, peer.UnderlayAddress))
            || !routes.Contains(OverlayPlan.RouteOf(peer, device.Index)));
    }

    private void NetNsScope(Action code)
    {
        if (settings.NetNs is { } ns)
            NetNs.Run(ns, code);
        else
            code();
    }

    private static bool IsAlreadyGone(LinuxException error) =>
        error.Errno is Errno.ENOENT or Errno.ESRCH or Errno.ENODEV or Errno.EADDRNOTAVAIL && error.Operation.StartsWith("delete", StringComparison.Ordinal);
}
