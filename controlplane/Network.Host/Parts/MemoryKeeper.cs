using Microsoft.Extensions.Logging;
using Network.Linux;

namespace Network.Host.Parts;

/// <summary>
/// Gives back what a burst left. The collector keeps the memory of the busiest moment for the next one; in a daemon that
/// is quiet most of its life that is memory its neighbours on the node could use. So once a while has been quiet and much
/// more is committed than lives, one full collection returns the rest to the system. It stops the process for tens of
/// milliseconds, hence never under load. The same with the pages of the program's own file.
/// </summary>
internal sealed partial class MemoryKeeper(TimeProvider time, ILogger logger)
{
    private const long Worthwhile = 24 * 1024 * 1024;
    private const long Little = 2 * 1024 * 1024;
    private const int QuietLooks = 5;
    private static readonly TimeSpan s_look = TimeSpan.FromSeconds(2);
    private long _allocated;
    private long _kept = -1;
    private int _quiet;

    /// <param name="ready">The first time is as soon as the process has started: starting leaves certificates, policy, first lists.</param>
    internal async Task RunAsync(Func<bool> ready, CancellationToken cancel)
    {
        using var timer = new PeriodicTimer(s_look, time);
        try
        {
            while (await timer.WaitForNextTickAsync(cancel).ConfigureAwait(false))
            {
                if (_kept < 0 ? ready() : IsQuiet() && Committed() - _kept > Worthwhile)
                    GiveBack();
                else if (_quiet == QuietLooks)
                    ProcessImage.Release();
            }
        }
        catch (OperationCanceledException)
        {
            // The process ends and takes its memory with it.
        }
    }

    private bool IsQuiet()
    {
        var allocated = GC.GetTotalAllocatedBytes();
        _quiet = allocated - _allocated < Little ? _quiet + 1 : 0;
        _allocated = allocated;
        return _quiet >= QuietLooks;
    }

    private void GiveBack()
    {
        var (before, paused) = (Committed(), GC.GetTotalPauseDuration());
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        _kept = Committed();
        _quiet = 0;
        // The collection itself went through all that the program's file says about types: last.
        var image = ProcessImage.Release();
        LogGivenBack(before >> 20, _kept >> 20, (GC.GetTotalPauseDuration() - paused).TotalMilliseconds, image >> 20);
    }

    private static long Committed() => GC.GetGCMemoryInfo(GCKind.Any).TotalCommittedBytes;

    [LoggerMessage(Level = LogLevel.Debug, Message = "memory given back from={FromMb} to={ToMb} pause={PauseMs:0} ms image={ImageMb}")]
    private partial void LogGivenBack(long fromMb, long toMb, double pauseMs, long imageMb);
}
