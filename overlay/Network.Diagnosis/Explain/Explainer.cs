using System.Net;
using System.Net.Sockets;
using Network.Diagnosis.Analyzers;
using Network.Diagnosis.Facts;
using Network.Diagnosis.Findings;
using Network.Diagnosis.Probes;

namespace Network.Diagnosis.Explain;

/// <summary>Answers a question: analyzers say what is wrong on the way, probes show whether packets agree.</summary>
public static class Explainer
{
    // IP packets of the small probes and their answers: a SYN, an echo and a datagram are made equally long; a reset is shorter.
    private static readonly int[] s_sizes = [40, 60, 80];
    // What the kernel still has to say after the last answer: drops behind the probe, timers of a neighbour that does not answer.
    private static readonly TimeSpan s_settle = TimeSpan.FromMilliseconds(50);

    /// <summary>Takes about one second when something is silent, a tenth of one when all answer.</summary>
    public static Task<Explanation> RunAsync(ClusterView view, Question question, CancellationToken cancel) => RunAsync(view, question, AnalyzerList.Look(view), observe: true, cancel);

    /// <param name="findings">Of all analyzers, for the same view.</param>
    /// <param name="observe">Whether to follow the probes from device to device.</param>
    public static async Task<Explanation> RunAsync(ClusterView view, Question question, IReadOnlyList<Finding> findings, bool observe, CancellationToken cancel)
    {
        var (used, missing) = (new List<string> { "kernel state (netlink)", "probes" }, new List<string>());
        if (view.ApiFault is null)
            used.Insert(0, "API server");
        else
            missing.Add($"API server ({view.ApiFault})");
        if (view.Rules.Count > 0)
            used.Add("service rules");
        if (view.Connections.Count > 0)
            used.Add("conntrack");
        var large = question.From.Pod?.Network?.LinkOf("eth0")?.Mtu ?? 0;
        using var recorder = observe ? Record(view, large, used, missing) : null;
        var results = await Task.WhenAll(question.Aims.Select(aim => Prober.SendAsync(new ProbeSpec(question.From.NetNs, aim.Target, aim.Protocol), cancel))).ConfigureAwait(false);
        var largeResults = await LargeAsync(view, question, results, large, cancel).ConfigureAwait(false);
        if (observe)
            await Task.Delay(s_settle, cancel).ConfigureAwait(false);
        var seen = recorder?.End() ?? [];
        if (recorder is { Lost: > 0 and var lost })
            missing.Add($"{lost} packets, which came faster than they could be read");
        var watches = results.Concat(largeResults).Select(result => new ProbeWatch(result)).ToList();
        foreach (var sighting in seen)
            _ = watches.FirstOrDefault(watch => watch.Offer(sighting));
        var verdict = new Verdict(view, question, findings);
        for (var i = 0; i < results.Length; i++)
            verdict.Add(question.Aims[i], watches[i]);
        foreach (var watch in watches.Skip(results.Length))
            verdict.AddLarge(watch);
        return verdict.Explain(used, missing);
    }

    private static ProbeRecorder? Record(ClusterView view, int large, List<string> used, List<string> missing)
    {
        try
        {
            var recorder = ProbeRecorder.Open(view, large > 0 ? [.. s_sizes, large] : s_sizes);
            used.Add("packets at every device and drop reasons (BPF)");
            return recorder;
        }
        catch (Exception e) when (e is Linux.LinuxException or InvalidDataException or IOException)
        {
            missing.Add($"packets at every device and drop reasons (BPF: {e.Message})");
            return null;
        }
    }

    // To pods that answer small ones: as large as the sender's device takes, and whole. Twice, because the first may be what tells
    // the sender of a smaller way.
    private static async Task<IReadOnlyList<ProbeResult>> LargeAsync(ClusterView view, Question question, ProbeResult[] results, int size, CancellationToken cancel)
    {
        var targets = results.Where(result => size > 0 && result.Outcome is ProbeOutcome.Answered or ProbeOutcome.Refused && view.PodAt(result.Probe.Target.Address) is { } pod && pod != question.From.Pod)
            .Select(result => result.Probe.Target.Address).Distinct().ToList();
        return await Task.WhenAll(targets.Select(async target =>
        {
            var probe = new ProbeSpec(question.From.NetNs, new IPEndPoint(target, 0), ProtocolType.Icmp) { Size = size, Timeout = TimeSpan.FromMilliseconds(400) };
            var first = await Prober.SendAsync(probe, cancel).ConfigureAwait(false);
            return first.Outcome == ProbeOutcome.Silent ? await Prober.SendAsync(probe, cancel).ConfigureAwait(false) : first;
        })).ConfigureAwait(false);
    }
}
