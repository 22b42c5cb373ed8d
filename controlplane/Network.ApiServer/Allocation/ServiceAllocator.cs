using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Network.Api.Schema;
using Network.Store;

namespace Network.ApiServer.Allocation;

internal enum AllocationOutcome { Taken, AlreadyAllocated, OutOfRange, Exhausted }

/// <summary>
/// Cluster IPs and node ports, one key each under <c>/registry/ranges/</c>. The key is created by compare-and-swap, so that several API servers over
/// one store never hand out the same value. The value names the owner and the time: an old claim whose service does not carry it (a crash between the two
/// writes) is taken over by the next who asks.
/// </summary>
internal sealed class ServiceAllocator(IStore store, TimeProvider time, ServiceRanges ranges)
{
    private const string AddressPrefix = "/registry/ranges/serviceips/";
    private const string PortPrefix = "/registry/ranges/servicenodeports/";
    private const string ServicePrefix = "/registry/services/";

    // Far longer than any write takes; until then a claim without its service is a service being created.
    private static readonly TimeSpan s_writeTime = TimeSpan.FromMinutes(5);

    public ServiceRanges Ranges => ranges;

    public ValueTask<AllocationOutcome> ClaimAddressAsync(IPAddress address, string owner) =>
        ranges.Contains(address) ? ClaimAsync(AddressPrefix + address, owner) : ValueTask.FromResult(AllocationOutcome.OutOfRange);

    /// <summary>A free address; null when the range is used up.</summary>
    public async ValueTask<IPAddress?> TakeAddressAsync(string owner)
    {
        var start = RandomNumberGenerator.GetInt32(ranges.Count);
        for (var i = 0; i < ranges.Count; i++)
        {
            var address = ranges.At((start + i) % ranges.Count);
            if (await ClaimAsync(AddressPrefix + address, owner) == AllocationOutcome.Taken)
                return address;
        }

        return null;
    }

    public ValueTask<AllocationOutcome> ClaimPortAsync(int port, string owner) =>
        port >= ranges.FirstNodePort && port <= ranges.LastNodePort ? ClaimAsync(PortPrefix + port, owner) : ValueTask.FromResult(AllocationOutcome.OutOfRange);

    /// <summary>A free node port; null when the range is used up.</summary>
    public async ValueTask<int?> TakePortAsync(string owner)
    {
        var count = ranges.LastNodePort - ranges.FirstNodePort + 1;
        var start = RandomNumberGenerator.GetInt32(count);
        for (var i = 0; i < count; i++)
        {
            var port = ranges.FirstNodePort + ((start + i) % count);
            if (await ClaimAsync(PortPrefix + port, owner) == AllocationOutcome.Taken)
                return port;
        }

        return null;
    }

    public ValueTask ReleaseAddressAsync(string address, string owner) => ReleaseAsync(AddressPrefix + address, owner);

    public ValueTask ReleasePortAsync(long port, string owner) => ReleaseAsync(PortPrefix + port, owner);

    private async ValueTask<AllocationOutcome> ClaimAsync(string key, string owner)
    {
        var present = store.Get(key);
        if (present is not null && IsHeld(key, present, owner))
            return AllocationOutcome.AlreadyAllocated;
        var value = Encoding.UTF8.GetBytes($"{owner} {time.GetUtcNow().ToUnixTimeSeconds()}");
        var taken = await store.PutAsync(key, value, present?.ModRevision ?? 0);
        return taken is null ? AllocationOutcome.AlreadyAllocated : AllocationOutcome.Taken;
    }

    private bool IsHeld(string key, StoreEntry claim, string asking)
    {
        var (owner, since) = Read(claim);
        if (owner == asking)
            return false;
        // Its service may be on the way to the store right now.
        if (time.GetUtcNow() - since < s_writeTime)
            return true;
        if (store.Get(ServicePrefix + owner[..owner.IndexOf('#')]) is not { } service)
            return false;
        var value = key[(key.LastIndexOf('/') + 1)..];
        var spec = JsonNode.Parse(service.Value.Span)?["spec"];
        return key.StartsWith(AddressPrefix, StringComparison.Ordinal)
            ? spec.Texts("clusterIPs").Contains(value)
            : spec.Items("ports").Any(p => p.Number("nodePort")?.ToString() == value) || spec.Number("healthCheckNodePort")?.ToString() == value;
    }

    private static (string Owner, DateTimeOffset Since) Read(StoreEntry claim)
    {
        var words = Encoding.UTF8.GetString(claim.Value.Span).Split(' ');
        return (words[0].Contains('#') ? words[0] : words[0] + '#', DateTimeOffset.FromUnixTimeSeconds(words.Length > 1 && long.TryParse(words[1], out var seconds) ? seconds : 0));
    }

    private async ValueTask ReleaseAsync(string key, string owner)
    {
        if (store.Get(key) is { } present && Read(present).Owner == owner)
            await store.DeleteAsync(key, present.ModRevision);
    }
}
