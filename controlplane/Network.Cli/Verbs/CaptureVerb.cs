using System.CommandLine;
using System.Net;
using k8s.Models;
using Microsoft.Win32.SafeHandles;
using Network.Capture;
using Network.Capture.Decode;
using Network.Capture.PcapNg;
using Network.Client;
using Network.Labs.Cluster;

namespace Network.Cli.Verbs;

/// <summary><c>podnet capture</c>: packets of pods, nodes and links, in one stream sorted by time.</summary>
internal static class CaptureVerb
{
    // Names are a convenience: a server that hangs is often the very reason for a capture.
    private static readonly TimeSpan s_namesPatience = TimeSpan.FromSeconds(2);

    internal static Command Create()
    {
        var words = new Argument<string[]>("target") { Description = "pod/[NAMESPACE/]NAME, node/NAME[/DEVICE], link/NAME, or a bare name; then a filter (pcap-filter(7))", Arity = ArgumentArity.OneOrMore };
        var name = Options.Cluster();
        var write = new Option<string?>("-w", "--write") { Description = "write pcapng to a file, or - for standard output" };
        var duration = new Option<string?>("--duration") { Description = "end after this time: 10s, 2m" };
        var count = new Option<long?>("--count") { Description = "end after this many packets" };
        var snaplen = Options.Number("--snaplen", "bytes kept of each packet", CaptureSettings.WholePacket);
        var inner = Options.Address("--inner-host", "only VXLAN frames that carry this address inside");
        var vni = new Option<int?>("--vni") { Description = "only VXLAN frames of this network" };
        var command = new Command("capture", """
            capture packets of pods, nodes and links as one pcapng stream sorted by time

            Examples:
              podnet capture node/w1 udp port 4789                        a line a packet
              podnet capture pod/client pod/web-0 node/w1 -w all.pcapng   one file, one clock
              podnet capture link/lan -w - | wireshark -k -i -
              podnet capture node/w1 --inner-host 10.244.2.5 -w - | tshark -i -
            """) { words, name, write, duration, count, snaplen, inner, vni };
        command.SetAction((parsed, cancel) =>
        {
            var paths = new ClusterPaths(parsed.GetValue(name)!);
            var (sources, filter) = Split(new CaptureTargets(paths), parsed.GetValue(words)!);
            var settings = new CaptureSettings(sources)
            {
                Filter = CaptureFilter.Build(filter, parsed.GetValue(inner), parsed.GetValue(vni)),
                SnapLength = parsed.GetValue(snaplen),
                Count = parsed.GetValue(count),
                Duration = parsed.GetValue(duration) is { } text ? Options.Duration("--duration", text) : null,
            };
            return RunAsync(paths, settings, parsed.GetValue(write), cancel);
        });
        return command;
    }

    private static async Task<int> RunAsync(ClusterPaths paths, CaptureSettings settings, string? file, CancellationToken cancel)
    {
        using var session = CaptureSession.Open(file == "-" ? settings with { Output = StandardOutput() } : settings, TimeProvider.System);
        if (file is null)
        {
            Summarize(await Task.Run(() => session.Run(new LineSink(Console.Out, TimeZoneInfo.Local), cancel), CancellationToken.None).ConfigureAwait(false));
            return 0;
        }

        var names = await NamesAsync(paths, cancel).ConfigureAwait(false);
        await using var output = file == "-" ? new FileStream(StandardOutput(), FileAccess.Write, 0) : File.Create(file);
        var sink = new PcapNgSink(output, "podnet", $"cluster {paths.Name}", names);
        Summarize(await Task.Run(() => session.Run(sink, cancel), CancellationToken.None).ConfigureAwait(false));
        return 0;
    }

    // Targets come first; from the first word that is none on, it is the filter.
    private static (IReadOnlyList<CaptureSource> Sources, string Filter) Split(CaptureTargets targets, string[] words)
    {
        var found = new List<CaptureTarget>();
        var used = 0;
        for (; used < words.Length && (words[used].Contains('/') || used == 0 || targets.Known().Any(known => known.EndsWith($"/{words[used]}", StringComparison.Ordinal))); used++)
            found.AddRange(targets.Resolve(words[used]));
        var sources = found.DistinctBy(target => target.Name).OrderBy(target => target.Kind)
            .Select(target => new CaptureSource(target.Name, target.NetNs, target.Device, target.Description));
        return (sources.ToList(), string.Join(' ', words[used..]));
    }

    /// <summary>Names of pods and services for the file; a cluster whose API server is away is captured without.</summary>
    private static async Task<IReadOnlyList<PcapNgName>> NamesAsync(ClusterPaths paths, CancellationToken cancel)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        patience.CancelAfter(s_namesPatience);
        try
        {
            using var client = new ApiClient(ApiEndpoint.FromKubeconfig(paths.Kubeconfig) with { Component = "podnet-capture" });
            var pods = await client.ListAsync(Resources.Pods, ListQuery.All, patience.Token).ConfigureAwait(false);
            var services = await client.ListAsync(Resources.Services, ListQuery.All, patience.Token).ConfigureAwait(false);
            return pods.Items.Where(pod => pod.Spec.HostNetwork != true).Select(pod => Name(pod.Status?.PodIP, pod.Metadata, "pod"))
                .Concat(services.Items.Select(service => Name(service.Spec.ClusterIP, service.Metadata, "svc")))
                .OfType<PcapNgName>().DistinctBy(entry => entry.Address).ToList();
        }
        catch (Exception e) when (e is ApiException or HttpRequestException or IOException || (e is OperationCanceledException && !cancel.IsCancellationRequested))
        {
            return [];
        }
    }

    private static PcapNgName? Name(string? address, V1ObjectMeta metadata, string kind) =>
        IPAddress.TryParse(address, out var parsed) ? new PcapNgName(parsed, $"{metadata.Name}.{metadata.NamespaceProperty}.{kind}") : null;

    private static SafeFileHandle StandardOutput() => new(1, ownsHandle: false);

    private static void Summarize(CaptureReport report)
    {
        foreach (var source in report.Sources)
            Console.Error.WriteLine($"{source.Source.Name}: {source.Packets} packets, {source.Lost} lost{(source.Ended is null ? "" : $", ended: {source.Ended}")}");
    }
}
