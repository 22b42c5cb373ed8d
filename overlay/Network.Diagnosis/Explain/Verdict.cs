using System.Net;
using System.Net.Sockets;
using Network.Diagnosis.Facts;
using Network.Diagnosis.Findings;
using Network.Diagnosis.Probes;
using Network.Diagnosis.Trace;

namespace Network.Diagnosis.Explain;

/// <summary>Holds what the analyzers found against what the probes met. Pure; not for several threads.</summary>
internal sealed class Verdict
{
    private readonly ClusterView _view;
    private readonly Question _question;
    private readonly IReadOnlyList<Finding> _findings;
    private readonly HashSet<string> _names;
    private readonly List<Trial> _trials = [];
    private readonly List<Finding> _seen = [];

    internal Verdict(ClusterView view, Question question, IReadOnlyList<Finding> findings)
    {
        (_view, _question, _findings) = (view, question, findings);
        _names = [question.From.Machine.Name, .. question.Absent.Select(pod => pod.Id)];
        if (question.From.Pod is { } pod)
            _names.Add(pod.Id);
        if (question.Service is { } service)
            _names.UnionWith([service.Id, "service"]);
        if (question.Name is not null)
            _names.UnionWith(["dns", $"dns@{question.From.Machine.Name}"]);
        if (question.Absent.Any(absent => absent.Node.Length == 0))
            _names.Add("scheduler");
        foreach (var absent in question.Absent.Where(absent => absent.Node.Length > 0))
            _names.UnionWith([absent.Node, "kubelet"]);
        // Who writes endpoints matters to a question whose endpoints are wrong.
        if (findings.Any(finding => finding.Kind == Kinds.EndpointStale && finding.Concerns(_names)))
            _names.Add("controllers");
        if (question.Name?.Fault is { } fault)
            _seen.Add(fault);
    }

    internal void Add(Aim aim, ProbeWatch watch)
    {
        var target = TargetOf(aim, watch);
        var way = target is null ? null : WayFinder.Find(_view, _question.From, target);
        var back = target is null ? null : Back(target);
        _names.UnionWith(way?.Names ?? new HashSet<string>());
        _names.UnionWith(back?.Names ?? new HashSet<string>());
        var reached = watch.Result.Outcome == ProbeOutcome.Answered || (aim.Protocol == ProtocolType.Udp && watch.Result.Outcome == ProbeOutcome.Silent && Arrived(watch, way) && !Dropped(watch).Any());
        _trials.Add(new Trial(aim, OutcomeOf(watch, reached), reached, StepList.Of(_view, _question, aim, watch, (way, back), reached), HopsOf(watch)));
        if (!reached && !aim.IsService && _view.ServiceCidr?.Contains(aim.Target.Address) == true)
            _seen.Add(new Finding(Kinds.NoSuchService, "cluster", aim.Label, $"{aim.Target.Address} is of the range of services ({_view.ServiceCidr}), and no service has it", "ask for the service by its name: kubectl get services -A"));
        else if (!reached)
            _seen.AddRange(Divergence.Of(aim, watch, (way, back), _question.From));
        else if (watch.Sightings.FirstOrDefault(seen => seen.Leg == Leg.Reply && seen.Place == _question.From.Name && seen.Kind == PacketEventKind.Received) is { } answer
            && !answer.Headers.Source.Equals(aim.Target.Address))
            _seen.Add(Divergence.Wrong(aim, answer));
    }

    internal void AddLarge(ProbeWatch watch)
    {
        if (watch.Result.Outcome != ProbeOutcome.Silent)
            return;
        var target = watch.Result.Probe.Target.Address;
        var drop = Dropped(watch).FirstOrDefault();
        var last = watch.Sightings.LastOrDefault(seen => seen.Reason is null);
        var where = drop?.Place ?? last?.Place ?? _question.From.Name;
        _seen.Add(new Finding(Kinds.LargeLost, where, target.ToString(), $"packets of {watch.Result.Probe.Size} bytes from {_question.From.Name} do not reach {target}, small ones do: "
            + (drop is not null ? $"{where} drops them at {drop.Device} ({drop.Reason}), and nobody tells the sender" : last is null ? "they leave no trace" : $"last seen at {last.Device} of {where}"),
            "the MTU of the device named, or whoever drops ICMP \"fragmentation needed\" on the way back") { Look = "ip link show on each machine of the way; ip route get" });
    }

