using System.Collections.Frozen;
using Network.Api.Resources;

namespace Network.ApiServer.CustomResources;

/// <summary>Everything served now: the built-in catalog and what CustomResourceDefinitions add while the server runs.</summary>
internal sealed class ServedResources
{
    private volatile Snapshot _now = Snapshot.Of([]);

    public IReadOnlyList<ResourceInfo> All => _now.All;

    public IReadOnlyList<ResourceInfo> Custom => _now.Custom;

    /// <summary>Counts changes, for whoever keeps documents made from <see cref="All"/>.</summary>
    public int Generation { get; private set; }

    public ResourceInfo? Find(string group, string version, string plural) => _now.ByPath.GetValueOrDefault((group, version, plural));

    public void Replace(IReadOnlyList<ResourceInfo> custom)
    {
        _now = Snapshot.Of(custom);
        Generation++;
    }

    private sealed record Snapshot(IReadOnlyList<ResourceInfo> All, IReadOnlyList<ResourceInfo> Custom, FrozenDictionary<(string, string, string), ResourceInfo> ByPath)
    {
        internal static Snapshot Of(IReadOnlyList<ResourceInfo> custom)
        {
            List<ResourceInfo> all = [.. ResourceCatalog.All, .. custom];
            return new Snapshot(all, custom, all.ToFrozenDictionary(r => (r.Group, r.Version, r.Plural)));
        }
    }
}
