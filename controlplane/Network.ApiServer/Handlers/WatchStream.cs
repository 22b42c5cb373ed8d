using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Network.Api.Errors;
using Network.ApiServer.Http;
using Network.ApiServer.Printing;
using Network.ApiServer.Watching;
using Network.Store;

namespace Network.ApiServer.Handlers;

/// <summary>The response side of one watch: selector transitions, framing, bookmarks.</summary>
internal sealed class WatchStream(ApiRequest request, Selection selection, WatchHub hub)
{
    private static readonly JsonSerializerOptions s_text = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private readonly string _prefix = request.Target.Resource.StoragePrefix + (request.Target.Namespace.Length > 0 ? request.Target.Namespace + "/" : "");
    private bool _columnsSent;

    /// <summary>The revision up to which this watcher has everything.</summary>
    public long Seen { get; private set; }

    public async Task BeginAsync(CancellationToken cancel)
    {
        var response = request.Http.Response;
        response.ContentType = request.Format.Protobuf ? ProtobufResponse.WatchContentType : "application/json";
        response.Headers.CacheControl = "no-cache, private";
        // Clients block until they have the headers, long before the first event.
        await response.StartAsync(cancel);
        await response.BodyWriter.FlushAsync(cancel);
    }

    public async Task EndAsync()
    {
        if (request.QueryFlag("allowWatchBookmarks") && Seen > 0)
            WriteBookmark(Seen, false);
        await request.Http.Response.BodyWriter.FlushAsync(request.Cancel);
    }

    public ValueTask<System.IO.Pipelines.FlushResult> FlushAsync(CancellationToken cancel) => request.Http.Response.BodyWriter.FlushAsync(cancel);

    public void Caught(long position) => Seen = Math.Max(Seen, position);

    public async ValueTask SendExistingAsync(SharedEvent shared, CancellationToken cancel)
    {
        if (!selection.All && !selection.Matches(shared.Current))
            return;
        Emit(shared, WatchEventType.Added, false);
        if (request.Http.Response.BodyWriter.UnflushedBytes > 64 * 1024)
            await FlushAsync(cancel);
    }

    /// <summary>Writes what this change means to this watcher: an object that stops matching is deleted, one that starts matching is added.</summary>
    public void Write(SharedEvent shared)
    {
        Seen = Math.Max(Seen, shared.Revision);
        var change = shared.Change;
        if (!change.Entry.Key.StartsWith(_prefix, StringComparison.Ordinal))
            return;
        var had = change.Previous is not null && (selection.All || selection.Matches(shared.Previous));
        if (change.Type == StoreEventType.Delete)
        {
            if (change.Previous is null ? selection.All || selection.Matches(shared.Current) : had)
                Emit(shared, WatchEventType.Deleted, false);
            return;
        }

        var has = selection.All || selection.Matches(shared.Current);
        if (has)
            Emit(shared, had ? WatchEventType.Modified : WatchEventType.Added, false);
        else if (had)
            Emit(shared, WatchEventType.Deleted, true);
    }

    public void WriteBookmark(long revision, bool initialEventsEnd)
    {
        var resource = request.Target.Resource;
        var metadata = new JsonObject { ["resourceVersion"] = revision.ToString(CultureInfo.InvariantCulture), ["creationTimestamp"] = null };
        if (initialEventsEnd)
            metadata["annotations"] = new JsonObject { ["k8s.io/initial-events-end"] = "true" };
        var value = new JsonObject { ["kind"] = resource.Kind, ["apiVersion"] = resource.ApiVersion, ["metadata"] = metadata };
        if (request.Format.Protobuf)
        {
            request.Http.Response.BodyWriter.Write(ProtobufResponse.Frame(request, "BOOKMARK", Encoding.UTF8.GetBytes(value.ToJsonString())));
            return;
        }

        WriteLine("BOOKMARK", request.Format.Shape == ResponseShape.Table
            ? TableWriter.Of(request, [JsonElement.Parse(value.ToJsonString())], new JsonObject { ["resourceVersion"] = metadata["resourceVersion"]!.DeepClone() }, false)
            : value);
    }

    /// <summary>The slow path: history the hub no longer holds comes from the store, for this watcher alone.</summary>
    public async Task FollowStoreAsync(IStore store, long from, CancellationToken cancel)
    {
        try
        {
            await foreach (var change in store.WatchAsync(_prefix, from, cancel))
            {
                Write(new SharedEvent(request.Target.Resource, change));
                await FlushAsync(cancel);
            }
        }
        catch (CompactedException e)
        {
            // In the stream, not as an HTTP error: that is where all clients look.
            WriteError(Refusal.Expired($"too old resource version: {e.Requested} ({e.Oldest})"));
            await FlushAsync(cancel);
        }
        catch (WatchOverrunException)
        {
            WriteError(Refusal.Expired($"too old resource version: {Seen} ({hub.Position})"));
            await FlushAsync(cancel);
        }
    }

    private void Emit(SharedEvent shared, WatchEventType type, bool old)
    {
        if (request.Format.Shape == ResponseShape.Object)
        {
            request.Http.Response.BodyWriter.Write(shared.Encoded(type, old, request.Format.Protobuf));
            return;
        }

        var value = old ? shared.Previous : shared.Current;
        if (request.Format.Protobuf)
        {
            request.Http.Response.BodyWriter.Write(ProtobufResponse.Frame(request, SharedEvent.NameOf(type), Encoding.UTF8.GetBytes(value.GetRawText())));
            return;
        }

        JsonNode shaped = request.Format.Shape == ResponseShape.Table
            ? TableWriter.Of(request, [value], new JsonObject { ["resourceVersion"] = shared.Revision.ToString(CultureInfo.InvariantCulture) }, !_columnsSent)
            : PartialMetadata.Of(value);
        _columnsSent = true;
        WriteLine(SharedEvent.NameOf(type), shaped);
    }

    private void WriteError(ApiException refusal)
    {
        if (request.Format.Protobuf)
            request.Http.Response.BodyWriter.Write(ProtobufResponse.ErrorFrame(refusal.ToStatus()));
        else
            WriteLine("ERROR", refusal.ToStatus());
    }

    private void WriteLine(string type, JsonNode value)
    {
        var line = new JsonObject { ["type"] = type, ["object"] = value }.ToJsonString(s_text);
        request.Http.Response.BodyWriter.Write(Encoding.UTF8.GetBytes(line + "\n"));
    }
}
