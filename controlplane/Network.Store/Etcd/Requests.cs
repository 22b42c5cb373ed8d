using Google.Protobuf;
using Network.Store.Etcd.Wire;

namespace Network.Store.Etcd;

/// <summary>The requests the store makes, and etcd's answers in the store's words.</summary>
internal static class Requests
{
    // etcd's "all keys": from the least key, without end.
    private static readonly ByteString s_all = ByteString.CopyFrom(0);

    /// <summary>Every change of every key. Other people's keys too: so every revision is seen, and how far we are is never a guess.</summary>
    internal static WatchRequest WatchAll(long after) => new()
    {
        CreateRequest = new WatchCreateRequest { Key = s_all, RangeEnd = s_all, StartRevision = after + 1, ProgressNotify = true },
    };

    /// <summary>Puts a key if its revision is the expected one (0: it does not exist), and reads it back.</summary>
    internal static TxnRequest Put(string key, ReadOnlyMemory<byte> value, long expected, long lease)
    {
        var name = ByteString.CopyFromUtf8(key);
        return new TxnRequest
        {
            Compare = { IsAt(name, expected) },
            Success =
            {
                new RequestOp { RequestPut = new PutRequest { Key = name, Value = UnsafeByteOperations.UnsafeWrap(value), Lease = lease } },
                new RequestOp { RequestRange = new RangeRequest { Key = name, KeysOnly = true } },
            },
        };
    }

    /// <summary>Reads a key and deletes it if its revision is the expected one.</summary>
    internal static TxnRequest Delete(string key, long expected)
    {
        var name = ByteString.CopyFromUtf8(key);
        return new TxnRequest
        {
            Compare = { IsAt(name, expected) },
            Success =
            {
                new RequestOp { RequestRange = new RangeRequest { Key = name } },
                new RequestOp { RequestDeleteRange = new DeleteRangeRequest { Key = name } },
            },
        };
    }

    internal static RangeRequest Page(string prefix, ByteString from, long revision, int limit) =>
        new() { Key = from, RangeEnd = End(prefix), Revision = revision, Limit = limit };

    internal static StoreEntry Entry(KeyValue kv) => new(kv.Key.ToStringUtf8(), kv.Value.Memory, kv.CreateRevision, kv.ModRevision);

    private static Compare IsAt(ByteString key, long revision) =>
        new() { Key = key, Target = Compare.Types.CompareTarget.Mod, Result = Compare.Types.CompareResult.Equal, ModRevision = revision };

    // The first key after all that begin with the prefix.
    private static ByteString End(string prefix)
    {
        var end = System.Text.Encoding.UTF8.GetBytes(prefix);
        end[^1]++;
        return UnsafeByteOperations.UnsafeWrap(end);
    }
}
