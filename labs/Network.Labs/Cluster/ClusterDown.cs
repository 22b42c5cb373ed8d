using Network.Linux;

namespace Network.Labs.Cluster;

/// <summary>
/// Takes a cluster away, also a broken or half-built one: processes, containers, namespaces, mounts, control groups and
/// files. Works from what is there, not from what was noted, and goes on over every failure.
/// </summary>
public sealed class ClusterDown(ClusterPaths paths)
{
    /// <summary>What could not be removed; empty when nothing is left.</summary>
    public async Task<IReadOnlyList<string>> RunAsync(CancellationToken cancel)
    {
        using var held = ClusterLock.Take(paths);
        var failures = new List<string>();
        await EndProcessesAsync(cancel).ConfigureAwait(false);
        await EndContainersAsync(cancel).ConfigureAwait(false);
        foreach (var mount in Mounts.Below(paths.Directory))
            Try(failures, $"mount {mount}", () => Mounts.Unmount(mount));
        foreach (var ns in paths.NetNamespaces().ToList())
            Try(failures, $"namespace {ns}", () => NetNs.Delete(ns));
        foreach (var group in Cgroups.Below(paths.CgroupRoot))
            Try(failures, $"cgroup {group}", () => Directory.Delete(group));
        Cgroups.RemoveIfEmpty("/podnet");
        Try(failures, paths.Directory, () =>
        {
            if (Directory.Exists(paths.Directory))
                Directory.Delete(paths.Directory, recursive: true);
        });
        Try(failures, paths.Lock, () => File.Delete(paths.Lock));
        return failures;
    }

    // A builder that was killed may have a child between fork and exec, which does not yet carry the cluster's name: until none is seen.
    private async Task EndProcessesAsync(CancellationToken cancel)
    {
        while (LabProcess.Of(paths.Name) is { Count: > 0 } left)
        {
            // The data plane and the containers outlive their daemons by design, so there is nothing a gentle end would save.
            foreach (var process in left)
                Processes.Kill(process.Pid, Processes.SIGKILL);
            await Task.Delay(5, cancel).ConfigureAwait(false);
        }
    }

    // Killing one may let another start (a fork in flight), so until the groups are empty.
    private async Task EndContainersAsync(CancellationToken cancel)
    {
        while (Cgroups.ProcessesBelow(paths.CgroupRoot) is { Count: > 0 } left)
        {
            foreach (var pid in left)
                Processes.Kill(pid, Processes.SIGKILL);
            await Task.Delay(5, cancel).ConfigureAwait(false);
        }
    }

    private static void Try(List<string> failures, string what, Action action)
    {
        try
        {
            action();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            failures.Add($"{what}: {e.Message}");
        }
    }
}
