using System.Net;
using System.Net.Sockets;
using Network.TestKit;

namespace Network.EndToEnd.Tests.Cluster;

/// <summary>A real cluster of the published binaries, taken down at the end whatever happened.</summary>
public sealed class LabCluster : IDisposable
{
    private LabCluster(string name, int port)
    {
        Name = name;
        Port = port;
    }

    /// <summary>Directory of podnet, podnet-cni and podnet-sample.</summary>
    public static string Binaries => Environment.GetEnvironmentVariable("PODNET_BIN") ?? FindBinaries();

    public static string Podnet => Path.Combine(Binaries, "podnet");

    public string Name { get; }

    public int Port { get; }

    public string Kubeconfig => $"/var/lib/podnet/clusters/{Name}/kubeconfig";

    /// <summary>What <c>podnet up</c> printed.</summary>
    public string UpOutput { get; private set; } = "";

    public static LabCluster Up(params string[] arguments)
    {
        Requires.Root();
        var cluster = new LabCluster($"e{Guid.NewGuid().ToString("N")[..5]}", FreePort());
        try
        {
            cluster.UpAgain(arguments);
            return cluster;
        }
        catch
        {
            cluster.Dispose();
            throw;
        }
    }

    /// <summary>A cluster with so many ready pods behind the service web, and a client on w1.</summary>
    public static LabCluster UpWithWeb(int replicas, params string[] arguments)
    {
        var cluster = Up(arguments);
        try
        {
            Kubectls.New.Try(cluster, Manifests.Web(replicas), "apply", "-f", "-").OrThrow("apply");
            cluster.Kubectl("rollout", "status", "deployment/web", "--timeout=30s");
            cluster.Kubectl("wait", "--for=condition=Ready", "pod/client", "--timeout=20s");
            return cluster;
        }
        catch
        {
            cluster.Dispose();
            throw;
        }
    }

    /// <summary>Runs <c>podnet up</c> for this cluster once more: starts what is missing.</summary>
    public void UpAgain(params string[] arguments) =>
        UpOutput = Shell.Run(Podnet, ["up", "--name", Name, "--api-port", Port.ToString(), .. arguments]);

    /// <summary>kubectl of this machine; a failure throws with its words.</summary>
    public string Kubectl(params string[] arguments) => Kubectls.New.Run(this, arguments);

    /// <summary>The pid of one of the cluster's processes: <c>server</c>, <c>w1/agent</c>.</summary>
    public int PidOf(string process)
    {
        foreach (var directory in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(directory), out var pid) && EnvironmentOf(pid) is { } text
                && text.Contains($"PODNET_CLUSTER={Name}\0") && text.Contains($"PODNET_PROCESS={process}\0"))
                return pid;
        }

        throw new InvalidOperationException($"no process {process} in cluster {Name}");
    }

    public void Dispose() => Shell.Run(Podnet, "down", "--name", Name);

    public static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    private static string? EnvironmentOf(int pid)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/environ");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static string FindBinaries()
    {
        for (var dir = new DirectoryInfo(AppContext.BaseDirectory); dir is not null; dir = dir.Parent)
        {
            var candidate = Path.Combine(dir.FullName, "bin-release");
            if (File.Exists(Path.Combine(candidate, "podnet")))
                return candidate;
        }

        throw new InvalidOperationException("podnet is not published; run tests/run, or set PODNET_BIN");
    }
}
