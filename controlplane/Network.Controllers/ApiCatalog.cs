using Network.Client;

namespace Network.Controllers;

/// <summary>A kind as discovery names it.</summary>
internal sealed record CatalogEntry(string Group, string Version, string Plural, string Kind, bool Namespaced, IReadOnlySet<string> Verbs);

/// <summary>Everything the API server serves, each resource once, in its group's preferred version (legacy discovery).</summary>
internal static class ApiCatalog
{
    internal static async Task<IReadOnlyList<CatalogEntry>> ReadAsync(ApiClient client, CancellationToken cancel)
    {
        var entries = new List<CatalogEntry>();
        entries.AddRange(await ReadGroupAsync(client, "/api/v1", "", "v1", cancel).ConfigureAwait(false));
        var groups = await client.RequestAsync(HttpMethod.Get, "/apis", null, cancel).ConfigureAwait(false);
        foreach (var group in groups!["groups"]!.AsArray())
        {
            var name = group!["name"]!.GetValue<string>();
            var version = group["preferredVersion"]!["version"]!.GetValue<string>();
            entries.AddRange(await ReadGroupAsync(client, $"/apis/{name}/{version}", name, version, cancel).ConfigureAwait(false));
        }

        return entries;
    }

    private static async Task<List<CatalogEntry>> ReadGroupAsync(ApiClient client, string path, string group, string version, CancellationToken cancel)
    {
        var list = await client.RequestAsync(HttpMethod.Get, path, null, cancel).ConfigureAwait(false);
        return list!["resources"]!.AsArray()
            .Where(resource => !resource!["name"]!.GetValue<string>().Contains('/'))
            .Select(resource => new CatalogEntry(group, version, resource!["name"]!.GetValue<string>(), resource["kind"]!.GetValue<string>(),
                resource["namespaced"]!.GetValue<bool>(), resource["verbs"]!.AsArray().Select(verb => verb!.GetValue<string>()).ToHashSet()))
            .ToList();
    }
}
