using System.Diagnostics;
using System.Runtime.InteropServices;
using k8s.Models;
using Microsoft.Win32.SafeHandles;
using Network.Client;
using Network.Labs.Fabric;
using Network.Labs.Topology;
using Network.Linux;

namespace Network.Labs.Cluster;

/// <summary>How long it took and what it costs.</summary>
public sealed record UpReport(string Kubeconfig, TimeSpan ApiReady, TimeSpan NodesReady, long ResidentBytes, int Nodes);

/// <summary>Builds a cluster, or completes one that is partly there: running it again starts what is missing.</summary>
public sealed class ClusterUp(ClusterSettings settings, TimeProvider time)
{
    private readonly ClusterPaths _paths = new(settings.Topology.Name);
    private readonly Addressing _addressing = new(settings.Topology);
    private readonly HashSet<string> _announced = [];

    /// <summary>Returns when every node is Ready. Steps are announced as they are done.</summary>
    public async Task<UpReport> RunAsync(Action<string> announce, CancellationToken cancel)
    {
        using var held = ClusterLock.Take(_paths);
        RefuseAnotherTopology();
        var watch = Stopwatch.StartNew();
        var running = LabProcess.Of(_paths.Name).Select(process => process.Name).ToHashSet();
        var plan = ProcessPlan.For(settings, _addressing, _paths);
        using var socket = plan.Any(process => process.TakesApiSocket && !running.Contains(process.Name)) ? ApiSocket.Listen(settings.ApiPort) : null;
        new ClusterFiles(settings, _addressing, _paths, time).Write();
        new FabricBuilder(settings.Topology, _addressing, _paths).Build();
        announce($"underlay: {settings.Topology.Nodes.Count} nodes, {settings.Topology.Routers.Count} routers, {settings.Topology.Links.Count} links ({watch.ElapsedMilliseconds} ms)");
        foreach (var process in plan.Where(process => !running.Contains(process.Name)))
            Start(process, socket?.SafeHandle);
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

    private void RefuseAnotherTopology()
    {
        if (ClusterFiles.Read(_paths) is not { } built)
            return;
        if (built.ApiPort != settings.ApiPort || !built.Topology.Nodes.Select(node => node.Name).SequenceEqual(settings.Topology.Nodes.Select(node => node.Name)))
            throw new ClusterException($"cluster {_paths.Name} exists with other nodes or another port; podnet down --name {_paths.Name} first, or use another --name");
    }

    private void Start(PlannedProcess process, SafeHandle? socket) => Child.Start(new ChildSpec(settings.Binary, process.Arguments)
    {
        NetNs = _paths.NetNs(process.Machine),
        NewSession = true,
        LogFile = _paths.LogOf(process.Name.Replace('/', '-')),
        ExtraDescriptors = process.TakesApiSocket && socket is not null ? [new SafeFileHandle(socket.DangerousGetHandle(), ownsHandle: false)] : [],
        Environment = EnvironmentOf(process),
    });

    private Dictionary<string, string> EnvironmentOf(PlannedProcess process)
    {
        var variables = new Dictionary<string, string>
        {
            ["PATH"] = Environment.GetEnvironmentVariable("PATH") ?? "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            ["HOME"] = "/root",
            [LabProcess.ClusterVariable] = _paths.Name,
            [LabProcess.ProcessVariable] = process.Name,
        };
        if (process.TakesApiSocket)
            variables["LISTEN_FDS"] = "1";
        // Settings of the runtime reach the parts, so that its limits can be tried without a build.
        foreach (System.Collections.DictionaryEntry variable in Environment.GetEnvironmentVariables())
        {
            if (variable is { Key: string name, Value: string value } && name.StartsWith("DOTNET_", StringComparison.Ordinal))
                variables[name] = value;
        }

        return variables;
    }

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
        return settings.Topology.Agents.All(agent => ready.Contains(agent.Name));
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
