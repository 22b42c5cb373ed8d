using k8s.Models;
using Network.Kubelet.Dns;
using Network.Kubelet.Images;
using Network.Kubelet.Runtime;
using Network.Kubelet.Sandbox;
using Network.Kubelet.Variables;
using Network.Linux;

namespace Network.Kubelet.Pods;

/// <summary>What was set up for a pod before its containers start.</summary>
internal sealed record PodSetup(V1Pod Pod, PodSandbox Sandbox, IReadOnlyDictionary<string, string> Volumes);

/// <summary>Turns a container of a pod into what the runtime starts.</summary>
internal sealed class ContainerSpecs(PodContext context)
{
    private static readonly long s_nodeMemory = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;

    /// <exception cref="PodConfigException">Something the container refers to is missing or forbidden.</exception>
    internal async Task<ContainerSpec> ForAsync(PodSetup setup, V1Container container, int attempt, Image image, CancellationToken cancel)
    {
        var pod = setup.Pod;
        var self = context.Self(pod, setup.Sandbox.Addresses);
        var variables = await context.Environment.ForAsync(container, self, cancel).ConfigureAwait(false);
        var hostname = HostsFile.KernelHostname(pod, context.Settings.ClusterDomain, context.Settings.NodeName);
        var user = ImageUser.Resolve(pod, container, image, context.Images.LayersOf(image));
        return new ContainerSpec(new ContainerIdentity(pod.Metadata.NamespaceProperty, pod.Metadata.Name, pod.Metadata.Uid, container.Name, attempt), image, container.Image)
        {
            Arguments = ArgumentsOf(container, image, variables),
            Environment = EnvironmentOf(image, variables, hostname),
            WorkingDirectory = FirstOf(container.WorkingDir, image.WorkingDirectory, "/"),
            User = user,
            Hostname = hostname,
            NetNs = setup.Sandbox.NetNs is { } ns ? NetNs.PathOf(ns) : null,
            HostPid = pod.Spec.HostPID == true,
            HostIpc = pod.Spec.HostIPC == true,
            Mounts = MountsOf(setup, container, attempt, variables, out var terminationLog),
            Resources = ResourcesOf(pod, container),
            Security = SecurityOf(container.SecurityContext),
            Sysctls = (pod.Spec.SecurityContext?.Sysctls ?? []).ToDictionary(sysctl => sysctl.Name, sysctl => sysctl.Value),
            CgroupPath = $"{context.CgroupRoot}/pod{pod.Metadata.Uid}/{container.Name}",
            LogPath = Path.Combine(context.LogDirectory(pod), container.Name, $"{attempt}.log"),
            Tty = container.Tty == true,
            Stdin = container.Stdin == true,
            StdinOnce = container.StdinOnce == true,
            StopSignal = container.Lifecycle?.StopSignal ?? "",
            TerminationLog = terminationLog,
        };
    }

    // command replaces the entry point; the image's own arguments count only when neither is given.
    internal static IReadOnlyList<string> ArgumentsOf(V1Container container, Image image, IReadOnlyDictionary<string, string> variables)
    {
        var command = container.Command is { Count: > 0 } own ? [.. own.Select(text => VariableExpansion.Expand(text, variables))] : image.Entrypoint;
        var arguments = container.Args is { Count: > 0 } args ? [.. args.Select(text => VariableExpansion.Expand(text, variables))]
            : container.Command is { Count: > 0 } ? [] : image.Command;
        return command.Count + arguments.Count > 0
            ? [.. command, .. arguments]
            : throw new PodConfigException($"container {container.Name}: no command specified, and the image names none");
    }

