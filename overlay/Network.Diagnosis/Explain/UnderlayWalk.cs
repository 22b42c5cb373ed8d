using System.Net;
using Network.Diagnosis.Facts;
using Network.Netlink;

namespace Network.Diagnosis.Explain;

/// <summary>One cable between two machines: out by a device here, in by a device there.</summary>
public sealed record UnderlayStep(MachineFacts From, Link Out, IPAddress Gateway, MachineFacts To, Link In);

/// <summary>The way of a packet from machine to machine, as their routes have it now. Pure.</summary>
/// <param name="Steps">In order; the last ends at the destination unless something is in the way.</param>
/// <param name="Stop">The machine that knows no further, or null when the packet arrives.</param>
/// <param name="Why">Why it ends there.</param>
public sealed record UnderlayWalk(IReadOnlyList<UnderlayStep> Steps, MachineFacts? Stop, string Why)
{
    private const int MostHops = 32;

    /// <summary>The smallest MTU of the devices on the way; 0 without a step.</summary>
    public int Mtu => Steps.Count == 0 ? 0 : Steps.Min(step => Math.Min(step.Out.Mtu, step.In.Mtu));

    public IEnumerable<MachineFacts> Machines => Steps.Select(step => step.From).Concat(Steps.Select(step => step.To)).Distinct();

    public static UnderlayWalk Of(ClusterView view, MachineFacts from, IPAddress to)
    {
        var steps = new List<UnderlayStep>();
        for (var at = from; !at.Has(to); at = steps[^1].To)
        {
            if (steps.Count == MostHops)
                return new UnderlayWalk(steps, at, $"the routes lead in a circle: {string.Join(" > ", steps.TakeLast(4).Select(step => step.From.Name))}");
            if (at.RouteTo(to) is not { } route)
                return new UnderlayWalk(steps, at, $"{at.Name} has no route to {to}");
            if (!route.IsUnicast)
                return new UnderlayWalk(steps, at, $"the route of {at.Name} to {route.Destination} says unreachable or blackhole");
            if (at.LinkOf(route.LinkIndex) is not { } device)
                return new UnderlayWalk(steps, at, $"the route of {at.Name} to {route.Destination} has no device");
            var next = route.Gateway ?? to;
            if (view.OwnerOf(next) is not { } machine || machine == at)
                return new UnderlayWalk(steps, at, $"{at.Name} sends to {next}, which no machine of the cluster has");
            var into = machine.Addresses.First(address => address.Address.Equals(next)).LinkIndex;
            steps.Add(new UnderlayStep(at, device, next, machine, machine.LinkOf(into)!));
        }

        return new UnderlayWalk(steps, null, "");
    }
}
