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
/// Connects the overlay daemon with the cluster: the node's podCIDRs in, its tunnel ends out as annotations, the other
/// nodes in as peers, one by one. When the kernel has everything, the CNI configuration appears and NetworkUnavailable goes.
/// </summary>
internal sealed partial class OverlayPart(AgentOptions options, ApiClient? cluster, TimeProvider time, ILoggerFactory loggers) : IPart
{
    private const string ChecksumCondition = "OverlayChecksumOffload";

    private static readonly TimeSpan s_again = TimeSpan.FromMilliseconds(50), s_later = TimeSpan.FromSeconds(1);
    private readonly ILogger _logger = loggers.CreateLogger("overlay");
    private readonly OverlayNetworks _networks = new();
    private readonly Dictionary<string, PeerReading> _readings = new(StringComparer.Ordinal);
    private IReadOnlyList<FileNetwork> _files = [];
    private string? _publicFault;
    private volatile bool _ready;

    public string Name => "overlay";

    public bool IsReady => (_ready || cluster is null) && _files.Count == options.Overlay.Networks.Count && _files.All(file => file.IsReady);

    public async Task RunAsync(CancellationToken cancel)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        await using var server = new OverlayServer(options.OverlaySocket, options.Node, _networks);
        await server.StartAsync(cancel).ConfigureAwait(false);
        // The cluster's network comes first: what a file says must not meet it, also while it is starting.
        if (cluster is not null)
            _networks.Set(OverlayNetworks.Cluster, new RunningNetwork(null, OverlayComposition.SettingsFor(options, default), null));
        _files = [.. options.Overlay.Networks.Select(file => new FileNetwork(file, options, _networks, loggers))];
        List<Task> running = [.. _files.Select(file => file.RunAsync(stop.Token))];
        if (cluster is not null)
            running.Add(RunClusterAsync(stop.Token));
        try
        {
            await Task.WhenAny(running).Unwrap().ConfigureAwait(false);
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);
            await Task.WhenAll(running).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private ApiClient Client => cluster!;

