using Network.Store;

namespace Network.ApiServer.Handlers;

/// <summary>One thing that must be well. <see cref="Live"/> is false for what only readiness asks.</summary>
internal sealed record HealthCheck(string Name, Func<ValueTask<bool>> PassesAsync, bool Live = true)
{
    // As long as upstream's etcd check waits.
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(2);

    public HealthCheck(string name, Func<bool> passes, bool live = true)
        : this(name, () => ValueTask.FromResult(passes()), live)
    {
    }

    /// <summary>The store answers what everybody has been told of, within two seconds.</summary>
    public static HealthCheck Of(IStore store, TimeProvider time) => new("etcd", async () =>
    {
        try
        {
            await store.FreshAsync().AsTask().WaitAsync(s_patience, time);
            return true;
        }
        catch (Exception e) when (e is TimeoutException or IOException or ObjectDisposedException or OperationCanceledException)
        {
            return false;
        }
    });
}
