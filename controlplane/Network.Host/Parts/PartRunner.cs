using Microsoft.Extensions.Logging;
using Network.Dns.Config;
using Network.Host.Health;

namespace Network.Host.Parts;

/// <summary>
/// Runs the parts of a process side by side. A part that fails is started again after a pause and never takes the others
/// with it; whose fault it was stands in the log and in /readyz.
/// </summary>
public sealed partial class PartRunner(IReadOnlyList<IPart> parts, HealthSettings health, TimeProvider time, ILoggerFactory loggers)
{
    private static readonly TimeSpan s_firstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan s_longestPause = TimeSpan.FromSeconds(10);
    private readonly ILogger _logger = loggers.CreateLogger("host");

    /// <summary>Shared with a part that shows metrics itself; null makes one of its own.</summary>
    internal PrometheusExporter? Metrics { get; init; }

    public async Task RunAsync(CancellationToken cancel)
    {
        using var own = Metrics is null ? new PrometheusExporter() : null;
        await using var server = new HealthServer(health, parts, Metrics ?? own!, loggers);
        LogStarting(string.Join(',', parts.Select(part => part.Name)), health.Port);
        await server.StartAsync(cancel).ConfigureAwait(false);
        await Task.WhenAll([.. parts.Select(part => KeepRunningAsync(part, cancel)), new MemoryKeeper(time, _logger).RunAsync(() => parts.All(part => part.IsReady), cancel)]).ConfigureAwait(false);
    }

    private async Task KeepRunningAsync(IPart part, CancellationToken cancel)
    {
        var pause = s_firstPause;
        while (!cancel.IsCancellationRequested)
        {
            var started = time.GetTimestamp();
            try
            {
                await part.RunAsync(cancel).ConfigureAwait(false);
                if (!cancel.IsCancellationRequested)
                    LogEnded(part.Name);
            }
            catch (OperationCanceledException) when (cancel.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (e is InvalidDataException or CorefileException)
            {
                // A file of the operator's: its fault is the message, not where we read it.
                LogRefused(part.Name, e.Message, pause.TotalMilliseconds);
            }
            catch (Exception e)
            {
                LogFailed(e, part.Name, pause.TotalMilliseconds);
            }

            if (time.GetElapsedTime(started) > s_longestPause)
                pause = s_firstPause;
            await Task.Delay(pause, time, cancel).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            pause = pause * 2 < s_longestPause ? pause * 2 : s_longestPause;
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "starting parts={Parts} health=127.0.0.1:{Port}")]
    private partial void LogStarting(string parts, int port);

    [LoggerMessage(Level = LogLevel.Warning, Message = "part={Part} ended, starting it again")]
    private partial void LogEnded(string part);

    [LoggerMessage(Level = LogLevel.Error, Message = "part={Part} refused: {Reason}; again in {PauseMs} ms")]
    private partial void LogRefused(string part, string reason, double pauseMs);

    [LoggerMessage(Level = LogLevel.Error, Message = "part={Part} failed, again in {PauseMs} ms")]
    private partial void LogFailed(Exception exception, string part, double pauseMs);
}
