using System.Net;
using System.Net.Sockets;
using Network.Labs.Cluster;
using Network.Labs.Faults;

namespace Network.Labs.Lab;

/// <summary>Brings a lab up, breaks it, looks at it, mends it.</summary>
/// <param name="ask">Asks a question of the lab's cluster, as <c>podnet explain</c> does.</param>
public sealed class LabRunner(Lab lab, string binary, string cniBinaries, Func<ClusterPaths, LabQuestion, CancellationToken, Task<LabSight>> ask, Action<string> announce)
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    public ClusterPaths Paths { get; } = new(lab.Name);

    /// <summary>A healthy cluster with the lab's pods.</summary>
    public async Task BuildAsync(CancellationToken cancel)
    {
        var settings = new ClusterSettings(lab.Topology, binary) { ApiPort = Paths.Exists ? new CaptureTargets(Paths).ApiPort : FreePort(), Split = true, CniBinaries = cniBinaries };
        var report = await new ClusterUp(settings, TimeProvider.System).RunAsync(_ => { }, cancel).ConfigureAwait(false);
        announce($"{report.Nodes} nodes Ready in {report.NodesReady.TotalSeconds:0.0} s");
        foreach (var manifest in lab.Manifests)
            await RunAsync("kubectl", ["apply", "-f", manifest], cancel).ConfigureAwait(false);
        foreach (var wait in lab.Waits)
        {
            await RunAsync("kubectl", wait.StartsWith("pod/", StringComparison.Ordinal)
                ? ["wait", "--for=condition=Ready", wait, $"--timeout={s_patience.TotalSeconds:0}s"]
                : ["rollout", "status", wait, $"--timeout={s_patience.TotalSeconds:0}s"], cancel).ConfigureAwait(false);
            announce($"{wait} is ready");
        }
    }

    /// <summary>Puts the lab's faults in, each proven to be in effect.</summary>
    public async Task BreakAsync(CancellationToken cancel)
    {
        var book = new FaultBook(Paths);
        foreach (var fault in lab.Faults)
            await book.InjectAsync(FaultList.Find(fault.Fault), new FaultSite(Paths, fault.On, fault.Peer, fault.Value), cancel).ConfigureAwait(false);
    }

    /// <summary>What shows each fault that is in; null for one that is in no more.</summary>
    public async Task<IReadOnlyList<(InjectedFault Fault, string? Proof)>> ProofsAsync(CancellationToken cancel)
    {
        var proofs = new List<(InjectedFault, string?)>();
        foreach (var injected in new FaultBook(Paths).Injected)
            proofs.Add((injected, await injected.Fault.ProofAsync(injected.Site, cancel).ConfigureAwait(false)));
        return proofs;
    }

    public Task<LabSight> AskAsync(LabQuestion question, CancellationToken cancel) => ask(Paths, question, cancel);

    /// <summary>Asks until the answer is as hoped for, or the patience is over; the last answer.</summary>
    public async Task<LabSight> AskUntilAsync(LabQuestion question, Func<LabSight, bool> hoped, CancellationToken cancel)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var sight = await ask(Paths, question, cancel).ConfigureAwait(false);
            if (hoped(sight) || TimeProvider.System.GetElapsedTime(started) > s_patience)
                return sight;
            await Task.Delay(100, cancel).ConfigureAwait(false);
        }
    }

    /// <summary>Hints for what is wrong at the moment.</summary>
    public async Task<IReadOnlyList<string>> HintsAsync(CancellationToken cancel)
    {
        var sight = await ask(Paths, lab.Question, cancel).ConfigureAwait(false);
        return sight.Healthy ? [] : lab.Hints.Where(hint => hint.When.Length == 0 || sight.Findings.Any(finding => finding.Code == hint.When)).Select(hint => hint.Say).ToList();
    }

    /// <summary>Mends it: the lab's own solution, then what faults it left.</summary>
    public async Task SolveAsync(CancellationToken cancel)
    {
        if (File.Exists(lab.Solution))
            await RunAsync("bash", ["-eu", lab.Solution], cancel).ConfigureAwait(false);
        var book = new FaultBook(Paths);
        foreach (var injected in book.Injected.Reverse())
            await book.ClearAsync(injected, cancel).ConfigureAwait(false);
    }

    public Task<IReadOnlyList<string>> DownAsync(CancellationToken cancel) => new ClusterDown(Paths).RunAsync(cancel);

    private Task RunAsync(string file, string[] arguments, CancellationToken cancel) => ClusterShell.RunAsync(Paths, file, arguments, cancel, lab.Directory, new Dictionary<string, string>
    {
        ["LAB"] = lab.Name,
        ["PATH"] = $"{Path.GetDirectoryName(binary)}:{Environment.GetEnvironmentVariable("PATH") ?? "/usr/sbin:/usr/bin:/sbin:/bin"}",
    });

    // Labs run side by side, and two that begin at once must not choose the same: the kernel gives each another.
    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
