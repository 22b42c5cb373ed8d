using System.Globalization;
using System.Security.Cryptography;
using System.Threading.Channels;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Network.Api.Errors;
using Network.ApiServer.Http;
using Network.ApiServer.Registry;
using Network.ApiServer.Watching;
using Network.Store;

namespace Network.ApiServer.Handlers;

/// <summary>GET with watch=true: existing objects first when asked for, then every change in revision order.</summary>
internal sealed class WatchHandler(ObjectRegistry registry, WatchHub hub, CancellationToken stopping)
{
    private static readonly TimeSpan s_bookmarkEvery = TimeSpan.FromSeconds(60);

    public async Task HandleAsync(ApiRequest request)
    {
        var selection = Selection.From(request);
        CheckOptions(request);
        var initial = request.QueryFlag("sendInitialEvents");
        var from = FreshReads.Parse(request.Query("resourceVersion"));
        if (initial)
            await FreshReads.WaitAsync(registry.Store, request.Query("resourceVersion"), request.Cancel);
        // A watch never ends because its client reads slowly; the feed bounds the backlog instead.
        if (request.Http.Features.Get<IHttpMinResponseDataRateFeature>() is { } rate)
            rate.MinDataRate = null;
        using var end = CancellationTokenSource.CreateLinkedTokenSource(request.Cancel, stopping);
        end.CancelAfter(Timeout(request));
        var stream = new WatchStream(request, selection, hub);
        try
        {
            await stream.BeginAsync(end.Token);
            if (from == 0 || initial)
                from = await SendExistingAsync(request, stream, selection, initial, end.Token);
            await FollowAsync(request, stream, from, end.Token);
        }
        catch (OperationCanceledException)
        {
            if (!request.Cancel.IsCancellationRequested)
                await stream.EndAsync();
        }
    }

    private static void CheckOptions(ApiRequest request)
    {
        var match = request.Query("resourceVersionMatch");
        var faults = new List<FieldFault>();
        if (request.Query("sendInitialEvents").Length == 0 && match.Length > 0)
            faults.Add(FieldFault.Forbidden("resourceVersionMatch", "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"));
        if (request.Query("sendInitialEvents").Length > 0 && match != "NotOlderThan")
            faults.Add(FieldFault.Forbidden("resourceVersionMatch", "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"));
        if (faults.Count > 0)
            throw Refusal.Invalid("ListOptions", "meta.k8s.io", "", faults);
    }

    private static TimeSpan Timeout(ApiRequest request) =>
        double.TryParse(request.Query("timeoutSeconds"), NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) && seconds > 0
            ? TimeSpan.FromSeconds(Math.Min(seconds, 86_400))
            : TimeSpan.FromSeconds(RandomNumberGenerator.GetInt32(1800, 3600));

    private async Task<long> SendExistingAsync(ApiRequest request, WatchStream stream, Selection selection, bool mark, CancellationToken cancel)
    {
        var target = request.Target;
        var prefix = target.Resource.StoragePrefix + (target.Namespace.Length > 0 ? target.Namespace + "/" : "");
        var list = registry.Store.List(prefix);
        foreach (var entry in list.Entries)
        {
            if (selection.Fields.ExactName is { } name && !entry.Key.EndsWith("/" + name, StringComparison.Ordinal))
                continue;
            await stream.SendExistingAsync(new SharedEvent(target.Resource, new StoreEvent(StoreEventType.Put, entry, null)), cancel);
        }

        if (mark && request.QueryFlag("allowWatchBookmarks"))
            stream.WriteBookmark(list.Revision, true);
        await stream.FlushAsync(cancel);
        return list.Revision;
    }

    private async Task FollowAsync(ApiRequest request, WatchStream stream, long from, CancellationToken cancel)
    {
        var bookmarks = request.QueryFlag("allowWatchBookmarks");
        var reader = hub.Subscribe(request.Target.Resource, from, cancel);
        if (reader is null)
        {
            await stream.FollowStoreAsync(registry.Store, from, cancel);
            return;
        }

        stream.Caught(from);
        var bookmark = bookmarks ? Task.Delay(s_bookmarkEvery, cancel) : null;
        while (true)
        {
            var position = hub.Position;
            while (reader.TryRead(out var shared))
                stream.Write(shared);
            await stream.FlushAsync(cancel);
            stream.Caught(position);
            if (!await WaitAsync(reader, bookmark, cancel))
                return;
            if (bookmark is not { IsCompleted: true } || reader.TryPeek(out _))
                continue;
            stream.WriteBookmark(stream.Seen, false);
            bookmark = Task.Delay(s_bookmarkEvery, cancel);
        }
    }

    // True to go on: an event is there, or it is time for a bookmark. False when the feed cut this watcher off. One timer
    // serves all waits of its minute: with a thousand watchers, a timer a wait would cost more than the event.
    private static async ValueTask<bool> WaitAsync(ChannelReader<SharedEvent> reader, Task? bookmark, CancellationToken cancel)
    {
        var more = reader.WaitToReadAsync(cancel);
        if (more.IsCompleted || bookmark is null)
            return await more;
        var waiting = more.AsTask();
        var first = await Task.WhenAny(waiting, bookmark);
        cancel.ThrowIfCancellationRequested();
        return first != waiting || await waiting;
    }
}
