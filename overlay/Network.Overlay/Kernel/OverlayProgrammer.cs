using System.Net.Sockets;
using Network.Linux;
using Network.Netlink;

namespace Network.Overlay;

/// <summary>The only writer: makes devices, addresses and kernel parameters equal to a plan. Every pass is complete in itself and may be repeated.</summary>
internal sealed class OverlayProgrammer(RouteSocket socket, OverlaySettings settings)
{
    private static readonly LinkChange s_nothing = new();
    private readonly IBackend _backend = BackendList.Of(settings.Backend);

    internal Underlay ReadUnderlay() => Underlay.Choose(settings, socket.Links(), socket.Addresses(), socket.Routes());

    internal Link? ReadDevice(string name) => socket.Link(name);

    /// <summary>The MAC that a device of an earlier life has.</summary>
    internal MacAddress? MacOf(AddressFamily family, Underlay underlay)
    {
        var families = _backend.TunnelsOver(settings, underlay);
        return families.Contains(family) ? ReadDevice(family == families[0] ? settings.DeviceName : settings.SecondDeviceName)?.Mac : null;
    }

    /// <summary>Makes or adopts the devices of the plan and removes those it does not name.</summary>
    /// <param name="done">Gets a line for everything that had to be changed.</param>
    internal OverlayPlan EnsureDevices(OverlayPlan plan, List<string> done)
    {
        foreach (var name in (string[])[settings.DeviceName, settings.SecondDeviceName])
        {
            if (plan.Tunnels.All(tunnel => tunnel.Device.Name != name) && ReadDevice(name) is { Kind: "vxlan" or "wireguard" } stray)
            {
                socket.Execute(batch => batch.LinkDelete(stray.Index));
                done.Add($"delete link {name}");
            }
        }

        return plan.WithIndexes(tunnel => EnsureDevice(tunnel.Device, done));
    }

    /// <summary>Notes what the device's addresses lack or have too much.</summary>
    internal static void CompareAddresses(OverlayPlan plan, OverlayState state, ChangeSet changes)
    {
        foreach (var tunnel in plan.Tunnels)
        {
            var present = state.Addresses.Where(address => address.LinkIndex == tunnel.Index && !address.Address.IsIPv6LinkLocal).ToList();
            foreach (var wanted in tunnel.Addresses.Where(wanted => !present.Any(address => Same(address, wanted))))
                changes.First(batch => batch.AddressReplace(wanted with { LinkIndex = tunnel.Index }));
            foreach (var stray in present.Where(address => !tunnel.Addresses.Any(wanted => Same(address, wanted))))
                changes.First(batch => batch.AddressDelete(stray));
        }

        static bool Same(InterfaceAddress one, InterfaceAddress other) => one.Address.Equals(other.Address) && one.PrefixLength == other.PrefixLength;
    }

    /// <summary>Removes the devices and every route of ours.</summary>
    internal void Remove()
    {
        var batch = new RouteBatch();
        var ours = OverlayState.OwnershipOf(new OverlayPlan { Settings = settings, Underlay = new Underlay(0, "", 0, []), Tunnels = [], PodMtu = 0 });
        foreach (var route in socket.Routes().Where(ours))
            batch.RouteDelete(route);
        foreach (var name in (string[])[settings.DeviceName, settings.SecondDeviceName])
        {
            if (ReadDevice(name) is { Kind: "vxlan" or "wireguard" } device)
                batch.LinkDelete(device.Index);
        }

        if (socket.TryExecute(batch).Select(refusal => refusal.Error).FirstOrDefault(error => !ChangeSet.IsAlreadyGone(error)) is { } error)
            throw error;
    }

    /// <summary>Forwarding, and bridged packets shown to iptables: without it service replies on one node bypass their translation.</summary>
    /// <returns>True when something had been altered.</returns>
    internal bool EnsureSysctls(OverlayPlan plan) => InNetNs(() =>
    {
        var underlay = plan.Underlay.Name;
        var changed = plan.Tunnels.Aggregate(false, (changed, tunnel) => changed | Loosen(tunnel.Device.Name));
        changed |= Sysctl.TrySet("net/ipv4/ip_forward", "1") | Sysctl.TrySet("net/bridge/bridge-nf-call-iptables", "1");
        if (settings.PodCidrs.V6 is null)
            return changed;
        // A router ignores advertisements, by which the underlay may have its address; 2 listens all the same.
        if (File.Exists($"/proc/sys/net/ipv6/conf/{underlay}/accept_ra") && Sysctl.Get($"net/ipv6/conf/{underlay}/accept_ra") == "1")
            changed |= Sysctl.TrySet($"net/ipv6/conf/{underlay}/accept_ra", "2");
        return changed | Sysctl.TrySet("net/ipv6/conf/all/forwarding", "1") | Sysctl.TrySet("net/bridge/bridge-nf-call-ip6tables", "1");
    });

    private int EnsureDevice(LinkSpec wanted, List<string> done)
    {
        var device = ReadDevice(wanted.Name);
        if (device is not null && _backend.MustRecreate(device, wanted))
        {
            socket.Execute(batch => batch.LinkDelete(device.Index));
            device = null;
        }

        if (device is null)
        {
            Create(wanted);
            done.Add($"add link {wanted.Name}");
            device = ReadDevice(wanted.Name) ?? throw new LinuxException($"get link {wanted.Name}", Errno.ENODEV, "it vanished after it was made");
        }

        // Also right after creation: udev may already have replaced the MAC (MACAddressPolicy=persistent).
        if (DeviceChange(device, wanted) is not { } change)
            return device.Index;
        socket.Execute(batch => batch.LinkSet(device.Index, change));
        done.Add($"change link {wanted.Name}");
        return device.Index;
    }

    /// <summary>What to change on a device that stays; null when nothing.</summary>
    internal static LinkChange? DeviceChange(Link device, LinkSpec wanted)
    {
        var change = new LinkChange
        {
            Mac = wanted.Mac is null || device.Mac == wanted.Mac ? null : wanted.Mac,
            Mtu = device.Mtu == wanted.Mtu ? null : wanted.Mtu,
            Up = device.IsUp ? null : true,
        };
        return change == s_nothing ? null : change;
    }

    private void Create(LinkSpec wanted)
    {
        try
        {
            socket.Execute(batch => batch.LinkAdd(wanted));
        }
        catch (LinuxException e) when (e.Errno == Errno.EOPNOTSUPP)
        {
            throw new OverlayException(
                $"node {settings.NodeName}: this kernel has no {_backend.Name} (add link {wanted.Name}: {e.Detail ?? e.Errno.ToString()}); load or build the module, or use another of {BackendNames.All}");
        }

        InNetNs(() => Sysctl.TrySet($"net/ipv6/conf/{wanted.Name}/accept_ra", "0") | Loosen(wanted.Name));
    }

    // Node-to-pod replies may come by another way than the request went, which the strict check (RFC 3704, section 2.2) refuses. The
    // greater of the two values counts. Where neither asks for a check none is added: it costs a look-up a packet.
    private static bool Loosen(string device)
    {
        var own = $"net/ipv4/conf/{device}/rp_filter";
        return File.Exists($"/proc/sys/{own}") && Math.Max(int.Parse(Sysctl.Get(own)), int.Parse(Sysctl.Get("net/ipv4/conf/all/rp_filter"))) == 1 && Sysctl.TrySet(own, "2");
    }

    private bool InNetNs(Func<bool> code) => settings.NetNs is { } ns ? NetNs.Run(ns, code) : code();
}
