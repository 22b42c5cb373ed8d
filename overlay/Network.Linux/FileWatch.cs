namespace Network.Linux;

/// <summary>Tells when a file changed, also when its folder's entry is replaced (editors, mounted config maps).</summary>
public sealed class FileWatch : IDisposable
{
    private readonly FileSystemWatcher _watcher;
    private readonly SemaphoreSlim _changed = new(0);
    private readonly CancellationTokenSource _ended = new();

    /// <summary>Waits for the rest of a file that is written in pieces.</summary>
    public static TimeSpan Quiet { get; } = TimeSpan.FromMilliseconds(50);

    public FileWatch(string path)
    {
        _watcher = new FileSystemWatcher(Path.GetDirectoryName(Path.GetFullPath(path))!)
        {
            NotifyFilter = NotifyFilters.FileName | NotifyFilters.LastWrite | NotifyFilters.Size | NotifyFilters.CreationTime,
        };
        _watcher.Changed += (_, _) => _changed.Release();
        _watcher.Created += (_, _) => _changed.Release();
        _watcher.Renamed += (_, _) => _changed.Release();
        _watcher.EnableRaisingEvents = true;
    }

    /// <returns>True when something changed, false when the time was over.</returns>
    public async Task<bool> WaitAsync(TimeSpan atMost, CancellationToken cancel)
    {
        var changed = await _changed.WaitAsync(atMost, cancel).ConfigureAwait(false);
        // One look answers all signs there are.
        while (_changed.Wait(0, CancellationToken.None))
        {
        }

        return changed;
    }

    /// <summary>Completes when something changed and then nothing for a moment: a file is often written in pieces.</summary>
    public async Task QuietAsync(TimeSpan quiet, CancellationToken cancel)
    {
        await _changed.WaitAsync(cancel).ConfigureAwait(false);
        while (await _changed.WaitAsync(quiet, cancel).ConfigureAwait(false))
        {
        }
    }

    /// <summary>Does something after each change, once it is quiet, until the watch is disposed. The first look is the caller's own.</summary>
    public async Task FollowAsync(Action changed, TimeSpan quiet)
    {
        try
        {
            while (true)
            {
                await QuietAsync(quiet, _ended.Token).ConfigureAwait(false);
                changed();
            }
        }
        catch (OperationCanceledException)
        {
            // Disposed.
        }
    }

    public void Dispose()
    {
        _ended.Cancel();
        _watcher.Dispose();
    }
}
