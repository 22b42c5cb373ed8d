using Microsoft.Extensions.Logging;
using Network.Host.Roles;
using Network.Iptables;
using Network.Linux;
using Network.Overlay;

namespace Network.Host.Overlay;

/// <summary>
/// Runs one network that is described by a file, and follows the file. A change of other nodes is programmed node by node; a
/// change of this node starts its daemon again, which adopts what is in the kernel. A file that cannot be read changes nothing.
/// </summary>
internal sealed partial class FileNetwork(string path, AgentOptions options, OverlayNetworks networks, ILoggerFactory loggers)
{
    // Events can be lost (network file systems); a look costs one small read.
    private static readonly TimeSpan s_look = TimeSpan.FromSeconds(5), s_retry = TimeSpan.FromSeconds(1);
    private readonly ILogger _logger = loggers.CreateLogger("overlay");
    private string? _told;
    private volatile bool _ready;

    internal bool IsReady => _ready;

    internal async Task RunAsync(CancellationToken cancel)
    {
        try
        {
            while (true)
            {
                try
                {
                    await RunOnceAsync(cancel).ConfigureAwait(false);
                }
                catch (Exception e) when (IsRefusal(e))
                {
                    Tell(e.Message);
                    await Task.Delay(s_retry, cancel).ConfigureAwait(false);
                }
            }
        }
        finally
        {
            _ready = false;
            networks.Remove(path);
        }
    }

    private static bool IsRefusal(Exception e) => e is OverlayException or LinuxException or IptablesException or IOException or UnauthorizedAccessException;

    // One life of the daemon: until this node's own part changes.
    private async Task RunOnceAsync(CancellationToken cancel)
    {
        if (!File.Exists(path))
            throw new OverlayException($"network file {path} does not exist; write it, or leave out --network");
        using var watch = new FileWatch(path);
        var read = Stamp();
        var file = NetworkFile.Parse(path, await File.ReadAllTextAsync(path, cancel).ConfigureAwait(false));
        var settings = file.SettingsFor(options);
        networks.Check(path, settings);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        using var daemon = new OverlayDaemon(settings, loggers.CreateLogger<OverlayDaemon>());
        var vtep = await daemon.StartAsync(cancel).ConfigureAwait(false);
        daemon.LocalVtepChanged += changed => WriteCni(settings, changed);
        var running = daemon.RunAsync(stop.Token);
        networks.Set(path, new RunningNetwork(daemon, settings, null));
        try
        {
            WriteCni(settings, vtep);
            await TryAsync(() => daemon.ApplyAsync(file.PeersOf(options.Node), cancel)).ConfigureAwait(false);
            LogRunning(settings.NodeName, settings.Network, path, file.PeersOf(options.Node).Count);
            _ready = true;
            await Task.WhenAny(running, FollowAsync(daemon, file, read, watch, cancel)).Unwrap().ConfigureAwait(false);
        }
        finally
        {
            _ready = false;
            networks.Set(path, new RunningNetwork(null, settings, "is starting"));
            await stop.CancelAsync().ConfigureAwait(false);
            await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task FollowAsync(OverlayDaemon daemon, NetworkFile file, (DateTime, long) read, FileWatch watch, CancellationToken cancel)
    {
        var seen = read;
        while (true)
        {
            if (!await watch.WaitAsync(s_look, cancel).ConfigureAwait(false) && Stamp() == seen)
                continue;
            seen = Stamp();
            try
            {
                var next = NetworkFile.Parse(path, await File.ReadAllTextAsync(path, cancel).ConfigureAwait(false));
                if (next.Shape != file.Shape || next.Find(options.Node) != file.Find(options.Node))
                {
                    networks.Check(path, next.SettingsFor(options));
                    LogOwnChange(options.Node, path);
                    return;
                }

                await ChangeAsync(daemon, file, next, cancel).ConfigureAwait(false);
                file = next;
                _told = null;
                networks.Fault(path, null);
            }
            catch (Exception e) when (IsRefusal(e))
            {
                Tell(e.Message);
            }
        }
    }

    // By which a change shows whose event was lost.
    private (DateTime Written, long Length) Stamp() => new FileInfo(path) is { Exists: true } file ? (file.LastWriteTimeUtc, file.Length) : default;

    private async Task ChangeAsync(OverlayDaemon daemon, NetworkFile former, NetworkFile next, CancellationToken cancel)
    {
        var old = former.PeersOf(options.Node).ToDictionary(peer => peer.NodeName);
        var current = next.PeersOf(options.Node).ToDictionary(peer => peer.NodeName);
        foreach (var name in old.Keys.Where(name => !current.ContainsKey(name)))
            await TryAsync(() => daemon.ChangeAsync(name, null, cancel)).ConfigureAwait(false);
        foreach (var (name, peer) in current.Where(pair => !pair.Value.Equals(old.GetValueOrDefault(pair.Key))))
            await TryAsync(() => daemon.ChangeAsync(name, peer, cancel)).ConfigureAwait(false);
    }

    // The daemon tries again on its own what the kernel refused.
    private async Task TryAsync(Func<Task> program)
    {
        try
        {
            await program().ConfigureAwait(false);
        }
        catch (Exception e) when (IsRefusal(e))
        {
            Tell(e.Message);
        }
    }

    // Beside the cluster's, so that runtimes which take the first of the folder go on with that one.
    private void WriteCni(OverlaySettings settings, LocalVtep vtep) => CniConfig.Write(options.CniConfigDirectory,
        CniConfig.Render(CniConfig.NameOf(settings.Network), settings.PodBridge!, Path.Combine(options.DataDirectory, "cni", "addresses"), vtep), settings.Network);

    // Once a fault, not each time the file is looked at.
    private void Tell(string fault)
    {
        networks.Fault(path, fault);
        if (_told == fault)
            return;
        _told = fault;
        LogRefused(options.Node, fault);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "network={Network} node={Node} runs from file={File} peers={Peers}")]
    private partial void LogRunning(string node, string network, string file, int peers);

    [LoggerMessage(Level = LogLevel.Information, Message = "this node's part changed node={Node} file={File}, starting its network again")]
    private partial void LogOwnChange(string node, string file);

    [LoggerMessage(Level = LogLevel.Error, Message = "network refused node={Node}: {Reason}; what is programmed stays")]
    private partial void LogRefused(string node, string reason);
}
