namespace Network.Labs.Cluster;

/// <summary>Which parts of a cluster run, by its processes: asks nobody, so it also works when nobody answers.</summary>
public static class LabParts
{
    public static IReadOnlyList<LabPart> Of(ClusterPaths paths)
    {
        var built = ClusterFiles.Read(paths) ?? throw new ClusterException($"there is no cluster {paths.Name}; podnet up --name {paths.Name} builds one");
        var running = LabProcess.Of(paths.Name).GroupBy(process => process.Name).ToDictionary(group => group.Key, group => group.First().Pid);
        return Wanted(built).Select(part =>
        {
            if (!running.TryGetValue(part.Process, out var pid))
                return new LabPart(part.Component, part.Machine, false, $"there is no such process; its log is {paths.LogOf(part.Process.Replace('/', '-'))}");
            return IsStopped(pid) ? new LabPart(part.Component, part.Machine, false, $"process {pid} is stopped (kill -CONT {pid})") : new LabPart(part.Component, part.Machine, true, $"process {pid}");
        }).ToList();
    }

    private static IEnumerable<(string Process, string Component, string Machine)> Wanted(BuiltCluster built)
    {
        var server = built.Topology.Server.Name;
        foreach (var part in built.Settings.Split ? (string[])["apiserver", "scheduler", "controllers"] : ["server"])
            yield return (part, part, server);
        foreach (var router in built.Topology.Bgp)
            yield return (BirdProgram.ProcessOf(router.Name), BirdProgram.Part, router.Name);
        foreach (var node in built.Topology.Agents)
        {
            foreach (var part in built.Settings.Split ? ProcessPlan.Parts : ["agent"])
                yield return ($"{node.Name}/{part}", part, node.Name);
        }
    }

    private static bool IsStopped(int pid)
    {
        try
        {
            return File.ReadLines($"/proc/{pid}/status").Any(line => line.StartsWith("State:", StringComparison.Ordinal) && line.Contains('T'));
        }
        catch (IOException)
        {
            return false;
        }
    }
}
