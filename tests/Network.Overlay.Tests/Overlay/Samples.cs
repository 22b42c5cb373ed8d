using System.Net;
using Network.Netlink;

namespace Network.Overlay.Tests.Overlay;

/// <summary>Three nodes on 192.0.2.0/24 and 2001:db8::/64, seen from n1.</summary>
internal static class Samples
{
    internal const int Device = 9, SecondDevice = 10, Eth0 = 3;

    internal static OverlaySettings Settings { get; } = new()
    {
        NodeName = "n1",
        PodCidrs = new(IPNetwork.Parse("10.244.1.0/24"), null),
        ClusterCidrs = new(IPNetwork.Parse("10.244.0.0/16"), null),
        DeviceName = "w1-vx",
    };

    internal static OverlaySettings DualStack { get; } = Settings with
    {
        PodCidrs = new(IPNetwork.Parse("10.244.1.0/24"), IPNetwork.Parse("fd00:244:0:1::/64")),
        ClusterCidrs = new(IPNetwork.Parse("10.244.0.0/16"), IPNetwork.Parse("fd00:244::/48")),
    };

    internal static PerFamily<MacAddress> Macs { get; } = new(MacAddress.Parse("02:00:00:00:00:01"), MacAddress.Parse("02:00:00:00:06:01"));

    internal static Underlay V4Only { get; } = new(Eth0, "eth0", 1500, [IPAddress.Parse("192.0.2.1")])
    {
        Routes =
        [
            new Route(Route.DefaultV4) { LinkIndex = Eth0, Gateway = IPAddress.Parse("192.0.2.254") },
            new Route(IPNetwork.Parse("192.0.2.0/24")) { LinkIndex = Eth0, Scope = 253, Protocol = 2 },
        ],
    };

    internal static Underlay Both { get; } = V4Only with { Addresses = [IPAddress.Parse("192.0.2.1"), IPAddress.Parse("2001:db8::1")] };

    internal static Underlay V6Only { get; } = V4Only with { Addresses = [IPAddress.Parse("2001:db8::1")] };

    internal static Peer N2 { get; } = PeerOf(2);

    internal static Peer N3 { get; } = PeerOf(3);

    internal static Peer PeerOf(int number) => new(
        $"n{number}", IPNetwork.Parse($"10.244.{number}.0/24"), MacAddress.FromBytes([2, 0, 0, 0, 0, (byte)number]), IPAddress.Parse($"192.0.2.{number}"));

    /// <summary>Both families of pods, both of the underlay.</summary>
    internal static Peer DualPeer(int number) => new($"n{number}",
        new(IPNetwork.Parse($"10.244.{number}.0/24"), IPNetwork.Parse($"fd00:244:0:{number}::/64")),
        new(new PeerEnd(IPAddress.Parse($"192.0.2.{number}"), MacAddress.FromBytes([2, 0, 0, 0, 0, (byte)number])),
            new PeerEnd(IPAddress.Parse($"2001:db8::{number}"), MacAddress.FromBytes([2, 0, 0, 0, 6, (byte)number]))));

    internal static OverlayPlan Plan(OverlaySettings? settings = null, Underlay? underlay = null) =>
        OverlayPlan.For(settings ?? Settings, underlay ?? V4Only, Macs).WithIndexes(tunnel => tunnel.Device.Name.EndsWith('6') ? SecondDevice : Device);

    internal static IReadOnlyList<string> Words(ChangeSet changes)
    {
        var (batch, _) = changes.Build();
        return [.. Enumerable.Range(0, batch.Count).Select(batch.Describe)];
    }
}