    private static IReadOnlyList<string> EnvironmentOf(Image image, IReadOnlyDictionary<string, string> variables, string hostname)
    {
        var result = new Dictionary<string, string> { ["PATH"] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", ["HOSTNAME"] = hostname };
        foreach (var pair in image.Environment.Select(text => text.Split('=', 2)))
            result[pair[0]] = pair.Length > 1 ? pair[1] : "";
        foreach (var (name, value) in variables)
            result[name] = value;
        return [.. result.Select(pair => $"{pair.Key}={pair.Value}")];
    }

    private IReadOnlyList<ContainerMount> MountsOf(PodSetup setup, V1Container container, int attempt, IReadOnlyDictionary<string, string> variables,
        out string terminationLog)
    {
        var directory = context.PodDirectory(setup.Pod.Metadata.Uid);
        terminationLog = Path.Combine(directory, "termination", $"{container.Name}-{attempt}");
        Directory.CreateDirectory(Path.GetDirectoryName(terminationLog)!);
        File.WriteAllText(terminationLog, "");
        File.SetUnixFileMode(terminationLog, (UnixFileMode)0x1B6);
        var mounts = new List<ContainerMount>();
        foreach (var mount in container.VolumeMounts ?? [])
        {
            if (!setup.Volumes.TryGetValue(mount.Name, out var source))
                throw new PodConfigException($"volumeMounts \"{mount.Name}\" of container {container.Name}: the pod has no such volume");
            var subPath = string.IsNullOrEmpty(mount.SubPathExpr) ? mount.SubPath : VariableExpansion.Expand(mount.SubPathExpr, variables);
            if (!string.IsNullOrEmpty(subPath))
                source = SubPath(source, subPath);
            mounts.Add(new ContainerMount(source, mount.MountPath, mount.ReadOnlyProperty == true, mount.MountPropagation switch
            {
                "HostToContainer" => "rslave",
                "Bidirectional" => "rshared",
                _ => "rprivate",
            }));
        }

        var targets = mounts.Select(mount => mount.Target).ToHashSet();
        (string Name, string Target)[] own = [("hosts", "/etc/hosts"), ("hostname", "/etc/hostname"), ("resolv.conf", "/etc/resolv.conf")];
        mounts.AddRange(own.Where(file => !targets.Contains(file.Target)).Select(file => new ContainerMount(Path.Combine(directory, file.Name), file.Target, false)));
        mounts.Add(new ContainerMount(terminationLog, FirstOf(container.TerminationMessagePath, "/dev/termination-log"), false));
        return mounts;
    }

    private static string SubPath(string volume, string subPath)
    {
        try
        {
            var path = RootedPath.Resolve(volume, subPath);
            if (!Path.Exists(path))
                Directory.CreateDirectory(path);
            return path;
        }
        catch (ImageException e)
        {
            throw new PodConfigException($"failed to prepare subPath \"{subPath}\": {e.Message}");
        }
    }

    private static ContainerResources ResourcesOf(V1Pod pod, V1Container container)
    {
        var request = Amount(container.Resources?.Requests, "cpu") ?? Amount(container.Resources?.Limits, "cpu") ?? 0;
        var limit = Amount(container.Resources?.Limits, "cpu") ?? 0;
        var memory = Amount(container.Resources?.Limits, "memory") ?? 0;
        return new ContainerResources(Math.Clamp((long)(request * 1024), 2, 262144), (long)(limit * ContainerResources.CpuPeriod), (long)memory,
            QualityOfService.OomScoreAdjust(pod.Spec, container, s_nodeMemory));
    }

    private static ContainerSecurity SecurityOf(V1SecurityContext? security) => new()
    {
        Privileged = security?.Privileged == true,
        ReadOnlyRoot = security?.ReadOnlyRootFilesystem == true,
        NoNewPrivileges = security?.AllowPrivilegeEscalation == false,
        AddedCapabilities = [.. security?.Capabilities?.Add ?? []],
        DroppedCapabilities = [.. security?.Capabilities?.Drop ?? []],
    };

    private static decimal? Amount(IDictionary<string, ResourceQuantity>? quantities, string name) =>
        quantities?.TryGetValue(name, out var quantity) == true ? quantity.ToDecimal() : null;

    private static string FirstOf(params ReadOnlySpan<string?> candidates)
    {
        foreach (var candidate in candidates)
        {
            if (!string.IsNullOrEmpty(candidate))
                return candidate;
        }

        return "";
    }
}
