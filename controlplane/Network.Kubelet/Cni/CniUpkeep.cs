using Microsoft.Extensions.Logging;
using Network.Kubelet.Sandbox;
using Network.Linux;

namespace Network.Kubelet.Cni;

/// <summary>
/// Asks the plugins regularly whether they could attach a pod (STATUS), and tells them which attachments there are (GC): at the
/// start, when the configuration changes and from time to time, so that nothing a crash left behind stays.
/// </summary>
internal sealed partial class CniUpkeep(CniDirectory networks, CniRunner plugins, string dataDirectory, TimeProvider time, ILogger<CniUpkeep> logger)
{
    // CNI 1.1.0, STATUS: cannot serve ADD; those attached are not concerned.
    private const int NoFurtherPods = 50;

    private static readonly TimeSpan s_status = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan s_collect = TimeSpan.FromMinutes(5);

    internal async Task RunAsync(CancellationToken cancel)
    {
        CniNetwork? collected = null;
        var due = time.GetTimestamp();
        while (!cancel.IsCancellationRequested)
        {
            if (networks.Network is { } network)
            {
                await StatusAsync(network, cancel).ConfigureAwait(false);
                if (network != collected || time.GetElapsedTime(due) >= s_collect)
                {
                    await CollectAsync(network, cancel).ConfigureAwait(false);
                    (collected, due) = (network, time.GetTimestamp());
                }
            }

            await Task.Delay(s_status, time, cancel).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>The containers whose networks this node has or is making: each is written down before its ADD.</summary>
    internal static IReadOnlyList<string> ContainersOf(string dataDirectory) => [.. SandboxesIn(dataDirectory).Where(sandbox => sandbox.NetNs is not null).Select(sandbox => sandbox.Id)];

    private static IEnumerable<PodSandbox> SandboxesIn(string dataDirectory)
    {
        var pods = Path.Combine(dataDirectory, "pods");
        return Directory.Exists(pods) ? Directory.EnumerateDirectories(pods).Select(SandboxKeeper.Load).OfType<PodSandbox>() : [];
    }

    private async Task StatusAsync(CniNetwork network, CancellationToken cancel)
    {
        try
        {
            await plugins.RequireReadyAsync(network, cancel).ConfigureAwait(false);
            networks.Report(null);
        }
        catch (CniException e) when (e.Code == NoFurtherPods && SandboxesIn(dataDirectory).Any(sandbox => sandbox.Attached))
        {
            // The pods that are here are fine (else the plugin says 51). A node that is not ready would lose them, only for being full.
            LogFull(network.Name, e.Message);
            networks.Report(null);
        }
        catch (Exception e) when (e is CniException or LinuxException)
        {
            LogNotReady(network.Name, e.Message);
            networks.Report(e.Message);
        }
        catch (OperationCanceledException)
        {
            // The end of the loop.
        }
    }

    private async Task CollectAsync(CniNetwork network, CancellationToken cancel)
    {
        try
        {
            await plugins.CollectAsync(network, () => ContainersOf(dataDirectory), cancel).ConfigureAwait(false);
            LogCollected(network.Name);
        }
        catch (Exception e) when (e is CniException or LinuxException or IOException)
        {
            LogNotCollected(network.Name, e.Message);
        }
        catch (OperationCanceledException)
        {
            // The end of the loop.
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "network {Network} cannot attach pods: {Why}")]
    private partial void LogNotReady(string network, string why);

    [LoggerMessage(Level = LogLevel.Warning, Message = "network {Network} cannot attach further pods; those attached stay: {Why}")]
    private partial void LogFull(string network, string why);

    [LoggerMessage(Level = LogLevel.Debug, Message = "stale attachments of network {Network} collected")]
    private partial void LogCollected(string network);

    [LoggerMessage(Level = LogLevel.Warning, Message = "stale attachments of network {Network} not collected: {Why}")]
    private partial void LogNotCollected(string network, string why);
}
