namespace Network.Store.Etcd;

/// <summary>
/// Many wait for one read: whoever comes while one is under way waits for the next, because only a read that began after
/// the call can vouch for it. So a thousand readers cost etcd two reads at a time.
/// </summary>
internal sealed class SharedRead(Func<Task> read)
{
    private readonly Lock _lock = new();
    private Task _running = Task.CompletedTask;
    private Task? _next;

    internal Task RunAsync()
    {
        lock (_lock)
            return _next ??= FollowAsync(_running);
    }

    private async Task FollowAsync(Task running)
    {
        // Off the caller's thread, which still holds the lock.
        await Task.Yield();
        await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        lock (_lock)
        {
            _running = _next!;
            _next = null;
        }

        await read().ConfigureAwait(false);
    }
}
