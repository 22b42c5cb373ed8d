using System.Diagnostics;
using k8s.Models;
using Network.Client;
using Network.Labs.Fabric;
using Network.Labs.Topology;

namespace Network.Labs.Cluster;

/// <summary>How long it took and what it costs.</summary>
public sealed record UpReport(string Kubeconfig, TimeSpan ApiReady, TimeSpan NodesReady, long ResidentBytes, int Nodes);

/// <summary>Builds a cluster, or completes one that is partly there: running it again starts what is missing.</summary>
public sealed class ClusterUp(ClusterSettings asked, TimeProvider time)
{
    private readonly ClusterPaths _paths = new(asked.Topology.Name);
    private readonly Addressing _addressing = new(asked.Topology);
    private readonly HashSet<string> _announced = [];

    /// <summary>Returns when every node is Ready. Steps are announced as they are done.</summary>
    public async Task<UpReport> RunAsync(Action<string> announce, CancellationToken cancel)
    {
        using var held = ClusterLock.Take(_paths);
        RefuseAnotherTopology();
        var settings = WithEarlierArguments();
        var watch = Stopwatch.StartNew();
        var running = LabProcess.Of(_paths.Name).Select(process => process.Name).ToHashSet();
        var plan = ProcessPlan.For(settings, _addressing, _paths);
        using var socket = plan.Any(process => process.TakesApiSocket && !running.Contains(process.Name)) ? ApiSocket.Listen(settings.ApiPort) : null;
        new ClusterFiles(settings, _addressing, _paths, time).Write();
        new FabricBuilder(settings.Topology, _addressing, _paths).Build();
        announce($"underlay: {settings.Topology.Nodes.Count} nodes, {settings.Topology.Routers.Count} routers, {settings.Topology.Links.Count} links ({watch.ElapsedMilliseconds} ms)");
        foreach (var process in plan.Where(process => !running.Contains(process.Name)))
            ProcessStarter.Start(settings, _paths, process, socket?.SafeHandle);
        announce($"processes: {plan.Count} ({plan.Count - running.Count} started)");

        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        deadline.CancelAfter(settings.ReadyTimeout);
        using var client = new ApiClient(ApiEndpoint.FromKubeconfig(_paths.Kubeconfig) with { Component = "podnet-up" });
        try
        {
            await UntilAsync(() => ApiIsReadyAsync(client, deadline.Token), deadline.Token).ConfigureAwait(false);
            var api = watch.Elapsed;
            announce($"API server ready ({api.TotalSeconds:0.00} s)");
            await UntilAsync(() => NodesAreReadyAsync(client, announce, watch, deadline.Token), deadline.Token).ConfigureAwait(false);
            return new UpReport(_paths.Kubeconfig, api, watch.Elapsed, LabProcess.Of(_paths.Name).Sum(process => process.ResidentBytes()), settings.Topology.Agents.Count());
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw new ClusterException($"cluster {_paths.Name} is not ready after {settings.ReadyTimeout.TotalSeconds:0} s; see the logs in {_paths.Logs}, then podnet down");
        }
    }

    /// <summary>Builds the underlay alone, its routers running: machines that reach each other, and no cluster on them yet.</summary>
    /// <returns>How long it took.</returns>
    public TimeSpan PlumbUnderlay()
    {
        using var held = ClusterLock.Take(_paths);
        RefuseAnotherTopology();
        var settings = WithEarlierArguments();
        var watch = Stopwatch.StartNew();
        var routers = ProcessPlan.Routers(settings.Topology, _paths).ToList();
        new ClusterFiles(settings, _addressing, _paths, time).WriteUnderlay();
        new FabricBuilder(settings.Topology, _addressing, _paths).Build();
        var running = routers.Count == 0 ? [] : LabProcess.Of(_paths.Name).Select(process => process.Name).ToHashSet();
        foreach (var process in routers.Where(process => !running.Contains(process.Name)))
            ProcessStarter.Start(settings, _paths, process, null);
        return watch.Elapsed;
    }

    private void RefuseAnotherTopology()
    {
        if (ClusterFiles.Read(_paths) is not { } built)
            return;
        if (built.ApiPort != asked.ApiPort || !built.Topology.Nodes.Select(node => node.Name).SequenceEqual(asked.Topology.Nodes.Select(node => node.Name)))
            throw new ClusterException($"cluster {_paths.Name} exists with other nodes or another port; podnet down --name {_paths.Name} first, or use another --name");
    }

    // What single processes were given stays with them until it is taken back.
    private ClusterSettings WithEarlierArguments() =>
        asked.Arguments.Count == 0 && ClusterFiles.Read(_paths) is { } built ? asked with { Arguments = built.Settings.Arguments } : asked;

    private static async Task<bool> ApiIsReadyAsync(ApiClient client, CancellationToken cancel)
    {
        try
        {
            return await client.FindAsync(Resources.Namespaces, null, "default", cancel).ConfigureAwait(false) is not null;
        }
        catch (Exception e) when (e is HttpRequestException or ApiException)
        {
            return false;
        }
    }

    private async Task<bool> NodesAreReadyAsync(ApiClient client, Action<string> announce, Stopwatch watch, CancellationToken cancel)
    {
        var nodes = await client.ListAsync(Resources.Nodes, ListQuery.All, cancel).ConfigureAwait(false);
        var ready = nodes.Items.Where(IsReady).Select(node => node.Metadata.Name).ToHashSet();
        foreach (var node in ready.Where(_announced.Add))
            announce($"node {node} Ready ({watch.Elapsed.TotalSeconds:0.00} s)");
        return asked.Topology.Agents.All(agent => ready.Contains(agent.Name));
    }

    private static bool IsReady(V1Node node) =>
        node.Status?.Conditions?.Any(condition => condition is { Type: "Ready", Status: "True" }) == true
        && node.Spec?.Taints?.Any(taint => taint.Key == "node.kubernetes.io/not-ready") != true;

    private static async Task UntilAsync(Func<Task<bool>> condition, CancellationToken cancel)
    {
        while (!await condition().ConfigureAwait(false))
            await Task.Delay(20, cancel).ConfigureAwait(false);
    }
}
