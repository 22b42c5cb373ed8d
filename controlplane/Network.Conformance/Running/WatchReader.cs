using System.Text.Json.Nodes;
using Network.Conformance.Clients;

namespace Network.Conformance.Running;

/// <summary>A watch as scenarios read it: event after event, each with what was expected of it.</summary>
public sealed class WatchReader(IWatch watch, CancellationToken cancel) : IAsyncDisposable
{
    /// <summary>The next event but bookmarks.</summary>
    public async Task<WatchedChange> NextAsync()
    {
        while (true)
        {
            var change = await watch.NextAsync(cancel).ConfigureAwait(false) ?? throw new ExpectationFailed("the watch ended, expected one more event");
            if (change.Type != "BOOKMARK")
                return change;
        }
    }

    /// <summary>The next event must be of this type, and of this object when a name is given.</summary>
    public async Task<JsonObject> NextAsync(string type, string? name = null)
    {
        WatchedChange change;
        try
        {
            change = await NextAsync().ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            throw new ExpectationFailed($"no event within the deadline; expected {type} {name}");
        }

        Expect.Equal($"{type} {name}".Trim(), $"{change.Type} {(name is null ? "" : change.Object["metadata"]?["name"])}".Trim(), "event of the watch");
        return change.Object;
    }

    /// <summary>Reads on until an event of this type and name.</summary>
    public async Task<JsonObject> UntilAsync(string type, string name)
    {
        while (true)
        {
            var change = await NextAsync().ConfigureAwait(false);
            if (change.Type == type && (string?)change.Object["metadata"]?["name"] == name)
                return change.Object;
        }
    }

    public ValueTask DisposeAsync() => watch.DisposeAsync();
}
