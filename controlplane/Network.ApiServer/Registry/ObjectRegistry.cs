using System.Text.Json.Nodes;
using Network.Api.Errors;
using Network.Api.Resources;
using Network.ApiServer.Admission;
using Network.ApiServer.Storage;
using Network.ApiServer.Strategies;
using Network.Store;

namespace Network.ApiServer.Registry;

/// <summary>The shared ground of all writes: storage, clock, rules of the kinds and admission. Verbs are in their own files.</summary>
internal sealed class ObjectRegistry(IStore store, TimeProvider time, StrategyCatalog strategies)
{
    public IStore Store => store;

    public TimeProvider Time => time;

    public AdmissionChain Admission { get; set; } = new();

    /// <summary>PEM of the authority that pods verify this server with; empty publishes none.</summary>
    public string RootCertificate { get; init; } = "";

    public Strategy StrategyOf(ResourceInfo resource) => strategies.For(resource);

    /// <exception cref="ApiException">404, there is no such object.</exception>
    public StoreEntry Require(ResourceInfo resource, string ns, string name) =>
        store.Get(resource.Key(ns, name)) ?? throw Refusal.NotFound(resource.Plural, resource.Group, name);

    public JsonObject? Find(ResourceInfo resource, string ns, string name) =>
        store.Get(resource.Key(ns, name)) is { } entry ? ObjectBytes.Decode(resource, entry) : null;

    /// <summary>All objects of a resource in a namespace, or everywhere.</summary>
    public IEnumerable<JsonObject> FindAll(ResourceInfo resource, string ns = "") =>
        store.List(resource.StoragePrefix + (ns.Length == 0 ? "" : ns + "/")).Entries.Select(e => ObjectBytes.Decode(resource, e));
}
