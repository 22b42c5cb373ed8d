using System.CommandLine;
using Network.Capture;
using Network.Cli.Verbs.Capture;
using Network.Labs.Cluster;

namespace Network.Cli.Verbs;

/// <summary><c>podnet capture</c>: packets of pods, nodes and links, in one stream.</summary>
internal static class CaptureVerb
{
    internal static Command Create()
    {
        var words = new Argument<string[]>("target... [filter]")
        {
            Description = "pod/NAME, pod/NAMESPACE/NAME, node/NAME (underlay and VXLAN devices), node/NAME/DEVICE, link/NAME, or a bare name; "
                + "then a filter as tcpdump takes it (pcap-filter(7))",
            Arity = ArgumentArity.OneOrMore,
        };
        var cluster = Options.Cluster();
        var file = new Option<string?>("--write", "-w") { Description = "write pcapng to this file, or to standard output with -, instead of a line a packet" };
        var duration = CaptureOptions.Duration("--duration", "end after this time, such as 500ms, 10s, 5m");
        var count = new Option<long?>("--count", "-c") { Description = "end after this many packets" };
        var snap = Options.Number("--snaplen", "bytes kept of each packet", CaptureSettings.WholePacket);
        var innerHost = Options.Address("--inner-host", "only packets of this IPv4 address, plain or inside VXLAN");
        var vni = new Option<int?>("--vni") { Description = "only VXLAN packets of this network number" };
        var command = new Command("capture", """
            record packets of pods, nodes and links, from all of them at once and in order of time

            Examples:
              podnet capture node/w1                               a line a packet, underlay and VXLAN device
              podnet capture pod/web-0 tcp port 80                 only what the filter takes
              podnet capture pod/client w1 w2 pod/web-0 --inner-host 10.244.1.2 -w way.pcapng
              podnet capture link/lan --duration 10s -w lan.pcapng
              podnet capture node/w1 -w - | wireshark -k -i -      live
              podnet capture node/w1 -w - | tshark -i -            live
            """) { words, cluster, file, duration, count, snap, innerHost, vni };
        command.SetAction((parsed, cancel) => new CaptureRun(new ClusterPaths(parsed.GetValue(cluster)!), parsed.GetValue(words)!, parsed.GetValue(file)).RunAsync(
            filterWords => new CaptureSettings([])
            {
                Filter = CaptureFilter.Build(filterWords, parsed.GetValue(innerHost), parsed.GetValue(vni)),
                Count = parsed.GetValue(count),
                Duration = parsed.GetValue(duration),
                SnapLength = parsed.GetValue(snap),
            },
            cancel));
        return command;
    }
}
