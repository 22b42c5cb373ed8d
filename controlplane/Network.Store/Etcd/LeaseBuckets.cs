using Network.Store.Etcd.Wire;

namespace Network.Store.Etcd;

/// <summary>
/// Keys that expire at about the same time share a lease, as in Kubernetes (lease_manager.go): a lease a key overloads
/// etcd when there are many Events. A key lives up to a twentieth longer than asked, at most a minute.
/// </summary>
internal sealed class LeaseBuckets(EtcdClient client, TimeProvider time) : IDisposable
{
    private const int MostKeys = 1000;
    private static readonly TimeSpan s_mostShared = TimeSpan.FromMinutes(1);
    private readonly SemaphoreSlim _gate = new(1);
    private readonly Dictionary<TimeSpan, Bucket> _buckets = [];

    internal async ValueTask<long> LeaseAsync(TimeSpan ttl, CancellationToken cancel)
    {
        await _gate.WaitAsync(cancel).ConfigureAwait(false);
        try
        {
            var now = time.GetUtcNow();
            if (_buckets.TryGetValue(ttl, out var bucket) && now < bucket.Until && bucket.Keys < MostKeys)
            {
                _buckets[ttl] = bucket with { Keys = bucket.Keys + 1 };
                return bucket.Id;
            }

            var shared = ttl / 20 < s_mostShared ? ttl / 20 : s_mostShared;
            var request = new LeaseGrantRequest { TTL = (long)Math.Ceiling((ttl + shared).TotalSeconds) };
            var lease = await client.ReadAsync((channel, options) => new Lease.LeaseClient(channel).LeaseGrantAsync(request, options), cancel).ConfigureAwait(false);
            if (lease.Error.Length > 0)
                throw new IOException($"etcd gave no lease of {request.TTL} s: {lease.Error}");
            _buckets[ttl] = new Bucket(lease.ID, now + shared, 1);
            return lease.ID;
        }
        finally
        {
            _gate.Release();
        }
    }

    public void Dispose() => _gate.Dispose();

    private readonly record struct Bucket(long Id, DateTimeOffset Until, int Keys);
}
