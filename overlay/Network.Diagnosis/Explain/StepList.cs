using System.Net;
using Network.Diagnosis.Facts;
using Network.Diagnosis.Trace;

namespace Network.Diagnosis.Explain;

/// <summary>Tells a probe's way layer by layer, beside what was expected. Pure.</summary>
internal static class StepList
{
    internal static IReadOnlyList<Step> Of(ClusterView view, Question question, Aim aim, ProbeWatch watch, (Way? There, Way? Back) ways, bool reached)
    {
        var steps = new List<Step>();
        if (aim.IsService)
            steps.Add(Rules(view, question, aim, watch));
        if (ways.There is { } there)
        {
            if (there.Points.FirstOrDefault(point => point.Role == "tunnel") is { } tunnel)
                steps.Add(Route(view, tunnel, watch, aim));
            steps.AddRange(Places(there, watch));
        }

        steps.Add(Answer(question, watch, reached));
        return steps;
    }

    private static Step Rules(ClusterView view, Question question, Aim aim, ProbeWatch watch)
    {
        var node = question.From.Machine.Name;
        var behind = watch.Sightings.FirstOrDefault(seen => seen.Leg == Leg.Forward && !seen.Headers.Destination.Equals(aim.Target.Address));
        var count = question.Aims.Count(other => !other.IsService);
        var mode = view.Rules.TryGetValue(node, out var rules) && rules.Count > 0 ? rules[0].Mode.ToString().ToLowerInvariant() : "no rules read";
        if (behind is null)
            return new Step("proxy", node, $"{aim.Target} was translated to no endpoint ({count} known, {mode})", StepState.Bad);
        var endpoint = new IPEndPoint(behind.Headers.Destination, behind.Headers.DestinationPort);
        return new Step("proxy", node, $"{aim.Target} > {endpoint} ({view.PodAt(endpoint.Address)?.Id ?? "no pod"}, 1 of {count}, {mode})", StepState.Good);
    }

    private static Step Route(ClusterView view, Waypoint tunnel, ProbeWatch watch, Aim aim)
    {
        var machine = view.MachineOf(tunnel.Place)!;
        var to = watch.Sightings.Where(seen => seen.Leg == Leg.Forward).Select(seen => seen.Headers.Destination).FirstOrDefault(address => view.PodAt(address) is not null) ?? aim.Target.Address;
        if (machine.RouteTo(to) is not { } route)
            return new Step("route", machine.Name, $"no route to {to}", StepState.Bad);
        var gateway = route.Gateway ?? to;
        var device = machine.LinkOf(route.LinkIndex);
        var mac = machine.Neighbours.FirstOrDefault(entry => entry.LinkIndex == route.LinkIndex && entry.Address.Equals(gateway))?.Mac;
        var remote = machine.Fdb.FirstOrDefault(entry => entry.LinkIndex == route.LinkIndex && entry.Mac.Equals(mac ?? default) && entry.Remote is not null)?.Remote;
        return new Step("route", machine.Name, $"{route} dev {device?.Name}, neighbour {mac?.ToString() ?? "unknown"}, node {remote?.ToString() ?? "unknown"}", device?.Vxlan is not null && mac is not null && remote is not null && view.OwnerOf(remote) is not null ? StepState.Good : StepState.Bad);
    }

    // One line a place, with the devices in order and the time since the probe left.
    private static IEnumerable<Step> Places(Way way, ProbeWatch watch)
    {
        var forward = watch.Sightings.Where(seen => seen is { Leg: Leg.Forward, Reason: null }).ToList();
        for (var at = 0; at < way.Points.Count;)
        {
            var place = way.Points[at].Place;
            var points = way.Points.Skip(at).TakeWhile(point => point.Place == place).ToList();
            at += points.Count;
            var seen = points.Select(point => (point, Seen: forward.FirstOrDefault(sighting => sighting.Is(point)))).ToList();
            var last = seen.LastOrDefault(pair => pair.Seen is not null).Seen;
            var drop = Verdict.Dropped(watch).FirstOrDefault(dropped => dropped.Place == place && dropped.Leg == Leg.Forward);
            var text = string.Join(" > ", seen.Select(pair => pair.Seen is null ? $"[not {pair.point.Device}]" : pair.point.Device));
            if (last is not null)
                text += $" after {Verdict.Ms(TimeSpan.FromTicks((last.Time - watch.Sightings[0].Time) / 100))}";
            if (drop is not null)
                text += $"; dropped: {drop.Reason} in {drop.Function}";
            yield return new Step(points[0].Role == "pod" ? "pod" : points.Any(point => point.Role == "tunnel") ? "tunnel" : "wire", place, text,
                drop is not null ? StepState.Bad : seen.All(pair => pair.Seen is not null) ? StepState.Good : last is null && forward.Count == 0 ? StepState.Unknown : StepState.Bad);
        }
    }

    private static Step Answer(Question question, ProbeWatch watch, bool reached)
    {
        var replies = watch.Sightings.Where(seen => seen is { Leg: Leg.Reply, Reason: null }).ToList();
        var home = replies.LastOrDefault(seen => seen.Place == question.From.Name && seen.Kind == PacketEventKind.Received);
        var places = string.Join(" > ", replies.Select(seen => seen.Place).Aggregate(new List<string>(), (list, place) =>
        {
            if (list.Count == 0 || list[^1] != place)
                list.Add(place);
            return list;
        }));
        if (replies.Count == 0)
            return new Step("reply", question.From.Name, reached ? "not looked at" : "none", reached ? StepState.Unknown : StepState.Bad);
        var time = Verdict.Ms(TimeSpan.FromTicks((replies[^1].Time - watch.Sightings[0].Time) / 100));
        return new Step("reply", question.From.Name, $"{places} after {time}{((replies[0].Headers.Flags & PacketHeaders.Reset) != 0 ? ", a reset" : "")}", home is not null && reached ? StepState.Good : StepState.Bad);
    }
}
