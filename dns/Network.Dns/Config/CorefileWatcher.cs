namespace Network.Dns.Config;

/// <summary>Tells when a file changed, also when its folder's entry is replaced (editors, mounted config maps).</summary>
internal sealed class CorefileWatcher : IDisposable
{
    private static readonly TimeSpan s_quiet = TimeSpan.FromMilliseconds(100);
    private readonly FileSystemWatcher _watcher;
    private readonly SemaphoreSlim _changed = new(0);

    internal CorefileWatcher(string path)
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

    /// <summary>Completes when something changed and then nothing for a moment: a file is often written in pieces.</summary>
    internal async Task ChangedAsync(CancellationToken cancel)
    {
        await _changed.WaitAsync(cancel).ConfigureAwait(false);
        while (await _changed.WaitAsync(s_quiet, cancel).ConfigureAwait(false))
        {
        }
    }

    public void Dispose()
    {
        _watcher.Dispose();
        _changed.Dispose();
    }
}
