using System.Globalization;
using Google.Protobuf;
using Microsoft.Extensions.Logging;
using Network.Store.Etcd.Wire;

namespace Network.Store.Etcd;

/// <summary>
/// Compacts etcd's history without the servers getting in each other's way, as Kubernetes does
/// (staging/src/k8s.io/apiserver/pkg/storage/etcd3/compact.go): whoever swaps the key first compacts to the revision of
/// one interval ago, so history lives between one interval and two.
/// </summary>
internal sealed partial class Compactor(EtcdClient client, ILogger logger)
{
    private static readonly ByteString s_key = ByteString.CopyFromUtf8("compact_rev_key");
    private long _version;
    private long _revision;

    /// <summary>The current revision and the one that is compacted.</summary>
    internal static async Task<(long Current, long Compacted)> ReadAsync(EtcdClient client, CancellationToken cancel)
    {
        var request = new RangeRequest { Key = s_key };
        var answer = await client.ReadAsync((channel, options) => new KV.KVClient(channel).RangeAsync(request, options), cancel).ConfigureAwait(false);
        _ = long.TryParse(answer.Kvs.Count > 0 ? answer.Kvs[0].Value.ToStringUtf8() : "0", CultureInfo.InvariantCulture, out var compacted);
        return (answer.Header.Revision, compacted);
    }

    /// <summary>One turn; called once an interval.</summary>
    internal async Task TurnAsync(CancellationToken cancel)
    {
        var target = _revision;
        var answer = await client.WriteAsync(new TxnRequest
        {
            Compare = { new Compare { Key = s_key, Target = Compare.Types.CompareTarget.Version, Result = Compare.Types.CompareResult.Equal, Version = _version } },
            Success = { new RequestOp { RequestPut = new PutRequest { Key = s_key, Value = ByteString.CopyFromUtf8(target.ToString(CultureInfo.InvariantCulture)) } } },
            Failure = { new RequestOp { RequestRange = new RangeRequest { Key = s_key } } },
        }, cancel).ConfigureAwait(false);
        _revision = answer.Header.Revision;
        if (!answer.Succeeded)
        {
            // Another server did it; the next turn starts from what it left.
            _version = answer.Responses[0].ResponseRange.Kvs is [var kv, ..] ? kv.Version : 0;
            return;
        }

        _version++;
        if (target == 0)
            return;
        var request = new CompactionRequest { Revision = target };
        await client.ReadAsync((channel, options) => new KV.KVClient(channel).CompactAsync(request, options), cancel).ConfigureAwait(false);
        LogCompacted(logger, target);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "compacted etcd to revision {Revision}")]
    private static partial void LogCompacted(ILogger logger, long revision);
}
