using System.Diagnostics.Metrics;
using Network.Api.Resources;
using Network.Store;

namespace Network.ApiServer.Http;

/// <summary>How much is stored, counted when somebody asks.</summary>
internal sealed class StorageMetrics : IDisposable
{
    private readonly Meter _meter = new("Network.ApiServer");

    public StorageMetrics(IStore store, Func<long>? bytes)
    {
        _meter.CreateObservableGauge("apiserver_storage_objects", () => Count(store), description: "Stored objects by resource");
        if (bytes is not null)
            _meter.CreateObservableGauge("apiserver_storage_size_bytes", bytes, description: "Size of the store's files");
    }

    public void Dispose() => _meter.Dispose();

    private static IEnumerable<Measurement<long>> Count(IStore store) => ResourceCatalog.All.Where(r => !r.Converted && !r.Has(ResourceTraits.CreateOnly))
        .Select(r => new Measurement<long>(store.Count(r.StoragePrefix), new KeyValuePair<string, object?>("resource", r.Qualified)));
}
