using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using Network.Api.Pki;
using Network.Linux;
using Network.TestKit;

namespace Network.Benchmarks.Store;

/// <summary>An API server in a process of its own with an empty store, asked over HTTPS by this one; both share the machine.</summary>
internal sealed class ServerUnderLoad : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("podnet-bench-api-").FullName;
    private readonly ClusterPki _pki;
    private readonly int _port = FreePort();
    private readonly EtcdProcess? _etcd;
    private readonly Child _child;

    private ServerUnderLoad(EtcdProcess? etcd)
    {
        _pki = ClusterPki.Open(Path.Combine(_directory, "pki"), TimeProvider.System);
        _etcd = etcd;
        _child = etcd is null ? Start(_directory, _port) : StartUpstream(etcd.Url);
        Http = Client();
    }

    /// <summary>The servers to be measured: ours, and upstream's on Debian's etcd where KUBE_APISERVER names its binary.</summary>
    internal static IReadOnlyList<(string Name, Func<Task<ServerUnderLoad>> Start)> All => Environment.GetEnvironmentVariable("KUBE_APISERVER") is null
        ? [("podnet", StartAsync)]
        : [("podnet", StartAsync), ("kube-apiserver", StartUpstreamAsync)];

    internal HttpClient Http { get; }

    internal static Task<ServerUnderLoad> StartAsync() => ReadyAsync(new ServerUnderLoad(null));

    private static async Task<ServerUnderLoad> StartUpstreamAsync() => await ReadyAsync(new ServerUnderLoad(await EtcdProcess.Start().ReadyAsync()));

    private static async Task<ServerUnderLoad> ReadyAsync(ServerUnderLoad server)
    {
        await Eventually.TrueAsync(server.IsReadyAsync, TimeSpan.FromSeconds(60), () => File.ReadAllText(Path.Combine(server._directory, "log")));
        return server;
    }

    private Child StartUpstream(Uri etcd)
    {
        _pki.ApiServer([IPAddress.Loopback], "cluster.local");
        return Child.Start(new ChildSpec(Environment.GetEnvironmentVariable("KUBE_APISERVER")!,
        [
            $"--etcd-servers={etcd.OriginalString}", "--bind-address=127.0.0.1", $"--secure-port={_port}", "--service-cluster-ip-range=10.96.0.0/16",
            $"--tls-cert-file={_pki.CertificateFile("apiserver")}", $"--tls-private-key-file={_pki.KeyFile("apiserver")}", $"--client-ca-file={_pki.AuthorityFile}",
            "--service-account-issuer=https://kubernetes.default.svc", $"--service-account-key-file={_pki.ServiceAccountKeyFile}",
            $"--service-account-signing-key-file={_pki.ServiceAccountKeyFile}", "--authorization-mode=RBAC",
        ]) { LogFile = Path.Combine(_directory, "log") });
    }

    public void Dispose()
    {
        Http.Dispose();
        _child.Kill(Processes.SIGKILL);
        _child.Wait();
        _etcd?.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    /// <summary>Resident memory of the server in MB: all of it, and without the pages of its file.</summary>
    internal (long All, long Anonymous) Resident()
    {
        var status = File.ReadLines($"/proc/{_child.Pid}/status").ToList();
        long Of(string name) => long.Parse(status.First(line => line.StartsWith(name, StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1]) / 1024;
        return (Of("VmRSS:"), Of("RssAnon:"));
    }

    /// <summary>Processor time the server has used, in milliseconds (in steps of 10).</summary>
    internal double Busy()
    {
        // proc_pid_stat(5): utime and stime are fields 14 and 15, in hundredths of a second; the name before them may hold blanks.
        var stat = File.ReadAllText($"/proc/{_child.Pid}/stat");
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return (long.Parse(fields[11]) + long.Parse(fields[12])) * 10.0;
    }

    internal async Task PostAsync(string plural, string body)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var response = await Http.PostAsync($"/api/v1/namespaces/default/{plural}", content);
        if (!response.IsSuccessStatusCode)
            throw new InvalidOperationException(await response.Content.ReadAsStringAsync());
    }

    /// <summary>A connection of a node with several watches; <paramref name="arrived"/> gets the number of the watch.</summary>
    internal Task<WatchingNode> WatchAsync(int watches, Action<int> arrived)
    {
        var tls = Tls();
        (tls.TargetHost, tls.ApplicationProtocols) = ("localhost", [SslApplicationProtocol.Http2]);
        return WatchingNode.ConnectAsync(_port, tls, watches, arrived);
    }

    private HttpClient Client() => new(new SocketsHttpHandler { SslOptions = Tls() }) { BaseAddress = new Uri($"https://127.0.0.1:{_port}") };

    private SslClientAuthenticationOptions Tls() => new()
    {
        RemoteCertificateValidationCallback = (_, _, _, _) => true,
        ClientCertificates = [_pki.Client("admin", "admin", "system:masters").Load()],
    };

    // The published podnet when PODNET_BIN names its directory, else the same server run by the JIT.
    private static Child Start(string directory, int port)
    {
        var log = Path.Combine(directory, "log");
        if (Environment.GetEnvironmentVariable("PODNET_BIN") is { } published)
        {
            return Child.Start(new ChildSpec(Path.Combine(published, "podnet"),
                ["apiserver", "--data-dir", directory, "--listen", $"127.0.0.1:{port}", "--health-port", "0"]) { LogFile = log });
        }

        var configuration = Path.GetFileName(AppContext.BaseDirectory.TrimEnd('/'));
        var program = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "..", "..", "Network.ControlPlane.Child", configuration, "Network.ControlPlane.Child"));
        return Child.Start(new ChildSpec(program, ["sqlite-apiserver", directory, $"{port}"]) { LogFile = log });
    }

    private async Task<bool> IsReadyAsync()
    {
        try
        {
            using var response = await Http.GetAsync("/api/v1/namespaces/default/serviceaccounts/default");
            if (response.StatusCode == HttpStatusCode.NotFound)
                await Http.PostAsync("/api/v1/namespaces/default/serviceaccounts", new StringContent("""{"kind":"ServiceAccount","apiVersion":"v1","metadata":{"name":"default"}}""", Encoding.UTF8, "application/json"));
            return response.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
