using System.Net;
using Microsoft.Extensions.Logging;
using Network.Dns.Clients;
using Network.Dns.Config;
using Network.Dns.Plugins;
using Network.Dns.Plugins.Any;
using Network.Dns.Plugins.Cache;
using Network.Dns.Plugins.Cluster;
using Network.Dns.Plugins.Errors;
using Network.Dns.Plugins.Forward;
using Network.Dns.Plugins.Loop;
using Network.Dns.Plugins.Search;
using Network.Dns.Plugins.ZoneFiles;
using Network.Dns.Transport;
using Network.Linux;

namespace Network.Dns;

/// <summary>The server: an index that others keep current, chains of plugins, UDP, TCP and TLS.</summary>
public sealed partial class DnsServer(DnsSettings settings, ClusterIndex index, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan s_quiet = TimeSpan.FromMilliseconds(100);
    private readonly ZoneMemories _zoneFiles = new();
    private volatile bool _listening;
    private ClientLedger? _clients;

    /// <summary>Listening, and the cluster's names are known.</summary>
    public bool IsReady => _listening && index.Complete;

    /// <summary>The pods that ask this server, kept current by others.</summary>
    public PodDirectory Pods { get; } = new();

    /// <summary>A table for people: who asks most, and which missing names are asked for most. Empty before the start.</summary>
    public string TopClients => _clients?.Table() ?? "";

    /// <summary>Serves until cancelled.</summary>
    /// <exception cref="CorefileException">The Corefile it starts with cannot be used; a later one only leaves the former in force.</exception>
    public async Task RunAsync(CancellationToken cancel)
    {
        var former = Plan();
        using var clients = _clients = new ClientLedger(Pods);
        var listeners = new DnsListeners(settings, clients, time);
        try
        {
            listeners.Apply(former, cancel);
            LogListening(string.Join(',', former.Select(address => address.Address)), index.Zone, string.Join(',', settings.Forward.Upstreams));
            _listening = true;
            Probe(former, cancel);
            using var watcher = settings.Corefile is { } path ? new FileWatch(path) : null;
            while (watcher is not null)
            {
                await watcher.QuietAsync(s_quiet, cancel).ConfigureAwait(false);
                if (TryPlan() is not { } plan)
                    continue;
                if (!TryApply(listeners, plan, cancel))
                    continue;
                Dispose(former);
                former = plan;
                Probe(former, cancel);
            }

            await listeners.Ended.ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            await listeners.Ended.ConfigureAwait(false);
        }
        finally
        {
            _listening = false;
            listeners.Dispose();
            Dispose(former);
        }
    }

    private List<DnsAddress> Plan()
    {
        if (settings.Corefile is not { } path)
        {
            DnsBlock[] blocks = [new("", Plugins())];
            return [.. settings.Listen.Select(address => new DnsAddress(address, DnsTransport.Plain, new DnsBlocks(blocks))),
                .. settings.ListenTls.Select(address => new DnsAddress(address, DnsTransport.Tls, new DnsBlocks(blocks))),
                .. settings.ListenHttps.Select(address => new DnsAddress(address, DnsTransport.Https, new DnsBlocks(blocks)))];
        }

        return CorefilePlan.Make(CorefileParser.Parse(path, File.ReadAllText(path)), settings, new PluginContext(index, Pods, time, logger) { ZoneFiles = _zoneFiles });
    }

    private List<DnsAddress>? TryPlan()
    {
        try
        {
            return Plan();
        }
        catch (Exception e) when (e is CorefileException or IOException or UnauthorizedAccessException)
        {
            LogRefused(e.Message);
            return null;
        }
    }

    private bool TryApply(DnsListeners listeners, List<DnsAddress> plan, CancellationToken cancel)
    {
        try
        {
            listeners.Apply(plan, cancel);
            LogReloaded(settings.Corefile!);
            return true;
        }
        catch (IOException e)
        {
            Dispose(plan);
            LogRefused($"{settings.Corefile}: {e.Message}");
            return false;
        }
    }

    // Without a Corefile, in the order they are asked.
    private IDnsPlugin[] Plugins() =>
    [
        new ErrorsPlugin(logger),
        new AnyPlugin(),
        new LoopPlugin(logger),
        new ClusterPlugin(index, new SearchExpansion(Pods)),
        new CachePlugin(settings.Cache, time),
        new ForwardPlugin(settings.Forward, time, logger),
    ];

    private static void Probe(IReadOnlyList<DnsAddress> plan, CancellationToken cancel)
    {
        foreach (var block in plan.SelectMany(address => address.Blocks.All).Distinct())
        {
            foreach (var loop in block.Plugins.OfType<LoopPlugin>())
                _ = loop.ProbeAsync(block.Chain, cancel);
        }
    }

    private static void Dispose(IReadOnlyList<DnsAddress> plan)
    {
        foreach (var plugin in plan.SelectMany(address => address.Blocks.All).Distinct().SelectMany(block => block.Plugins).OfType<IDisposable>())
            plugin.Dispose();
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "listening on={Addresses} zone={Zone} upstreams={Upstreams}")]
    private partial void LogListening(string addresses, string zone, string upstreams);

    [LoggerMessage(Level = LogLevel.Information, Message = "corefile={Path} in force")]
    private partial void LogReloaded(string path);

    [LoggerMessage(Level = LogLevel.Error, Message = "corefile refused: {Reason}; the former one stays in force")]
    private partial void LogRefused(string reason);
}

/// <summary>An address with what is served on it.</summary>
internal sealed record DnsAddress(IPEndPoint Address, DnsTransport Transport, DnsBlocks Blocks);
