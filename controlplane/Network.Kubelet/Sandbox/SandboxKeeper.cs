using System.Security.Cryptography;
using System.Text.Json.Nodes;
using k8s.Models;
using Microsoft.Extensions.Logging;
using Network.Kubelet.Cni;
using Network.Linux;

namespace Network.Kubelet.Sandbox;

/// <summary>Makes and removes pod networks: namespace, loopback, plugins. ADD is always answered by a DEL, also after a failure or a reboot.</summary>
internal sealed partial class SandboxKeeper(string namePrefix, string nodeAddress, CniDirectory networks, CniRunner plugins, ILogger<SandboxKeeper> logger)
{
    /// <summary>The namespace an earlier kubelet made is used again when it still exists.</summary>
    /// <exception cref="CniException">A plugin refused, or there is no network yet.</exception>
    internal async Task<PodSandbox> EnsureAsync(V1Pod pod, string podDirectory, CancellationToken cancel)
    {
        if (pod.Spec.HostNetwork == true)
            return new PodSandbox(pod.Metadata.Uid, null, [nodeAddress]);
        var existing = Load(podDirectory);
        if (existing is { Attached: true, NetNs: { } ns } && NetNs.Exists(ns))
            return existing;
        if (existing is not null)
            await RemoveAsync(pod, podDirectory, cancel).ConfigureAwait(false);
        var network = networks.Network ?? throw new CniException("none", 11, networks.Problem);
        return await CreateAsync(pod, podDirectory, network, cancel).ConfigureAwait(false);
    }

    internal static PodSandbox? Load(string podDirectory)
    {
        var file = FileOf(podDirectory);
        return File.Exists(file) ? PodSandbox.TryParse(File.ReadAllText(file)) : null;
    }

    /// <summary>Whether the pod's network is as it was made.</summary>
    internal static bool IsAlive(PodSandbox sandbox) => sandbox.NetNs is null || NetNs.Exists(sandbox.NetNs);

    internal async Task RemoveAsync(V1Pod pod, string podDirectory, CancellationToken cancel)
    {
        if (Load(podDirectory) is not { } sandbox)
            return;
        if (sandbox is { NetNs: { } ns, NetworkConfig: { } config, NetworkFile: { } file }
            && CniNetwork.TryParse(config.ToJsonString(), file, out var network, out _))
        {
            var attachment = Attachment(pod, sandbox);
            await plugins.DeleteAsync(network, NetNs.Exists(ns) ? attachment : attachment with { NetNsPath = "" }, sandbox.AddResult, cancel)
                .ConfigureAwait(false);
        }

        if (sandbox.NetNs is { } name)
            NetNs.Delete(name);
        File.Delete(FileOf(podDirectory));
        LogRemoved(pod.Metadata.NamespaceProperty, pod.Metadata.Name);
    }

    private async Task<PodSandbox> CreateAsync(V1Pod pod, string podDirectory, CniNetwork network, CancellationToken cancel)
    {
        var ns = NameFor(namePrefix, pod);
        NetNs.Delete(ns);
        var sandbox = new PodSandbox(Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32)), ns, [])
        {
            NetworkFile = network.File,
            NetworkConfig = new JsonObject
            {
                ["name"] = network.Name,
                ["cniVersion"] = network.Version,
                ["plugins"] = new JsonArray([.. network.Plugins.Select(plugin => plugin.DeepClone())]),
            },
            Capabilities = CapabilitiesOf(pod),
        };

        // Written before ADD, so that a kubelet killed in the middle still knows what to DEL.
        AtomicFile.Write(FileOf(podDirectory), sandbox.ToJson());
        NetNs.Create(ns);
        Loopback.Up(ns);
        var result = await plugins.AddAsync(network, Attachment(pod, sandbox), cancel).ConfigureAwait(false);
        sandbox = sandbox with { AddResult = result, Addresses = CniRunner.AddressesOf(result), Attached = true };
        AtomicFile.Write(FileOf(podDirectory), sandbox.ToJson());
        LogCreated(pod.Metadata.NamespaceProperty, pod.Metadata.Name, ns, string.Join(',', sandbox.Addresses));
        return sandbox;
    }

    internal static string NameFor(string prefix, V1Pod pod)
    {
        var name = $"{prefix}_{pod.Metadata.NamespaceProperty}_{pod.Metadata.Name}";
        return $"{(name.Length > 200 ? name[..200] : name)}_{pod.Metadata.Uid[..Math.Min(8, pod.Metadata.Uid.Length)]}";
    }

    private static CniAttachment Attachment(V1Pod pod, PodSandbox sandbox) =>
        new(sandbox.Id, NetNs.PathOf(sandbox.NetNs!), pod.Metadata.NamespaceProperty, pod.Metadata.Name, pod.Metadata.Uid)
        {
            Capabilities = (sandbox.Capabilities ?? []).ToDictionary(pair => pair.Key, pair => pair.Value!),
        };

    private static JsonObject CapabilitiesOf(V1Pod pod)
    {
        var result = new JsonObject();
        var mappings = pod.Spec.Containers.Concat(pod.Spec.InitContainers ?? []).SelectMany(container => container.Ports ?? [])
            .Where(port => port.HostPort > 0)
            .Select(port => (JsonNode)new JsonObject
            {
                ["hostPort"] = port.HostPort,
                ["containerPort"] = port.ContainerPort,
                ["protocol"] = (port.Protocol ?? "TCP").ToLowerInvariant(),
                ["hostIP"] = port.HostIP ?? "",
            }).ToArray();
        if (mappings.Length > 0)
            result["portMappings"] = new JsonArray(mappings);
        var bandwidth = new JsonObject();
        foreach (var (annotation, rate, burst) in ((string, string, string)[])
            [("kubernetes.io/ingress-bandwidth", "ingressRate", "ingressBurst"), ("kubernetes.io/egress-bandwidth", "egressRate", "egressBurst")])
        {
            if (pod.Metadata.Annotations?.TryGetValue(annotation, out var text) != true)
                continue;
            bandwidth[rate] = new ResourceQuantity(text).ToInt64();
            bandwidth[burst] = int.MaxValue;
        }

        if (bandwidth.Count > 0)
            result["bandwidth"] = bandwidth;
        return result;
    }

    internal static string FileOf(string podDirectory) => Path.Combine(podDirectory, "sandbox.json");

    [LoggerMessage(Level = LogLevel.Information, Message = "pod network made: pod {Namespace}/{Pod} namespace {NetNs} addresses {Addresses}")]
    private partial void LogCreated(string @namespace, string pod, string netNs, string addresses);

    [LoggerMessage(Level = LogLevel.Information, Message = "pod network removed: pod {Namespace}/{Pod}")]
    private partial void LogRemoved(string @namespace, string pod);
}
