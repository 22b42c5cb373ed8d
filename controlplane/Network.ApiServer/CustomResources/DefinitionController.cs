using System.Threading.Channels;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Network.Api.Resources;
using Network.Api.Schema;
using Network.ApiServer.Authentication;
using Network.ApiServer.Registry;
using Network.ApiServer.Watching;
using Network.Store;

namespace Network.ApiServer.CustomResources;

/// <summary>
/// Follows CustomResourceDefinitions: serves what they define, says so in their conditions, and empties a definition that is deleted. Every API
/// server does this for itself; the writes are idempotent.
/// </summary>
internal sealed partial class DefinitionController(ObjectRegistry registry, ServedResources served, WatchHub hub, ILogger logger) : IAsyncDisposable
{
    private static readonly TimeSpan s_retry = TimeSpan.FromSeconds(1);
    private readonly Dictionary<string, (string Uid, long Generation, IReadOnlyList<ResourceInfo> Resources)> _known = [];

    // Definitions whose names another one has.
    private readonly HashSet<string> _waiting = [];
    private readonly Channel<string> _queue = Channel.CreateUnbounded<string>();
    private readonly CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;

    /// <summary>Serves what is stored, before the first request.</summary>
    public void Start()
    {
        var revision = registry.Store.Revision;
        foreach (var definition in registry.FindAll(Definition.Resource))
        {
            var name = definition["metadata"].Text("name");
            Adopt(name, definition);
            _queue.Writer.TryWrite(name);
        }

        Publish();
        _running = Task.WhenAll(FollowAsync(revision, _stop.Token), WorkAsync(_stop.Token));
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
    }

