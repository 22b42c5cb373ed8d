using System.Text.Json.Nodes;
using Network.Api.Resources;
using Network.Api.Schema;
using Network.ApiServer.Storage;
using Network.Store;

namespace Network.ApiServer.Admission.Webhooks;

/// <summary>
/// The webhooks of one kind of configuration, in order of the configurations' names. The store's memory is the index, so a configuration holds for the
/// next write, whichever server took it; each is read once per change.
/// </summary>
internal sealed class WebhookConfigurations(IStore store, string plural, WebhookClients clients)
{
    private readonly ResourceInfo _resource = ResourceCatalog.Get(plural, "admissionregistration.k8s.io");
    private volatile Snapshot _known = new([], []);

    public IReadOnlyList<Webhook> Current()
    {
        var entries = store.List(_resource.StoragePrefix).Entries;
        var known = _known;
        if (!Same(known.Sources, entries))
            _known = known = Read(entries, known);
        return known.All;
    }

    // Entries never change, so the same ones mean the same configurations.
    private static bool Same(IReadOnlyList<Source> sources, IReadOnlyList<StoreEntry> entries)
    {
        if (sources.Count != entries.Count)
            return false;
        for (var i = 0; i < entries.Count; i++)
        {
            if (!ReferenceEquals(sources[i].Entry, entries[i]))
                return false;
        }

        return true;
    }

    private Snapshot Read(IReadOnlyList<StoreEntry> entries, Snapshot before)
    {
        var known = before.Sources.ToDictionary(source => source.Entry.Key, StringComparer.Ordinal);
        var sources = new List<Source>();
        foreach (var entry in entries)
        {
            var unchanged = known.TryGetValue(entry.Key, out var source) && ReferenceEquals(source.Entry, entry);
            sources.Add(unchanged ? source! : new Source(entry, Read(ObjectBytes.Decode(_resource, entry))));
        }

        return new Snapshot(sources, [.. sources.SelectMany(source => source.Hooks)]);
    }

    private List<Webhook> Read(JsonObject configuration) =>
        [.. configuration.Items("webhooks").Select(hook => new Webhook(configuration.Text("metadata", "name"), hook, clients.For(hook["clientConfig"])))];

    private sealed record Source(StoreEntry Entry, IReadOnlyList<Webhook> Hooks);

    private sealed record Snapshot(IReadOnlyList<Source> Sources, IReadOnlyList<Webhook> All);
}
