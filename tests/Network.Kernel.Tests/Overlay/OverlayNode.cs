using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using Network.Cni;
using Network.Cni.Protocol;
using Network.Overlay;
using Network.TestKit;

namespace Network.Kernel.Tests.Overlay;

/// <summary>A node: a namespace with one foot on the segment, its overlay daemon, and pods made by the CNI plugin.</summary>
internal sealed class OverlayNode : IAsyncDisposable
{
    private readonly int _number;
    private readonly DirectoryInfo _data = Directory.CreateTempSubdirectory("overlay");
    private readonly List<ScratchNetNs> _pods = [];
    private CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;

    internal OverlayNode(ScratchNetNs segment, int number)
    {
        _number = number;
        Ns = new ScratchNetNs($"n{number}");
        segment.Exec("ip", "link", "add", $"p{number}", "up", "master", "lan", "type", "veth", "peer", "name", "eth0", "netns", Ns.Name);
        Ns.Exec("ip", "address", "add", $"192.0.2.{number}/24", "dev", "eth0");
        Ns.Exec("ip", "link", "set", "eth0", "up");
        Ns.Exec("ip", "route", "add", "default", "via", "192.0.2.254");
        Settings = new OverlaySettings
        {
            NodeName = $"n{number}",
            PodCidrs = new(IPNetwork.Parse($"10.244.{number}.0/24"), null),
            ClusterCidrs = new(IPNetwork.Parse("10.244.0.0/16"), null),
            DeviceName = $"w{number}-vx",
            Vni = 77,
            NetNs = Ns.Name,
            AuditInterval = TimeSpan.FromMinutes(10),
        };
    }

    internal ScratchNetNs Ns { get; }

    internal OverlaySettings Settings { get; set; }

    internal OverlayDaemon Daemon { get; private set; } = null!;

    internal Peer AsPeer => new(Settings.NodeName, Daemon.LocalVtep!.PodCidrs, Daemon.LocalVtep.Ends) { ProbePort = Daemon.LocalVtep.ProbePort };

    internal Network.Netlink.MacAddress Mac => Daemon.LocalVtep!.Ends.V4!.Value.Mac!.Value;

    /// <summary>2001:db8::/64 on the segment; the only family, or beside IPv4.</summary>
    internal void JoinV6(bool only)
    {
        Ns.Exec("ip", "-6", "address", "add", $"2001:db8::{_number}/64", "dev", "eth0", "nodad");
        if (only)
            Ns.Exec("ip", "-4", "address", "flush", "dev", "eth0");
        Settings = Settings with { UnderlayInterface = "eth0" };
    }

    internal async Task StartAsync()
    {
        Daemon = new OverlayDaemon(Settings, NullLogger<OverlayDaemon>.Instance);
        await Daemon.StartAsync(_stop.Token);
        _running = Daemon.RunAsync(_stop.Token);
    }

    /// <summary>As abrupt as a kill: nothing is cleaned up.</summary>
    internal async Task AbandonAsync()
    {
        await _stop.CancelAsync();
        await _running;
        Daemon.Dispose();
        _stop.Dispose();
        _stop = new CancellationTokenSource();
    }

    internal ScratchNetNs AddPod()
    {
        var pod = new ScratchNetNs("pod");
        _pods.Add(pod);
        var config = $$$"""
            {"cniVersion":"1.0.0","name":"podnet","type":"podnet-cni","bridge":"w{{{_number}}}-br","mtu":{{{Daemon.LocalVtep!.Mtu}}},
             "ipam":{"ranges":[{{{string.Join(',', Settings.PodCidrs.Present.Select(range => $$"""[{"subnet":"{{range}}"}]"""))}}}],"dataDir":"{{{_data.FullName}}}"}}
            """;
        var environment = new CniEnvironment { Command = "ADD", ContainerId = $"c{_pods.Count}", IfName = "eth0", NetNs = pod.Path };
        var reply = Ns.Run(() => Plugin.Run(environment, Encoding.UTF8.GetBytes(config)));
        return reply.ExitCode == 0 ? pod : throw new InvalidOperationException(JsonNode.Parse(reply.Output.Span)!.ToJsonString());
    }

    public async ValueTask DisposeAsync()
    {
        await AbandonAsync();
        _stop.Dispose();
        _pods.ForEach(pod => pod.Dispose());
        Ns.Dispose();
        _data.Delete(recursive: true);
    }
}