    private async Task FollowAsync(long revision, CancellationToken cancel)
    {
        while (!cancel.IsCancellationRequested)
        {
            try
            {
                await foreach (var change in registry.Store.WatchAsync(Definition.Resource.StoragePrefix, revision, cancel))
                {
                    revision = change.Entry.ModRevision;
                    _queue.Writer.TryWrite(NameOf(change.Entry));
                }
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (Exception e) when (e is CompactedException or WatchOverrunException)
            {
                revision = registry.Store.Revision;
                // Also those that went meanwhile.
                foreach (var name in registry.Store.List(Definition.Resource.StoragePrefix).Entries.Select(NameOf).Concat(served.Custom.Select(resource => resource.Qualified)).Distinct())
                    _queue.Writer.TryWrite(name);
            }
        }
    }

    private static string NameOf(StoreEntry entry) => entry.Key[Definition.Resource.StoragePrefix.Length..];

    private async Task WorkAsync(CancellationToken cancel)
    {
        try
        {
            await foreach (var name in _queue.Reader.ReadAllAsync(cancel))
            {
                try
                {
                    await SyncAsync(name, cancel);
                }
                catch (Exception e) when (e is not OperationCanceledException)
                {
                    // One definition that cannot be served must not keep the others from being followed.
                    LogFailed(logger, name, e.Message);
                    Later(name, cancel);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The server stops.
        }
    }

    private async Task SyncAsync(string name, CancellationToken cancel)
    {
        // First serve, then say so: whoever waits for Established finds the resource.
        var definition = registry.Find(Definition.Resource, "", name);
        // The objects went before their definition; watchers must have seen it before they are cut off.
        if (definition is null && _known.ContainsKey(name))
            await hub.ReachAsync(registry.Store.Revision, s_retry, cancel);
        Serve(name, definition);
        if (definition is null)
            return;
        if (definition["metadata"].Text("deletionTimestamp").Length > 0)
        {
            await EmptyAsync(name, definition, cancel);
            return;
        }

        var status = DefinitionStatus.Of(definition, ConflictOf(definition), registry.Time.GetUtcNow());
        if (JsonNode.DeepEquals(status, definition["status"]))
            return;
        await registry.UpdateAsync(Context("status"), name, old =>
        {
            old["status"] = status.DeepClone();
            return old;
        });
        LogServed(logger, name, Definition.IsEstablished(new JsonObject { ["status"] = status }));
    }

    // Brings one definition up to date, null when it is gone. Only what changed is read; the rest is served as it was.
    private void Serve(string name, JsonObject? definition)
    {
        var changed = definition is null ? _known.Remove(name) : Adopt(name, definition);
        if (definition is null)
            _waiting.Remove(name);
        if (!changed)
            return;
        Publish();
        // A name may have become free.
        foreach (var waiting in _waiting)
            _queue.Writer.TryWrite(waiting);
    }

    // True when the definition is served from now on, or in another form.
    private bool Adopt(string name, JsonObject definition)
    {
        var metadata = definition["metadata"];
        var (uid, generation) = (metadata.Text("uid"), metadata.Number("generation") ?? 0);
        // Being deleted is a new generation too, but what is served stays as it is: watches must see the objects go.
        if (_known.TryGetValue(name, out var known) && known.Uid == uid && (known.Generation == generation || metadata.Text("deletionTimestamp").Length > 0))
            return false;
        if (!Definition.IsEstablished(definition) && ConflictOf(definition).Length > 0)
        {
            _waiting.Add(name);
            return false;
        }

        _waiting.Remove(name);
        return TryDefine(name, (uid, generation), definition);
    }

    private void Publish()
    {
        List<ResourceInfo> all = [.. _known.OrderBy(entry => entry.Key, StringComparer.Ordinal).SelectMany(entry => entry.Value.Resources)];
        hub.Serve(all);
        served.Replace(all);
    }

    // What passed validation can be served; what another server or an older version stored may not have passed ours.
    private bool TryDefine(string name, (string Uid, long Generation) mark, JsonObject definition)
    {
        try
        {
            _known[name] = (mark.Uid, mark.Generation, [.. Definition.ResourcesOf(definition)]);
            return true;
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException or NotSupportedException or FormatException)
        {
            LogFailed(logger, name, e.Message);
            return false;
        }
    }

    // Names are first come, first served within a group.
    private string ConflictOf(JsonObject definition)
    {
        var spec = definition["spec"];
        var (group, kind) = (spec.Text("group"), spec.Text("names", "kind"));
        var self = definition["metadata"].Text("name");
        var taken = ResourceCatalog.All.Concat(_known.Values.SelectMany(known => known.Resources)).FirstOrDefault(other => other.Group == group && other.Kind == kind && $"{other.Plural}.{other.Group}" != self);
        return taken is null ? "" : $"\"{kind}\" is already in use";
    }

    private async Task EmptyAsync(string name, JsonObject definition, CancellationToken cancel)
    {
        if (!definition["metadata"].Texts("finalizers").Contains(Definition.Finalizer))
            return;
        var left = 0;
        foreach (var resource in _known.TryGetValue(name, out var known) ? known.Resources.Take(1) : [])
        {
            foreach (var item in registry.FindAll(resource).ToList())
            {
                var metadata = item["metadata"];
                var gone = await registry.DeleteAsync(new WriteContext(resource, metadata.Text("namespace"), UserInfo.Loopback) { Cancel = cancel }, metadata.Text("name"), new DeleteOptions());
                left += gone.Gone ? 0 : 1;
            }
        }

        if (left > 0)
        {
            LogWaiting(logger, name, left);
            Later(name, cancel);
            return;
        }

        await registry.UpdateAsync(Context(""), name, old =>
        {
            old.Child("metadata")["finalizers"] = new JsonArray([.. old["metadata"].Texts("finalizers").Where(text => text != Definition.Finalizer).Select(text => (JsonNode)text)]);
            return old;
        });
    }

    private void Later(string name, CancellationToken cancel) =>
        _ = Task.Delay(s_retry, registry.Time, cancel).ContinueWith(_ => _queue.Writer.TryWrite(name), cancel, TaskContinuationOptions.OnlyOnRanToCompletion, TaskScheduler.Default);

    private static WriteContext Context(string subresource) =>
        new(Definition.Resource, "", UserInfo.Loopback) { Subresource = subresource, FieldManager = "podnet-apiserver" };

    [LoggerMessage(Level = LogLevel.Information, Message = "custom resources definition={Name} established={Established}")]
    private static partial void LogServed(ILogger logger, string name, bool established);

    [LoggerMessage(Level = LogLevel.Information, Message = "custom resources definition={Name} is deleted and waits for {Left} objects with finalizers")]
    private static partial void LogWaiting(ILogger logger, string name, int left);

    [LoggerMessage(Level = LogLevel.Warning, Message = "custom resources definition={Name} failed, tried again: {Why}")]
    private static partial void LogFailed(ILogger logger, string name, string why);
}
