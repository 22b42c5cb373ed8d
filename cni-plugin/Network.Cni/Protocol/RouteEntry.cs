using Network.Cni.Ipam;
using Network.Netlink;

namespace Network.Cni.Protocol;

/// <summary>A route as configurations and results write it.</summary>
/// <param name="Gateway">Null means the gateway of the address of that family.</param>
internal sealed record RouteEntry(Subnet Destination, Ip? Gateway)
{
    internal uint Mtu { get; init; }

    internal uint AdvertisedMss { get; init; }

    internal uint Priority { get; init; }

    internal uint? Table { get; init; }

    internal byte? Scope { get; init; }

    internal static RouteEntry Parse(ConfigObject config)
    {
        if (!Subnet.TryParse(config.Text("dst"), out var destination))
            throw config.Invalid("dst", config.Text("dst"), "a network such as 0.0.0.0/0");
        Ip? gateway = config.Text("gw") is not { } text ? null
            : Ip.TryParse(text, out var given) && given.IsV6 == destination.IsV6 ? given
            : throw config.Invalid("gw", text, $"an address of the family of {destination}");
        return new RouteEntry(destination, gateway)
        {
            Mtu = (uint)config.Number("mtu", ushort.MaxValue),
            AdvertisedMss = (uint)config.Number("advmss", ushort.MaxValue),
            Priority = (uint)config.Number("priority"),
            Table = config.TryGet("table", out _) ? (uint)config.Number("table") : null,
            Scope = config.TryGet("scope", out _) ? (byte)config.Number("scope", byte.MaxValue) : null,
        };
    }

    internal Route On(int linkIndex)
    {
        var route = new Route(Destination.Network)
        {
            LinkIndex = linkIndex,
            Gateway = Gateway?.ToAddress(),
            Mtu = Mtu,
            AdvertisedMss = AdvertisedMss,
            Priority = Priority,
            Scope = Scope ?? 0,
        };
        return Table is { } table ? route with { Table = table } : route;
    }
}