    private async Task RunClusterAsync(CancellationToken cancel)
    {
        var nodes = new Informer<V1Node>(Client, Resources.Nodes, ListQuery.All, _logger);
        var changes = Channel.CreateUnbounded<string>(new UnboundedChannelOptions { SingleReader = true });
        nodes.Changed += change => changes.Writer.TryWrite(change.Object.Metadata.Name);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var watching = nodes.RunAsync(stop.Token);
        try
        {
            var cidrs = await OwnCidrsAsync(nodes, changes.Reader, cancel).ConfigureAwait(false);
            var settings = SettingsFor(nodes, cidrs);
            using var daemon = new OverlayDaemon(settings, loggers.CreateLogger<OverlayDaemon>(), time);
            daemon.LocalVtepChanged += _ => changes.Writer.TryWrite(options.Node);
            await daemon.StartAsync(cancel).ConfigureAwait(false);
            var running = daemon.RunAsync(stop.Token);
            _networks.Set(OverlayNetworks.Cluster, new RunningNetwork(daemon, settings, null));
            await Task.WhenAny(running, FollowAsync(daemon, settings, nodes, changes, cancel)).Unwrap().ConfigureAwait(false);
        }
        finally
        {
            _ready = false;
            _networks.Remove(OverlayNetworks.Cluster);
            _readings.Clear();
            await stop.CancelAsync().ConfigureAwait(false);
            await watching.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task<PerFamily<IPNetwork>> OwnCidrsAsync(Informer<V1Node> nodes, ChannelReader<string> changes, CancellationToken cancel)
    {
        await nodes.Synced.WaitAsync(cancel).ConfigureAwait(false);
        while (true)
        {
            if (nodes.Find(options.Node) is { } node)
            {
                if (FlannelAnnotations.TryPodCidrs(node, out var cidrs, out var fault))
                    return Usable(cidrs);
                if (fault is not null)
                    throw new OverlayException(fault);
                if (options.PodCidr is { } fixedCidr)
                    await ClaimCidrsAsync([fixedCidr, .. options.Overlay.PodCidrV6 is { } v6 ? (IPNetwork[])[v6] : []], cancel).ConfigureAwait(false);
            }

            await changes.ReadAsync(cancel).ConfigureAwait(false);
        }
    }

    // A family the cluster has no range for is none of ours, whatever the node's spec says.
    private PerFamily<IPNetwork> Usable(PerFamily<IPNetwork> cidrs) => new(cidrs.V4, options.Overlay.ClusterCidrV6 is null ? null : cidrs.V6);

    private async Task ClaimCidrsAsync(IReadOnlyList<IPNetwork> cidrs, CancellationToken cancel)
    {
        var patch = Patch.Strategic(new JsonObject
        {
            ["spec"] = new JsonObject { ["podCIDR"] = cidrs[0].ToString(), ["podCIDRs"] = new JsonArray([.. cidrs.Select(cidr => (JsonNode)cidr.ToString())]) },
        });
        await Client.PatchAsync(Resources.Nodes, null, options.Node, patch, null, cancel).ConfigureAwait(false);
    }

    private OverlaySettings SettingsFor(Informer<V1Node> nodes, PerFamily<IPNetwork> cidrs)
    {
        var node = nodes.Find(options.Node);
        return OverlayComposition.SettingsFor(options, cidrs) with
        {
            KnownMacs = node is null ? default : FlannelAnnotations.Macs(node),
            PublicEnds = node is null ? default : FlannelAnnotations.Overwrites(node),
        };
    }

    private async Task FollowAsync(OverlayDaemon daemon, OverlaySettings settings, Informer<V1Node> nodes, Channel<string> changes, CancellationToken cancel)
    {
        await ProgramAllAsync(daemon, settings, nodes, cancel).ConfigureAwait(false);
        var own = true;
        long? published = null;
        while (true)
        {
            if (own && nodes.Find(options.Node) is { } node && daemon.LocalVtep is { } vtep)
            {
                if (FlannelAnnotations.TryPodCidrs(node, out var cidrs, out _) && Usable(cidrs) != settings.PodCidrs)
                {
                    // The node was removed and came back: another network part means another device address, rules and pods.
                    LogMoved(options.Node, string.Join(',', settings.PodCidrs.Present), string.Join(',', cidrs.Present));
                    return;
                }

                if (IsPublicChanged(node, settings))
                    return;
                await PublishAsync(node, vtep, cancel).ConfigureAwait(false);
                CniConfig.Write(options.CniConfigDirectory, CniConfig.Render(CniConfig.NameOf(""), settings.PodBridge!, Path.Combine(options.DataDirectory, "cni", "addresses"), vtep));
                if (options.Overlay.SubnetFile is { } file)
                    AtomicFile.WriteIfChanged(file, SubnetFile.Render(settings, vtep));
                published ??= time.GetTimestamp();
                var silent = OverlayReadiness.Silent(nodes.Items.Values, options.Node, _readings);
                if (OverlayReadiness.IsUp(daemon.CanTalk, silent, time.GetElapsedTime(published.Value)))
                {
                    await ReportAsync(node, daemon, cancel).ConfigureAwait(false);
                    _ready = true;
                }
                else if (time.GetElapsedTime(published.Value) > OverlayReadiness.Patience)
                {
                    await ReportSilenceAsync(node, silent, cancel).ConfigureAwait(false);
                }
            }

            // The others learn of us by what was just published, so a first answer takes a moment; peers are followed meanwhile.
            using var again = own && !_ready ? time.CreateTimer(_ => changes.Writer.TryWrite(options.Node), null, IsEarly(published) ? s_again : s_later, Timeout.InfiniteTimeSpan) : null;

            own = await ProgramChangedAsync(daemon, settings, nodes, changes.Reader, cancel).ConfigureAwait(false);
        }
    }

    private bool IsEarly(long? published) => published is null || time.GetElapsedTime(published.Value) <= OverlayReadiness.Patience;

    private async Task ProgramAllAsync(OverlayDaemon daemon, OverlaySettings settings, Informer<V1Node> nodes, CancellationToken cancel)
    {
        var peers = nodes.Items.Values.Where(node => node.Metadata.Name != options.Node).Select(node => Read(node, settings)).OfType<Peer>().ToList();
        await TryAsync(() => daemon.ApplyAsync(peers, cancel)).ConfigureAwait(false);
        LogPeers(options.Node, peers.Count);
    }

    /// <summary>Waits for changes and programs exactly the nodes they name.</summary>
    /// <returns>True when this node is one of them.</returns>
    private async Task<bool> ProgramChangedAsync(OverlayDaemon daemon, OverlaySettings settings, Informer<V1Node> nodes, ChannelReader<string> changes, CancellationToken cancel)
    {
        await changes.WaitToReadAsync(cancel).ConfigureAwait(false);
        var names = new HashSet<string>(StringComparer.Ordinal);
        while (changes.TryRead(out var name))
            names.Add(name);
        foreach (var name in names.Where(name => name != options.Node))
        {
            var former = _readings.GetValueOrDefault(name).Peer;
            var peer = nodes.Find(name) is { } node ? Read(node, settings) : null;
            if (peer is null)
                _readings.Remove(name);
            if (former != peer)
                await TryAsync(() => daemon.ChangeAsync(name, peer, cancel)).ConfigureAwait(false);
        }

        return names.Contains(options.Node);
    }

    // A fault is told once; heartbeats repeat the same annotations every few seconds.
    private Peer? Read(V1Node node, OverlaySettings settings)
    {
        var reading = FlannelAnnotations.Read(node, settings.Backend, settings.Vni);
        if (reading.Fault is { } fault && _readings.GetValueOrDefault(node.Metadata.Name).Fault != fault)
            LogLeftOut(options.Node, fault);
        _readings[node.Metadata.Name] = reading;
        return reading.Peer;
    }

    // The daemon retries on its own what the kernel refused; the cluster only has to know.
    private async Task TryAsync(Func<Task> program)
    {
        try
        {
            await program().ConfigureAwait(false);
        }
        catch (Exception e) when (e is LinuxException or OverlayException)
        {
            LogRefused(options.Node, e.Message);
        }
    }

    private async Task PublishAsync(V1Node own, LocalVtep vtep, CancellationToken cancel)
    {
        var wanted = FlannelAnnotations.Write(vtep);
        if (wanted.All(pair => (own.Metadata.Annotations?.TryGetValue(pair.Key, out var value) == true ? value : null) == pair.Value))
            return;
        var annotations = new JsonObject();
        foreach (var (key, value) in wanted)
            annotations[key] = value;
        var patch = Patch.Merge(new JsonObject { ["metadata"] = new JsonObject { ["annotations"] = annotations } });
        await Client.PatchAsync(Resources.Nodes, null, options.Node, patch, null, cancel).ConfigureAwait(false);
        LogPublished(options.Node, string.Join(',', vtep.Ends.Present.Select(end => $"{end.Address}/{end.Mac}")), vtep.Mtu);
    }

    // Once it was up, silence of others is the probes' business and no reason to send pods elsewhere.
    private async Task ReportSilenceAsync(V1Node own, IReadOnlyList<string> silent, CancellationToken cancel)
    {
        if (_ready || Has(own, "NetworkUnavailable", "True") || Has(own, "NetworkUnavailable", "False"))
            return;
        var message = $"podnet overlay is programmed on this node, but no node answers its probes, though {string.Join(", ", silent)} should; look at the network between the nodes (UDP port {options.Overlay.PortOrUsual})";
        var patch = Patch.Strategic(new JsonObject { ["status"] = new JsonObject { ["conditions"] = new JsonArray(Condition("NetworkUnavailable", "True", "NoNodeAnswers", message)) } });
        await Client.PatchAsync(Resources.Nodes, null, options.Node, patch, "status", cancel).ConfigureAwait(false);
    }

    // What others should send to instead of our own address; a text that is none is told and changes nothing.
    private bool IsPublicChanged(V1Node own, OverlaySettings settings)
    {
        try
        {
            var changed = FlannelAnnotations.Overwrites(own) != settings.PublicEnds;
            _publicFault = null;
            if (!changed)
                return false;
            LogPublic(options.Node);
            return true;
        }
        catch (OverlayException e)
        {
            if (_publicFault != e.Message)
                LogRefused(options.Node, e.Message);
            _publicFault = e.Message;
            return false;
        }
    }

    private async Task ReportAsync(V1Node own, OverlayDaemon daemon, CancellationToken cancel)
    {
        var conditions = new JsonArray();
        var checksums = daemon.Checksum;
        if (!Has(own, "NetworkUnavailable", "False"))
            conditions.Add((JsonNode)Condition("NetworkUnavailable", "False", "OverlayIsUp", daemon.CanTalk
                ? "podnet overlay is programmed on this node"
                : "podnet overlay is programmed on this node; no other node has answered a probe yet"));
        var (status, message) = checksums switch
        {
            ChecksumVerdict.Works => ("True", "packets whose checksum is left to the tunnel device arrive"),
            ChecksumVerdict.TurnedOff => ("False", "they did not arrive: tx-checksum-ip-generic of the tunnel device was turned off"),
            ChecksumVerdict.Broken => ("False", "packets with a checksum do not arrive, with the offload or without; look for a middle box that alters them"),
            _ => ("Unknown", "no other node has answered a probe yet"),
        };
        if (!Has(own, ChecksumCondition, status) && (checksums != ChecksumVerdict.Untested || conditions.Count > 0))
            conditions.Add((JsonNode)Condition(ChecksumCondition, status, $"SelfTest{checksums}", message));
        if (conditions.Count == 0)
            return;
        var patch = Patch.Strategic(new JsonObject { ["status"] = new JsonObject { ["conditions"] = conditions } });
        await Client.PatchAsync(Resources.Nodes, null, options.Node, patch, "status", cancel).ConfigureAwait(false);
    }

    private static bool Has(V1Node node, string type, string status) =>
        node.Status?.Conditions?.Any(condition => condition.Type == type && condition.Status == status) == true;

    private JsonObject Condition(string type, string status, string reason, string message)
    {
        var now = time.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'");
        return new JsonObject
        {
            ["type"] = type,
            ["status"] = status,
            ["reason"] = reason,
            ["message"] = message,
            ["lastHeartbeatTime"] = now,
            ["lastTransitionTime"] = now,
        };
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "published node={Node} ends={Ends} mtu={Mtu}")]
    private partial void LogPublished(string node, string ends, int mtu);

    [LoggerMessage(Level = LogLevel.Warning, Message = "public address changed node={Node}, starting again with the new one")]
    private partial void LogPublic(string node);

    [LoggerMessage(Level = LogLevel.Information, Message = "peers node={Node} count={Count}")]
    private partial void LogPeers(string node, int count);

    [LoggerMessage(Level = LogLevel.Warning, Message = "peers node={Node} refused: {Reason}")]
    private partial void LogRefused(string node, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "peer left out node={Node}: {Reason}")]
    private partial void LogLeftOut(string node, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "podCIDR changed node={Node} from={From} to={To}, starting again with the new one")]
    private partial void LogMoved(string node, string from, string to);
}
