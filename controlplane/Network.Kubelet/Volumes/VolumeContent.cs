using System.Text;
using k8s.Models;
using Network.Kubelet.Variables;
using Network.Kubelet.Sources;

namespace Network.Kubelet.Volumes;

/// <summary>Collects the files of the volumes that are made of API objects.</summary>
internal sealed class VolumeContent(IPodObjects objects, TokenCache tokens)
{
    private const int DefaultMode = 0x1A4;

    /// <returns>Null when the volume is of another sort.</returns>
    internal async Task<IReadOnlyList<VolumeFile>?> FilesAsync(V1Volume volume, DownwardApi self, CancellationToken cancel)
    {
        var ns = self.Pod.Metadata.NamespaceProperty;
        if (volume.ConfigMap is { } map)
            return await ConfigMapAsync(ns, map.Name, map.Items, map.DefaultMode ?? DefaultMode, map.Optional == true, volume.Name, cancel).ConfigureAwait(false);
        if (volume.Secret is { } secret)
            return await SecretAsync(ns, secret.SecretName, secret.Items, secret.DefaultMode ?? DefaultMode, secret.Optional == true, volume.Name, cancel).ConfigureAwait(false);
        if (volume.DownwardAPI is { } downward)
            return Downward(downward.Items, downward.DefaultMode ?? DefaultMode, self);
        if (volume.Projected is not { } projected)
            return null;
        var files = new List<VolumeFile>();
        foreach (var source in projected.Sources ?? [])
            files.AddRange(await SourceAsync(source, projected.DefaultMode ?? DefaultMode, volume.Name, self, cancel).ConfigureAwait(false));
        return files;
    }

    private async Task<IReadOnlyList<VolumeFile>> SourceAsync(V1VolumeProjection source, int mode, string volume, DownwardApi self, CancellationToken cancel)
    {
        var ns = self.Pod.Metadata.NamespaceProperty;
        if (source.ConfigMap is { } map)
            return await ConfigMapAsync(ns, map.Name, map.Items, mode, map.Optional == true, volume, cancel).ConfigureAwait(false);
        if (source.Secret is { } secret)
            return await SecretAsync(ns, secret.Name, secret.Items, mode, secret.Optional == true, volume, cancel).ConfigureAwait(false);
        if (source.DownwardAPI is { } downward)
            return Downward(downward.Items, mode, self);
        if (source.ServiceAccountToken is { } token)
        {
            var value = await tokens.GetAsync(self.Pod, token.Audience, token.ExpirationSeconds ?? 3600, cancel).ConfigureAwait(false);
            return [new VolumeFile(token.Path, Encoding.UTF8.GetBytes(value), mode)];
        }

        throw new VolumeException(volume, "projected source is not one of configMap, secret, downwardAPI, serviceAccountToken");
    }

    private async Task<IReadOnlyList<VolumeFile>> ConfigMapAsync(string ns, string name, IList<V1KeyToPath>? items, int mode, bool optional, string volume,
        CancellationToken cancel)
    {
        var map = await objects.ConfigMapAsync(ns, name, cancel).ConfigureAwait(false);
        if (map is null)
            return optional ? [] : throw new VolumeException(volume, $"configmap \"{name}\" not found");
        var content = (map.Data ?? new Dictionary<string, string>()).ToDictionary(pair => pair.Key, pair => Encoding.UTF8.GetBytes(pair.Value));
        foreach (var (key, value) in map.BinaryData ?? new Dictionary<string, byte[]>())
            content[key] = value;
        return Select(content, items, mode, optional, volume);
    }

    private async Task<IReadOnlyList<VolumeFile>> SecretAsync(string ns, string name, IList<V1KeyToPath>? items, int mode, bool optional, string volume,
        CancellationToken cancel)
    {
        var secret = await objects.SecretAsync(ns, name, cancel).ConfigureAwait(false);
        if (secret is null)
            return optional ? [] : throw new VolumeException(volume, $"secret \"{name}\" not found");
        return Select(new Dictionary<string, byte[]>(secret.Data ?? new Dictionary<string, byte[]>()), items, mode, optional, volume);
    }

    private static IReadOnlyList<VolumeFile> Select(Dictionary<string, byte[]> content, IList<V1KeyToPath>? items, int mode, bool optional, string volume)
    {
        if (items is null or { Count: 0 })
            return [.. content.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => new VolumeFile(pair.Key, pair.Value, mode))];
        var files = new List<VolumeFile>();
        foreach (var item in items)
        {
            if (content.TryGetValue(item.Key, out var value))
                files.Add(new VolumeFile(item.Path, value, item.Mode ?? mode));
            else if (!optional)
                throw new VolumeException(volume, $"references non-existent config key: {item.Key}");
        }

        return files;
    }

    private static IReadOnlyList<VolumeFile> Downward(IList<V1DownwardAPIVolumeFile>? items, int mode, DownwardApi self) =>
    [
        .. (items ?? []).Select(item => new VolumeFile(item.Path,
            Encoding.UTF8.GetBytes(item.FieldRef is { } field ? self.Field(field.FieldPath) : self.Resource(item.ResourceFieldRef, "")), item.Mode ?? mode)),
    ];
}
