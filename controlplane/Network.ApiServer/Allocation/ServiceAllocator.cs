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
/// one store never hand out the same value. The value names the owner: a claim whose service does not carry it (a crash between the two writes) is
/// taken over by the next who asks.
/// </summary>
internal sealed class ServiceAllocator(IStore store, ServiceRanges ranges)
{
    private const string AddressPrefix = "/registry/ranges/serviceips/";
    private const string PortPrefix = "/registry/ranges/servicenodeports/";
    private const string ServicePrefix = "/registry/services/";

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
        if (present is not null && OwnerHolds(key, Encoding.UTF8.GetString(present.Value.Span), owner))
            return AllocationOutcome.AlreadyAllocated;
        var taken = await store.PutAsync(key, Encoding.UTF8.GetBytes(owner), present?.ModRevision ?? 0);
        return taken is null ? AllocationOutcome.AlreadyAllocated : AllocationOutcome.Taken;
    }

    private bool OwnerHolds(string key, string owner, string asking)
    {
        if (owner == asking)
            return false;
        if (store.Get(ServicePrefix + owner) is not { } service)
            return false;
        var value = key[(key.LastIndexOf('/') + 1)..];
        var spec = JsonNode.Parse(service.Value.Span)?["spec"];
        return key.StartsWith(AddressPrefix, StringComparison.Ordinal)
            ? spec.Texts("clusterIPs").Contains(value)
            : spec.Items("ports").Any(p => p.Number("nodePort")?.ToString() == value) || spec.Number("healthCheckNodePort")?.ToString() == value;
    }

    private async ValueTask ReleaseAsync(string key, string owner)
    {
        if (store.Get(key) is { } present && Encoding.UTF8.GetString(present.Value.Span) == owner)
            await store.DeleteAsync(key, present.ModRevision);
    }
}
