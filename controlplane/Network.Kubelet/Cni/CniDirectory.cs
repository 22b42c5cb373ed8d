namespace Network.Kubelet.Cni;

/// <summary>The configured pod network of this node, followed by inotify: writing the configuration is the sign that networking is ready.</summary>
internal sealed class CniDirectory : IDisposable
{
    private readonly string _directory;
    private readonly FileSystemWatcher _watcher;
    private CniNetwork? _network;
    private string? _refusal;

    internal CniDirectory(string directory)
    {
        _directory = directory;
        Directory.CreateDirectory(directory);
        _watcher = new FileSystemWatcher(directory) { NotifyFilter = NotifyFilters.FileName | NotifyFilters.LastWrite | NotifyFilters.Size };
        _watcher.Changed += (_, _) => Reload();
        _watcher.Created += (_, _) => Reload();
        _watcher.Deleted += (_, _) => Reload();
        _watcher.Renamed += (_, _) => Reload();
        _watcher.EnableRaisingEvents = true;
        Reload();
    }

    /// <summary>Raised when a network appeared, vanished or changed.</summary>
    internal event Action? Changed;

    internal CniNetwork? Network => Volatile.Read(ref _network);

    /// <summary>Why pods cannot be attached: no network, or what its plugins say; null when they can.</summary>
    internal string? Obstacle => Network is null ? Problem : _refusal;

    /// <summary>Why there is no network, in the words of the reference implementation.</summary>
    internal string Problem { get; private set; } = "cni plugin not initialized";

    /// <summary>What STATUS said; null for ready.</summary>
    internal void Report(string? refusal)
    {
        if (Interlocked.Exchange(ref _refusal, refusal) != refusal)
            Changed?.Invoke();
    }

    public void Dispose() => _watcher.Dispose();

    private void Reload()
    {
        CniNetwork? found;
        try
        {
            found = CniNetwork.Find(_directory, out var problem);
            Problem = problem is null ? "cni plugin not initialized" : $"cni plugin not initialized: {problem}";
        }
        catch (IOException)
        {
            // The file was replaced while it was read; the next notification brings it.
            return;
        }

        var had = Interlocked.Exchange(ref _network, found) is not null;
        if (had != (found is not null))
            Changed?.Invoke();
    }
}
