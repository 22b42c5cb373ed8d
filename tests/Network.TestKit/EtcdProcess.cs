using System.Net;
using System.Net.Sockets;
using Network.Linux;

namespace Network.TestKit;

/// <summary>Debian's etcd on loopback with a scratch directory; killed and removed at the end.</summary>
public sealed class EtcdProcess : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("podnet-etcd-").FullName;
    private readonly string[] _arguments;
    private Child _child;

    private EtcdProcess(string scheme, string[] more)
    {
        Url = new Uri($"{scheme}://127.0.0.1:{FreePort()}");
        var peer = $"http://127.0.0.1:{FreePort()}";
        _arguments =
        [
            "--data-dir", Path.Combine(_directory, "data"), "--listen-client-urls", Url.OriginalString, "--advertise-client-urls", Url.OriginalString,
            "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", $"default={peer}", "--log-level", "error",
            // One member elects itself; it need not wait a second for others to object.
            "--heartbeat-interval", "10", "--election-timeout", "50", .. more,
        ];
        _child = Spawn();
    }

    public Uri Url { get; }

    public int Pid => _child.Pid;

    public static EtcdProcess Start(string scheme = "http", params string[] more)
    {
        Requires.Tool("etcd");
        return new EtcdProcess(scheme, more);
    }

    /// <summary>SIGKILL, as a power cut would.</summary>
    public void Kill()
    {
        _child.Kill(Processes.SIGKILL);
        _child.Wait();
    }

    /// <summary>Starts again on the same data and address.</summary>
    public void Restart() => _child = Spawn();

    /// <summary>Runs etcdctl against it.</summary>
    public string Ctl(params string[] arguments) => Shell.Run(new ChildSpec("etcdctl", ["--endpoints", Url.OriginalString, .. arguments])
    {
        Environment = new Dictionary<string, string> { ["ETCDCTL_API"] = "3", ["PATH"] = Environment.GetEnvironmentVariable("PATH") ?? "" },
    });

    public void Dispose()
    {
        Kill();
        Directory.Delete(_directory, recursive: true);
    }

    private Child Spawn() => Child.Start(new ChildSpec("etcd", _arguments) { LogFile = Path.Combine(_directory, "log") });

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
