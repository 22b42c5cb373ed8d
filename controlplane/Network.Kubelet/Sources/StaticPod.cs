using System.Security.Cryptography;
using System.Text;
using k8s;
using k8s.Models;
using Network.Api.Schema;

namespace Network.Kubelet.Sources;

/// <summary>Turns a manifest into the pod this node runs: name with the node's, uid from the content, the marks of a static pod.</summary>
internal static class StaticPod
{
    internal const string ConfigSource = "kubernetes.io/config.source", ConfigHash = "kubernetes.io/config.hash", Mirror = "kubernetes.io/config.mirror";

    /// <exception cref="InvalidDataException">The text is no usable pod; the message names what is wrong.</exception>
    internal static V1Pod Parse(string text, string file, string nodeName)
    {
        V1Pod pod;
        try
        {
            pod = KubernetesJson.Deserialize<V1Pod>(text.TrimStart().StartsWith('{') ? text : Encoding.UTF8.GetString(YamlBody.ToJson(text)));
        }
        catch (Exception e) when (e is System.Text.Json.JsonException or YamlDotNet.Core.YamlException or FormatException)
        {
            throw new InvalidDataException($"{file}: not a pod manifest: {e.InnerException?.Message ?? e.Message}", e);
        }

        if (pod is null || pod.Kind != "Pod")
            throw new InvalidDataException($"{file}: kind is \"{pod?.Kind}\", want Pod");
        if (string.IsNullOrEmpty(pod.Metadata?.Name))
            throw new InvalidDataException($"{file}: metadata.name is missing");
        if (pod.Spec?.Containers is not { Count: > 0 } containers || containers.Any(container => string.IsNullOrEmpty(container.Name) || string.IsNullOrEmpty(container.Image)))
            throw new InvalidDataException($"{file}: spec.containers needs at least one container with name and image");
        Complete(pod, text, nodeName);
        return pod;
    }

    private static void Complete(V1Pod pod, string text, string nodeName)
    {
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{nodeName}\n{text}")))[..32];
        pod.Metadata.Name = $"{pod.Metadata.Name}-{nodeName}";
        pod.Metadata.NamespaceProperty = string.IsNullOrEmpty(pod.Metadata.NamespaceProperty) ? "default" : pod.Metadata.NamespaceProperty;
        pod.Metadata.Uid = hash;
        pod.Metadata.Annotations = new Dictionary<string, string>(pod.Metadata.Annotations ?? new Dictionary<string, string>())
        {
            [ConfigSource] = "file",
            [ConfigHash] = hash,
        };
        pod.Spec.NodeName = nodeName;
        pod.Spec.RestartPolicy ??= "Always";
        pod.Spec.DnsPolicy ??= "ClusterFirst";
        pod.Spec.TerminationGracePeriodSeconds ??= 30;
        pod.Spec.Tolerations = [.. pod.Spec.Tolerations ?? [], new V1Toleration { OperatorProperty = "Exists", Effect = "NoExecute" }];
        // No API server has defaulted it: an image that is here is used.
        foreach (var container in pod.Spec.Containers.Concat(pod.Spec.InitContainers ?? []))
            container.ImagePullPolicy ??= "IfNotPresent";
    }
}
