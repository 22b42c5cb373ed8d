using Network.Labs.Topology;
using Network.Linux;

namespace Network.Labs.Cluster;

/// <summary>Ends and starts single processes of a cluster, also with other arguments than the others have.</summary>
public sealed class PartControl(ClusterPaths paths)
{
    /// <summary>The name of the process that does a part's work on a machine: the part itself, or the whole agent or server.</summary>
    public string ProcessOf(string machine, string part)
    {
        var built = Built();
        var isServer = built.Topology.Server.Name == machine;
        var whole = isServer ? "server" : $"{machine}/agent";
        if (built.Topology.Bgp.Any(router => router.Name == machine) && part == BirdProgram.Part)
            return BirdProgram.ProcessOf(machine);
        var own = isServer ? part : $"{machine}/{part}";
        var plan = ProcessPlan.For(built.Settings, new Addressing(built.Topology), paths).Select(process => process.Name).ToHashSet();
        return plan.Contains(own) ? own : plan.Contains(whole) ? whole : throw new ClusterException($"{machine} has no part {part}; there are {string.Join(", ", plan)}");
    }

    /// <summary>Kills a process and waits until it is gone; one that does not run is no error.</summary>
    public async Task StopAsync(string process, CancellationToken cancel)
    {
        while (LabProcess.Of(paths.Name).Where(running => running.Name == process).ToList() is { Count: > 0 } running)
        {
            running.ForEach(one => Processes.Kill(one.Pid, Processes.SIGKILL));
            await Task.Delay(5, cancel).ConfigureAwait(false);
        }
    }

    /// <summary>Starts a process that does not run.</summary>
    public void Start(string process)
    {
        var built = Built();
        if (LabProcess.Of(paths.Name).Any(running => running.Name == process))
            return;
        var planned = ProcessPlan.For(built.Settings, new Addressing(built.Topology), paths).FirstOrDefault(known => known.Name == process)
            ?? throw new ClusterException($"cluster {paths.Name} has no process {process}");
        using var socket = planned.TakesApiSocket ? ApiSocket.Listen(built.ApiPort) : null;
        ProcessStarter.Start(built.Settings, paths, planned, socket?.SafeHandle);
    }

    /// <summary>Gives a process further arguments from its next start on; without any takes them back.</summary>
    public void SetArguments(string process, IReadOnlyList<string> arguments)
    {
        using var held = ClusterLock.Take(paths);
        var built = Built();
        var all = built.Settings.Arguments.Where(pair => pair.Key != process).ToDictionary();
        if (arguments.Count > 0)
            all[process] = arguments;
        new ClusterFiles(built.Settings with { Arguments = all }, new Addressing(built.Topology), paths, TimeProvider.System).WriteState();
    }

    private BuiltCluster Built() => ClusterFiles.Read(paths) ?? throw new ClusterException($"there is no cluster {paths.Name}; podnet up --name {paths.Name} builds one");
}