    internal Explanation Explain(IReadOnlyList<string> used, IReadOnlyList<string> missing)
    {
        var relevant = _findings.Where(finding => finding.Concerns(_names)).ToList();
        // What was seen is the effect; where its cause is known it only repeats it.
        var failed = _trials.Any(trial => !trial.Reached);
        var explained = relevant.Any(finding => finding.Kind.Severity == Severity.Error);
        relevant.AddRange(_seen.Where(finding => !explained || Keeps(finding, relevant)));
        return new Explanation(_question, _trials, relevant.DistinctBy(finding => (finding.Kind, finding.Where, finding.Text)).OrderByDescending(finding => finding.Kind.Severity).ThenByDescending(finding => failed && finding.Kind.Component != "kernel")
            .ThenBy(finding => finding.Kind.Id, StringComparer.Ordinal).ToList(), used, missing);
    }

    // Names and sizes are causes of their own; that a packet was lost is what another finding explains.
    private static bool Keeps(Finding seen, List<Finding> relevant) => !seen.Kind.Id.StartsWith("NET9", StringComparison.Ordinal)
        && !(seen.Kind == Kinds.LargeLost && relevant.Any(finding => finding.Kind == Kinds.LinkMtuDiffers));

    // A service's packet goes to one endpoint: the first address it is seen with behind the rules.
    private IPAddress? TargetOf(Aim aim, ProbeWatch watch)
    {
        if (!aim.IsService)
            return aim.Target.Address;
        return watch.Sightings.Where(seen => seen.Leg == Leg.Forward).Select(seen => seen.Headers.Destination).FirstOrDefault(address => !address.Equals(aim.Target.Address))
            ?? watch.Sightings.Where(seen => seen.Leg == Leg.Reply).Select(seen => seen.Headers.Source).FirstOrDefault(address => !address.Equals(aim.Target.Address));
    }

    private Way? Back(IPAddress target)
    {
        var source = _question.From.Address(target.AddressFamily);
        if (source is null)
            return null;
        if (_view.PodAt(target) is { } pod && _view.MachineOf(pod.Node) is { } node)
            return WayFinder.Find(_view, new Origin(pod, node), source);
        return _view.OwnerOf(target) is { } machine ? WayFinder.Find(_view, new Origin(null, machine), source) : null;
    }

    internal static bool Arrived(ProbeWatch watch, Way? way) => way is { Points: [.., var last] } && watch.Sightings.Any(seen => seen.Leg == Leg.Forward && seen.Is(last));

    internal static IEnumerable<Sighting> Dropped(ProbeWatch watch) => watch.Sightings.Where(seen => seen is { Reason: not null, Leg: not Leg.Error, Meaning.Ordinary: false });

    private static string OutcomeOf(ProbeWatch watch, bool reached) => watch.Result.Outcome switch
    {
        ProbeOutcome.Answered => $"answered after {Ms(watch.Result.Took)}",
        ProbeOutcome.Refused => $"refused after {Ms(watch.Result.Took)}",
        ProbeOutcome.Silent when reached => "arrived (a datagram is not always answered)",
        ProbeOutcome.Silent => $"no answer within {Ms(watch.Result.Probe.Timeout)}",
        _ => watch.Result.Text,
    };

    private static List<Hop> HopsOf(ProbeWatch watch) =>
        watch.Sightings.Select(seen => new Hop(TimeSpan.FromTicks((seen.Time - watch.Sightings[0].Time) / 100), seen)).ToList();

    internal static string Ms(TimeSpan time) => $"{time.TotalMilliseconds.ToString(time.TotalMilliseconds < 10 ? "0.00" : "0", System.Globalization.CultureInfo.InvariantCulture)} ms";
}
