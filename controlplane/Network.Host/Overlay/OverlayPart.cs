using System.Net;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using k8s.Models;
using Microsoft.Extensions.Logging;
using Network.Client;
using Network.Host.Parts;
using Network.Host.Roles;
using Network.Linux;
using Network.Overlay;

namespace Network.Host.Overlay;

/// <summary>
/// Connects the overlay daemon with the cluster: the node's podCIDR in, its tunnel end out as annotations, the other
/// nodes in as peers. When the kernel has everything, the CNI configuration appears and NetworkUnavailable goes.
/// </summary>
internal sealed partial class OverlayPart(AgentOptions options, ApiClient client, TimeProvider time, ILoggerFactory loggers) : IPart
{
    private readonly ILogger _logger = loggers.CreateLogger("overlay");
    private volatile bool _ready;

    public string Name => "overlay";

    public bool IsReady => _ready;

    public async Task RunAsync(CancellationToken cancel)
    {
        var nodes = new Informer<V1Node>(client, Resources.Nodes, ListQuery.All, _logger);
        // Of many changes only the latest state counts, so one pending sign is enough.
        var changes = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
        nodes.Changed += _ => changes.Writer.TryWrite(true);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var watching = nodes.RunAsync(stop.Token);
        try
        {
            var cidr = await OwnCidrAsync(nodes, changes.Reader, cancel).ConfigureAwait(false);
            using var daemon = new OverlayDaemon(SettingsFor(nodes, cidr), loggers.CreateLogger<OverlayDaemon>(), time);
            daemon.LocalVtepChanged += _ => changes.Writer.TryWrite(true);
            await daemon.StartAsync(cancel).ConfigureAwait(false);
            var running = daemon.RunAsync(stop.Token);
            await Task.WhenAny(running, FollowAsync(daemon, nodes, changes, cancel)).Unwrap().ConfigureAwait(false);
        }
        finally
        {
            _ready = false;
            await stop.CancelAsync().ConfigureAwait(false);
            await watching.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task<IPNetwork> OwnCidrAsync(Informer<V1Node> nodes, ChannelReader<bool> changes, CancellationToken cancel)
    {
        await nodes.Synced.WaitAsync(cancel).ConfigureAwait(false);
        while (true)
        {
            if (nodes.Find(options.Node) is { } node)
            {
                if (IPNetwork.TryParse(node.Spec?.PodCIDR, out var cidr))
                    return cidr;
                if (options.PodCidr is { } fixedCidr)
                    await ClaimCidrAsync(fixedCidr, cancel).ConfigureAwait(false);
            }

            await changes.ReadAsync(cancel).ConfigureAwait(false);
        }
    }

    private async Task ClaimCidrAsync(IPNetwork cidr, CancellationToken cancel)
    {
        var patch = Patch.Strategic(new JsonObject
        {
            ["spec"] = new JsonObject { ["podCIDR"] = cidr.ToString(), ["podCIDRs"] = new JsonArray(cidr.ToString()) },
        });
        await client.PatchAsync(Resources.Nodes, null, options.Node, patch, null, cancel).ConfigureAwait(false);
    }

    private OverlaySettings SettingsFor(Informer<V1Node> nodes, IPNetwork cidr) => new()
    {
        NodeName = options.Node,
        PodCidr = cidr,
        ClusterCidr = options.ClusterCidr,
        DeviceName = InterfaceName.Of(options.Node, "vx"),
        NodeAddress = options.NodeAddress,
        KnownMac = nodes.Find(options.Node) is { } node ? FlannelAnnotations.Mac(node) : null,
    };

    private async Task FollowAsync(OverlayDaemon daemon, Informer<V1Node> nodes, Channel<bool> changes, CancellationToken cancel)
    {
        IReadOnlyCollection<Peer>? programmed = null;
        while (true)
        {
            if (nodes.Find(options.Node) is { } own && daemon.LocalVtep is { } vtep)
            {
                await PublishAsync(own, vtep, cancel).ConfigureAwait(false);
                var peers = nodes.Items.Values.Where(node => node.Metadata.Name != options.Node).Select(FlannelAnnotations.Read).OfType<Peer>()
                    .OrderBy(peer => peer.NodeName, StringComparer.Ordinal).ToList();
                if (programmed is null || !programmed.SequenceEqual(peers))
                {
                    await ProgramAsync(daemon, peers, changes.Writer, cancel).ConfigureAwait(false);
                    programmed = peers;
                }

                CniConfig.Write(options.CniConfigDirectory,
                    CniConfig.Render(InterfaceName.Of(options.Node, "br"), Path.Combine(options.DataDirectory, "cni", "addresses"), vtep));
                await ReportAvailableAsync(own, cancel).ConfigureAwait(false);
                _ready = true;
            }

            await changes.Reader.ReadAsync(cancel).ConfigureAwait(false);
        }
    }

    // The daemon retries on its own what the kernel refused; the cluster only has to know.
    private async Task ProgramAsync(OverlayDaemon daemon, IReadOnlyCollection<Peer> peers, ChannelWriter<bool> changes, CancellationToken cancel)
    {
        try
        {
            await daemon.ApplyAsync(peers, cancel).ConfigureAwait(false);
            LogPeers(options.Node, peers.Count);
        }
        catch (Exception e) when (e is Linux.LinuxException or OverlayException)
        {
            LogRefused(options.Node, peers.Count, e.Message);
            changes.TryWrite(true);
        }
    }

    private async Task PublishAsync(V1Node own, LocalVtep vtep, CancellationToken cancel)
    {
        var wanted = FlannelAnnotations.Write(vtep);
        if (wanted.All(pair => own.Metadata.Annotations?.TryGetValue(pair.Key, out var value) == true && value == pair.Value))
            return;
        var annotations = new JsonObject();
        foreach (var (key, value) in wanted)
            annotations[key] = value;
        var patch = Patch.Merge(new JsonObject { ["metadata"] = new JsonObject { ["annotations"] = annotations } });
        await client.PatchAsync(Resources.Nodes, null, options.Node, patch, null, cancel).ConfigureAwait(false);
        LogPublished(options.Node, vtep.Mac.ToString(), vtep.UnderlayAddress.ToString(), vtep.Mtu);
    }

    private async Task ReportAvailableAsync(V1Node own, CancellationToken cancel)
    {
        if (own.Status?.Conditions?.Any(condition => condition is { Type: "NetworkUnavailable", Status: "False" }) == true)
            return;
        var now = time.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'");
        var condition = new JsonObject
        {
            ["type"] = "NetworkUnavailable",
            ["status"] = "False",
            ["reason"] = "OverlayIsUp",
            ["message"] = "podnet overlay is programmed on this node",
            ["lastHeartbeatTime"] = now,
            ["lastTransitionTime"] = now,
        };
        var patch = Patch.Strategic(new JsonObject { ["status"] = new JsonObject { ["conditions"] = new JsonArray(condition) } });
        await client.PatchAsync(Resources.Nodes, null, options.Node, patch, "status", cancel).ConfigureAwait(false);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "published node={Node} mac={Mac} address={Address} mtu={Mtu}")]
    private partial void LogPublished(string node, string mac, string address, int mtu);

    [LoggerMessage(Level = LogLevel.Information, Message = "peers node={Node} count={Count}")]
    private partial void LogPeers(string node, int count);

    [LoggerMessage(Level = LogLevel.Warning, Message = "peers node={Node} count={Count} refused: {Reason}")]
    private partial void LogRefused(string node, int count, string reason);
}
