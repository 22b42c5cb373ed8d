using Network.Diagnosis.Findings;
using Network.Diagnosis.Probes;
using Network.Diagnosis.Trace;

namespace Network.Diagnosis.Explain;

/// <summary>Where a probe that did not arrive left its way: what was seen, before anybody knows why. Pure.</summary>
internal static class Divergence
{
    internal static IEnumerable<Finding> Of(Aim aim, ProbeWatch watch, (Way? There, Way? Back) ways, Origin from)
    {
        if (watch.Result.Outcome == ProbeOutcome.Refused)
            return [Refused(aim, watch, ways.There)];
        if (Verdict.Dropped(watch).FirstOrDefault() is { } drop)
            return [Drop(aim, drop)];
        if (watch.Result.Outcome == ProbeOutcome.Unreachable)
            return [new Finding(Kinds.NoUnderlayRoute, from.Machine.Name, aim.Label, $"{from.Name} cannot send to {aim.Target}: {watch.Result.Text}{ErrorBy(watch)}", "the route to this address, on the machine named")];
        if (watch.Sightings.FirstOrDefault(seen => seen.Leg == Leg.Reply && seen.Place == from.Name && seen.Kind == PacketEventKind.Received) is { } answer && !answer.Headers.Source.Equals(aim.Target.Address))
            return [Wrong(aim, answer)];
        if (watch.Sightings.LastOrDefault(seen => seen.Leg == Leg.Reply) is { } reply)
            return [new Finding(Kinds.ReplyLost, reply.Place, aim.Label, $"{aim.Label} answered, and the answer was last seen at {reply.Device} of {reply.Place}", "podnet drops on that machine; the way back differs from the way there")];
        return [Lost(aim, watch, ways.There)];
    }

    internal static Finding Wrong(Aim aim, Sighting answer) =>
        new(Kinds.WrongAnswer, answer.Place, aim.Label, $"{aim.Target.Address} was asked, {answer.Headers.Source} answered: the answer was not translated back", "the answer must pass the node that translated the question: net.bridge.bridge-nf-call-iptables, and routes that are not symmetric");

    private static Finding Refused(Aim aim, ProbeWatch watch, Way? there)
    {
        var by = watch.Sightings.FirstOrDefault(seen => seen.Leg is Leg.Reply or Leg.Error);
        var where = by?.Place ?? there?.Points[^1].Place ?? aim.Label;
        return where.StartsWith("pod/", StringComparison.Ordinal) && Verdict.Arrived(watch, there)
            ? new Finding(Kinds.NoListener, where, aim.Label, $"{where} refuses {aim.Target}: no program listens there", "the program, or the port that was asked for (targetPort)")
            : new Finding(Kinds.Refused, where, aim.Label, $"{aim.Target} is refused by {where}: its rules reject it", "a service without endpoints is rejected by the sender's node: podnet svc explain");
    }

    private static Finding Drop(Aim aim, Sighting drop)
    {
        var meaning = drop.Meaning!;
        var answer = drop.Leg == Leg.Reply ? "the answer of " : "";
        return new Finding(Kinds.Dropped, drop.Place, drop.Device, $"{drop.Place} drops {answer}{aim.Label} at {(drop.Device.Length > 0 ? drop.Device : "no device")} ({drop.Reason} in {drop.Function}): {meaning.Text}", meaning.Look) { Look = meaning.Look };
    }

    private static Finding Lost(Aim aim, ProbeWatch watch, Way? there)
    {
        var last = watch.Sightings.LastOrDefault(seen => seen.Leg == Leg.Forward);
        var next = there?.Points.FirstOrDefault(point => !watch.Sightings.Any(seen => seen.Leg == Leg.Forward && seen.Is(point)));
        if (last is null)
            return new Finding(Kinds.Lost, there?.Points.FirstOrDefault()?.Place ?? aim.Label, aim.Label, $"the probe to {aim.Target} was seen nowhere", "podnet drops; this kernel may not show packets (see the sources below)");
        return next is null
            ? new Finding(Kinds.ReplyLost, last.Place, aim.Label, $"the probe to {aim.Target} reached {last.Device} of {last.Place}, and nobody answered", "the program there; a rule of that machine that drops without a word")
            : new Finding(Kinds.Lost, last.Place, aim.Label, $"the probe to {aim.Target} was last seen at {last.Device} of {last.Place} and did not come to {next.Device} of {next.Place}", "podnet capture at both devices");
    }

    private static string ErrorBy(ProbeWatch watch) => watch.Sightings.FirstOrDefault(seen => seen.Leg == Leg.Error) is { } error ? $" (told by {error.Headers.Source}, {error.Place})" : "";
}
