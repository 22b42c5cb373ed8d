using Google.Protobuf;
using Grpc.Core;
using Microsoft.Extensions.Logging;
using Network.Store.Etcd.Wire;
using Network.Store.Memory;

namespace Network.Store.Etcd;

/// <summary>
/// Keeps the state in memory equal to etcd's: reads it once at a revision, then follows every change after it. A lost
/// connection goes on where it ended; only when etcd has compacted that away is the state read anew.
/// </summary>
internal sealed partial class EtcdFeed(EtcdClient client, EtcdSettings settings, LiveState live, TimeProvider time, ILogger logger)
{
    private const int PageKeys = 1000;

    // More history than this is not worth replaying at start.
    private const long MostReplayed = 10_000;

    private static readonly TimeSpan s_leastPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan s_mostPause = TimeSpan.FromSeconds(2);

    private readonly RevisionClock _clock = new();

    /// <summary>Reads the state as far back as history goes, so that watches resume across a restart of this server. Returns the revision to reach.</summary>
    internal async Task<long> LoadAsync(CancellationToken cancel)
    {
        var (current, compacted) = await Compactor.ReadAsync(client, cancel).ConfigureAwait(false);
        var from = Math.Max(Math.Max(compacted, 1), current - MostReplayed);
        try
        {
            await ReadStateAsync(from, cancel).ConfigureAwait(false);
        }
        catch (RpcException e) when (e.StatusCode == StatusCode.OutOfRange)
        {
            // Somebody else compacts this etcd.
            await ReadStateAsync(current, cancel).ConfigureAwait(false);
        }

        return current;
    }

    internal async Task RunAsync(CancellationToken cancel)
    {
        var pause = s_leastPause;
        while (!cancel.IsCancellationRequested)
        {
            try
            {
                var before = live.Revision;
                await FollowAsync(cancel).ConfigureAwait(false);
                pause = live.Revision > before ? s_leastPause : pause;
            }
            catch (Exception) when (cancel.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (e is RpcException or IOException)
            {
                LogLost(logger, live.Revision, e.Message);
                client.MoveOn();
                await Task.Delay(pause, time, cancel).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                pause = pause * 2 < s_mostPause ? pause * 2 : s_mostPause;
            }
        }
    }

    /// <summary>Drops history older than an age.</summary>
    internal void Forget(TimeSpan age)
    {
        lock (_clock)
            live.Forget(_clock.At((time.GetUtcNow() - age).ToUnixTimeMilliseconds()));
    }

    private async Task FollowAsync(CancellationToken cancel)
    {
        using var call = new Wire.Watch.WatchClient(client.Channel).Watch(cancellationToken: cancel);
        await call.RequestStream.WriteAsync(Requests.WatchAll(live.Revision), cancel).ConfigureAwait(false);
        await foreach (var response in call.ResponseStream.ReadAllAsync(cancel).ConfigureAwait(false))
        {
            if (response.CompactRevision > 0)
            {
                LogCompacted(logger, live.Revision, response.CompactRevision);
                await ReadStateAsync(0, cancel).ConfigureAwait(false);
                return;
            }

            if (response.Canceled)
                throw new IOException($"etcd ended the watch: {response.CancelReason}");
            if (!response.Created)
                Take(response);
        }

        throw new IOException("etcd closed the watch");
    }

    private void Take(WatchResponse response)
    {
        var changes = new List<StoreEvent>(response.Events.Count);
        var inResponse = new Dictionary<string, StoreEntry?>(StringComparer.Ordinal);
        // Without events it is a progress notification: everything up to its revision has been sent.
        var upTo = response.Events.Count > 0 ? response.Events[^1].Kv.ModRevision : response.Header.Revision;
        var applied = live.Revision;
        var prefix = ByteString.CopyFromUtf8(settings.Prefix);
        foreach (var change in response.Events.Where(change => change.Kv.ModRevision > applied && change.Kv.Key.Span.StartsWith(prefix.Span)))
        {
            var key = change.Kv.Key.ToStringUtf8();
            var previous = inResponse.TryGetValue(key, out var recent) ? recent : live.Get(key);
            if (change.Type == Event.Types.EventType.Put)
                changes.Add(new StoreEvent(StoreEventType.Put, Requests.Entry(change.Kv), previous));
            else if (previous is not null)
                changes.Add(new StoreEvent(StoreEventType.Delete, previous with { ModRevision = change.Kv.ModRevision }, previous));
            inResponse[key] = change.Type == Event.Types.EventType.Put ? changes[^1].Entry : null;
        }

        lock (_clock)
            _clock.Note(time.GetUtcNow().ToUnixTimeMilliseconds(), upTo);
        live.Apply(changes, upTo);
    }

    private async Task ReadStateAsync(long revision, CancellationToken cancel)
    {
        var entries = new List<StoreEntry>();
        var from = ByteString.CopyFromUtf8(settings.Prefix);
        while (true)
        {
            var request = Requests.Page(settings.Prefix, from, revision, PageKeys);
            var page = await client.ReadAsync((channel, options) => new KV.KVClient(channel).RangeAsync(request, options), cancel).ConfigureAwait(false);
            revision = revision == 0 ? page.Header.Revision : revision;
            entries.AddRange(page.Kvs.Select(Requests.Entry));
            if (!page.More)
                break;
            from = ByteString.CopyFrom([.. page.Kvs[^1].Key.Span, 0]);
        }

        live.Replace(entries, revision);
        LogRead(logger, entries.Count, revision);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "read {Keys} keys from etcd at revision {Revision}")]
    private static partial void LogRead(ILogger logger, int keys, long revision);

    [LoggerMessage(Level = LogLevel.Warning, Message = "lost etcd at revision {Revision}, going on from there: {Reason}")]
    private static partial void LogLost(ILogger logger, long revision, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "etcd has compacted revision {Revision} away (oldest {Oldest}); reading everything anew, all watchers list again")]
    private static partial void LogCompacted(ILogger logger, long revision, long oldest);
}
