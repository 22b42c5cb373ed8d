using System.Text;
using k8s.Models;
using Network.Kubelet.Sources;

namespace Network.Kubelet.Variables;

/// <summary>Makes a container's environment in the order Kubernetes promises: services, envFrom, then env, each able to use what came before.</summary>
internal sealed class PodEnvironment(IPodObjects objects)
{
    internal async Task<IReadOnlyDictionary<string, string>> ForAsync(V1Container container, DownwardApi self, CancellationToken cancel)
    {
        var pod = self.Pod;
        var result = new Dictionary<string, string>();
        foreach (var (name, value) in ServiceVariables.For(pod, objects.Services))
            result[name] = value;
        foreach (var source in container.EnvFrom ?? [])
        {
            foreach (var (key, value) in await FromAsync(pod, source, cancel).ConfigureAwait(false))
                result[(source.Prefix ?? "") + key] = value;
        }

        foreach (var variable in container.Env ?? [])
        {
            var value = variable.ValueFrom is { } source
                ? await ValueAsync(pod, source, container.Name, self, cancel).ConfigureAwait(false)
                : VariableExpansion.Expand(variable.Value ?? "", result);
            if (value is not null)
                result[variable.Name] = value;
        }

        return result;
    }

    private async Task<IEnumerable<KeyValuePair<string, string>>> FromAsync(V1Pod pod, V1EnvFromSource source, CancellationToken cancel)
    {
        var ns = pod.Metadata.NamespaceProperty;
        if (source.ConfigMapRef is { } reference)
        {
            var map = await objects.ConfigMapAsync(ns, reference.Name, cancel).ConfigureAwait(false);
            if (map is null && reference.Optional != true)
                throw new PodConfigException($"configmap \"{reference.Name}\" not found");
            return map?.Data ?? new Dictionary<string, string>();
        }

        if (source.SecretRef is { } secretReference)
        {
            var secret = await objects.SecretAsync(ns, secretReference.Name, cancel).ConfigureAwait(false);
            if (secret is null && secretReference.Optional != true)
                throw new PodConfigException($"secret \"{secretReference.Name}\" not found");
            return secret?.Data?.Select(pair => KeyValuePair.Create(pair.Key, Encoding.UTF8.GetString(pair.Value))) ?? [];
        }

        return [];
    }

    private async Task<string?> ValueAsync(V1Pod pod, V1EnvVarSource source, string container, DownwardApi self, CancellationToken cancel)
    {
        var ns = pod.Metadata.NamespaceProperty;
        if (source.FieldRef is { } field)
            return self.Field(field.FieldPath);
        if (source.ResourceFieldRef is { } resource)
            return self.Resource(resource, container);
        if (source.ConfigMapKeyRef is { } key)
        {
            var map = await objects.ConfigMapAsync(ns, key.Name, cancel).ConfigureAwait(false);
            if (map?.Data?.TryGetValue(key.Key, out var value) == true)
                return value;
            return key.Optional == true ? null : throw Missing("configmap", "ConfigMap", ns, key.Name, key.Key, map is not null);
        }

        if (source.SecretKeyRef is { } secretKey)
        {
            var secret = await objects.SecretAsync(ns, secretKey.Name, cancel).ConfigureAwait(false);
            if (secret?.Data?.TryGetValue(secretKey.Key, out var value) == true)
                return Encoding.UTF8.GetString(value);
            return secretKey.Optional == true ? null : throw Missing("secret", "Secret", ns, secretKey.Name, secretKey.Key, secret is not null);
        }

        throw new PodConfigException("env.valueFrom names no supported source");
    }

    private static PodConfigException Missing(string resource, string kind, string ns, string name, string key, bool exists) =>
        new(exists ? $"couldn't find key {key} in {kind} {ns}/{name}" : $"{resource} \"{name}\" not found");
}
