using System.Buffers.Binary;
using System.Net;
using Network.Linux;

namespace Network.Labs.Topology;

/// <summary>One end of a link, with everything the builder needs to know about it.</summary>
public sealed record LinkEnd(string Machine, LabLink Link, string Device, IPAddress Address);

/// <summary>A static route of a machine.</summary>
public sealed record StaticRoute(IPNetwork Destination, IPAddress Via);

/// <summary>Addresses, device names and routes that follow from a topology. Pure.</summary>
public sealed class Addressing
{
    private readonly LabTopology _topology;
    private readonly Dictionary<string, List<LinkEnd>> _ends = [];

    public Addressing(LabTopology topology)
    {
        _topology = topology;
        foreach (var link in topology.Links)
        {
            for (var i = 0; i < link.Ends.Count; i++)
            {
                var machine = link.Ends[i];
                var ends = _ends.TryGetValue(machine, out var known) ? known : _ends[machine] = [];
                var device = InterfaceName.Fit(topology.Routers.Contains(machine) ? $"{machine}-{link.Name}" : $"{machine}-eth{ends.Count}");
                ends.Add(new LinkEnd(machine, link, device, Offset(link.Subnet, i + 1)));
            }
        }
    }

    public IReadOnlyList<LinkEnd> EndsOf(string machine) => _ends.GetValueOrDefault(machine) ?? [];

    /// <summary>The address others know a machine by: the one on its first link.</summary>
    public IPAddress AddressOf(string machine) => _ends[machine][0].Address;

    /// <summary>Shortest paths to every segment a machine is not on, hop by hop through routers; none for those that learn them by BGP.</summary>
    public IReadOnlyList<StaticRoute> RoutesOf(string machine)
    {
        if (_topology.Bgp.Any(router => router.Name == machine))
            return [];
        var routes = new List<StaticRoute>();
        var reached = EndsOf(machine).Select(end => end.Link.Name).ToHashSet();
        var frontier = new Queue<(LabLink Link, IPAddress? Via)>(EndsOf(machine).Select(end => (end.Link, (IPAddress?)null)));
        while (frontier.TryDequeue(out var at))
        {
            foreach (var router in at.Link.Ends.Where(end => _topology.Routers.Contains(end) && end != machine))
            {
                var via = at.Via ?? EndsOf(router).First(end => end.Link == at.Link).Address;
                foreach (var next in EndsOf(router).Select(end => end.Link).Where(link => reached.Add(link.Name)))
                {
                    routes.Add(new StaticRoute(next.Subnet, via));
                    frontier.Enqueue((next, via));
                }
            }
        }

        routes.AddRange(LoopbackRoutes(machine));
        return routes;
    }

    private IEnumerable<StaticRoute> LoopbackRoutes(string machine) =>
        EndsOf(machine).SelectMany(end => end.Link.Ends.Where(other => _topology.Bgp.Any(router => router.Name == other)).Select(router => EndsOf(router).First(other => other.Link == end.Link).Address))
            .FirstOrDefault() is { } gateway ? _topology.Bgp.Select(router => new StaticRoute(new IPNetwork(router.Loopback, 32), gateway)) : [];

    /// <summary>
    /// Addresses for load balancers: the last eighth of the first segment, but its broadcast address; null where the segment is too small for that.
    /// </summary>
    public static string? BalancerPool(LabTopology topology)
    {
        var link = topology.Links[0];
        var size = 1 << (32 - link.Subnet.PrefixLength);
        return size < 64 || link.Ends.Count >= size * 7 / 8 ? null : $"{Offset(link.Subnet, size - (size / 8))}-{Offset(link.Subnet, size - 2)}";
    }

    private static IPAddress Offset(IPNetwork network, int offset)
    {
        var bytes = network.BaseAddress.GetAddressBytes();
        BinaryPrimitives.WriteUInt32BigEndian(bytes, BinaryPrimitives.ReadUInt32BigEndian(bytes) + (uint)offset);
        return new IPAddress(bytes);
    }
}
