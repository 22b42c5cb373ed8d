using System.Text;
using Network.Store;
using Xunit;

namespace Network.ControlPlane.Tests.Store;

/// <summary>
/// What the API server relies on from a store, whichever it is: the scenarios of Kubernetes' storage tests
/// (staging/src/k8s.io/apiserver/pkg/storage/testing). Parts by verb are in the files beside.
/// </summary>
public abstract partial class StoreContract : IAsyncLifetime
{
    protected static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <summary>Every key of a test is below this.</summary>
    protected virtual string Root => "/registry/";

    protected IStore Store { get; private set; } = null!;

    protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public virtual async ValueTask InitializeAsync() => Store = await OpenAsync(new StoreSettings { HousekeepingEvery = TimeSpan.FromMilliseconds(50) }, TimeProvider.System);

    public virtual async ValueTask DisposeAsync() => await Store.DisposeAsync();

    /// <summary>Opens a store; what an earlier one kept is there again if this store keeps anything.</summary>
    protected abstract Task<IStore> OpenAsync(StoreSettings settings, TimeProvider time);

    protected async Task UseAsync(StoreSettings settings, TimeProvider? time = null)
    {
        await Store.DisposeAsync();
        Store = await OpenAsync(settings, time ?? TimeProvider.System);
    }

    protected string Key(string name) => Root + name;

    protected async Task<StoreEntry> PutAsync(string name, string value = "x", long expected = 0) =>
        await Store.PutAsync(Key(name), Bytes(value), expected) ?? throw new InvalidOperationException($"{name} is not at revision {expected}");

    protected async Task<StoreEntry> ReplaceAsync(string name, string value) => await PutAsync(name, value, Store.Get(Key(name))!.ModRevision);

    protected IEnumerable<string> Names(StoreList list) => list.Entries.Select(entry => entry.Key[Root.Length..]);

    /// <summary>The next events of a watch.</summary>
    protected async Task<List<StoreEvent>> TakeAsync(string prefix, long from, int count)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        stop.CancelAfter(Patience);
        var seen = new List<StoreEvent>();
        await foreach (var change in Store.WatchAsync(Key(prefix), from, stop.Token))
        {
            seen.Add(change);
            if (seen.Count == count)
                break;
        }

        return seen;
    }

    protected static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    protected static string Text(StoreEntry? entry) => entry is null ? "(absent)" : Encoding.UTF8.GetString(entry.Value.Span);
}
