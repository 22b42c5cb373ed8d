using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Network.Api.Pki;
using Network.ControlPlane.Tests.Store;
using Network.Linux;
using Network.TestKit;
using Xunit;

namespace Network.ControlPlane.Tests.ApiServer;

/// <summary>Three API servers, each a process of its own, on one etcd; any of them is killed.</summary>
public sealed class SeveralServersTests : IAsyncLifetime
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(120);
    private const int SigContinue = 18, SigStop = 19;
    private readonly string _directory = Directory.CreateTempSubdirectory("podnet-ha-").FullName;
    private readonly List<Server> _servers = [];
    private EtcdProcess? _etcd;
    private ClusterPki? _pki;

    public async ValueTask InitializeAsync()
    {
        _etcd = await EtcdProcess.Start().ReadyAsync();
        var directory = Path.Combine(_directory, "pki");
        _pki = ClusterPki.Open(directory, TimeProvider.System);
        _pki.ApiServer([IPAddress.Loopback], "cluster.local");
        for (var i = 0; i < 3; i++)
            _servers.Add(new Server(i, _etcd.Url, directory, Path.Combine(_directory, $"log-{i}"), Client));
        foreach (var server in _servers)
            server.Start();
        await Task.WhenAll(_servers.Select(server => server.ReadyAsync()));
    }

    public ValueTask DisposeAsync()
    {
        foreach (var server in _servers)
            server.Kill();
        _etcd?.Dispose();
        Directory.Delete(_directory, recursive: true);
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task What_one_server_answered_every_other_serves_at_once()
    {
        for (var i = 0; i < 30; i++)
        {
            var (writer, reader) = (_servers[i % 3].Http, _servers[(i + 1) % 3].Http);
            Assert.Equal(201, (await writer.SendAsync("POST", "/api/v1/namespaces/default/configmaps", Rest.ConfigMap($"c{i}"))).Code);
            var (code, found) = await reader.SendAsync("GET", $"/api/v1/namespaces/default/configmaps/c{i}");
            Assert.Equal(200, code);
            found["data"]!["v"] = "2";
            Assert.Equal(200, (await reader.SendAsync("PUT", $"/api/v1/namespaces/default/configmaps/c{i}", found.ToJsonString())).Code);
            Assert.Equal(200, (await writer.SendAsync("DELETE", $"/api/v1/namespaces/default/configmaps/c{i}")).Code);
            Assert.Equal(404, (await reader.SendAsync("GET", $"/api/v1/namespaces/default/configmaps/c{i}")).Code);
            Assert.Equal(201, (await reader.SendAsync("POST", "/api/v1/namespaces/default/configmaps", Rest.ConfigMap($"c{i}"))).Code);
        }
    }

    [Fact]
    public async Task Servers_never_hand_out_an_address_twice_also_when_one_is_killed()
    {
        var creating = Enumerable.Range(0, 6).Select(client => Task.Run(async () =>
        {
            for (var i = 0; i < 15; i++)
                await CreateServiceAsync(_servers[client % 3], $"s{client}-{i}");
        })).ToList();
        await Eventually.TrueAsync(async () => (await ServicesAsync(_servers[1])).Count > 20, s_patience);
        _servers[0].Kill();
        _servers[0].Start();
        await Task.WhenAll(creating);
        await _servers[0].ReadyAsync();
        var services = await ServicesAsync(_servers[0]);
        var addresses = services.Select(service => (string)service!["spec"]!["clusterIP"]!).ToList();
        Assert.True(addresses.Count > 60, $"{addresses.Count} services");
        Assert.Equal(addresses.Count, addresses.Distinct().Count());
    }

    // A lease is taken by compare-and-swap, so a term has one leader whatever servers the candidates talk to.
    [Fact]
    public async Task An_election_has_one_leader_a_term_also_when_servers_are_killed()
    {
        using var stop = new CancellationTokenSource();
        var terms = new System.Collections.Concurrent.ConcurrentBag<(int Term, int Leader)>();
        await CreateLeaseAsync();
        var candidates = Enumerable.Range(0, 3).Select(who => Task.Run(() => RunForOfficeAsync(who, terms, stop.Token))).ToList();
        for (var kill = 0; kill < 3; kill++)
        {
            var reached = terms.Count;
            await Eventually.TrueAsync(() => terms.Count > reached + 20, s_patience);
            _servers[kill].Kill();
            reached = terms.Count;
            await Eventually.TrueAsync(() => terms.Count > reached + 20, s_patience);
            _servers[kill].Start();
            await _servers[kill].ReadyAsync();
        }

        await stop.CancelAsync();
        await Task.WhenAll(candidates);
        Assert.Equal(terms.Count, terms.Select(term => term.Term).Distinct().Count());
        Assert.Equal(3, terms.Select(term => term.Leader).Distinct().Count());
    }

    [Fact]
    public async Task A_watch_goes_on_at_another_server_when_its_own_is_killed()
    {
        var (_, list) = await _servers[0].Http.SendAsync("GET", "/api/v1/namespaces/default/configmaps");
        var revision = list.Revision();
        var writing = Task.Run(async () =>
        {
            for (var i = 0; i < 120; i++)
                Assert.Equal(201, (await _servers[2].Http.SendAsync("POST", "/api/v1/namespaces/default/configmaps", Rest.ConfigMap($"w{i}"))).Code);
        });
        var seen = new List<JsonNode>();
        for (var turn = 0; seen.Count < 120; turn++)
        {
            var part = await WatchAsync(_servers[turn % 2], revision, 120 - seen.Count, kill: turn == 0);
            seen.AddRange(part);
            revision = seen.Count > 0 ? seen[^1]["object"]!.Revision() : revision;
        }

        await writing;
        Assert.Equal(Enumerable.Range(0, 120).Select(i => $"w{i}"), seen.Select(change => (string)change["object"]!["metadata"]!["name"]!));
    }

    [Fact]
    public async Task The_service_of_the_servers_leads_to_those_that_live()
    {
        string[] all = ["192.0.2.0", "192.0.2.1", "192.0.2.2"];
        await LeadsToAsync(1, all);
        _servers[0].Kill();
        // Its key lives a little longer than it does: 15 s, and a second more that keys of etcd share.
        await LeadsToAsync(1, all[1..]);
        _servers[0].Start();
        await _servers[0].ReadyAsync();
        await LeadsToAsync(0, all);
    }

    [Fact]
    public async Task A_store_that_does_not_answer_makes_a_server_unready_until_it_does()
    {
        var http = _servers[0].Http;
        Assert.Equal("ok", (string)(await http.SendAsync("GET", "/healthz/etcd")).Body["text"]!);
        Processes.Kill(_etcd!.Pid, SigStop);
        try
        {
            // The signal stops its threads one after the other, and one that still runs answers.
            await Eventually.TrueAsync(() => Directory.GetDirectories($"/proc/{_etcd.Pid}/task").All(thread => File.ReadAllText($"{thread}/stat").Contains(") T ", StringComparison.Ordinal)), TimeSpan.FromSeconds(10));
            foreach (var path in (string[])["readyz", "healthz"])
            {
                var clock = System.Diagnostics.Stopwatch.StartNew();
                var (code, body) = await http.SendAsync("GET", "/" + path);
                Assert.Equal(500, code);
                Assert.Contains("[-]etcd failed: reason withheld\n", (string)body["text"]!);
                Assert.Contains("[+]ping ok\n", (string)body["text"]!);
                Assert.InRange(clock.Elapsed, TimeSpan.FromSeconds(1.5), TimeSpan.FromSeconds(10));
            }
        }
        finally
        {
            Processes.Kill(_etcd.Pid, SigContinue);
        }

        await _servers[0].ReadyAsync();
        Assert.Equal(200, (await http.SendAsync("GET", "/healthz")).Code);
    }

    private Task LeadsToAsync(int server, string[] addresses)
    {
        var seen = "";
        return Eventually.TrueAsync(async () =>
        {
            var endpoints = (await _servers[server].Http.SendAsync("GET", "/api/v1/namespaces/default/endpoints/kubernetes")).Body;
            var slice = (await _servers[server].Http.SendAsync("GET", "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/kubernetes")).Body;
            seen = endpoints.ToJsonString() + slice.ToJsonString();
            return endpoints["subsets"]?.AsArray() is [{ } subset] && addresses.SequenceEqual(subset["addresses"]!.AsArray().Select(address => (string)address!["ip"]!))
                && addresses.SequenceEqual(slice["endpoints"]!.AsArray().Select(endpoint => (string)endpoint!["addresses"]![0]!));
        }, s_patience, () => seen);
    }

    private static async Task<List<JsonNode>> WatchAsync(Server server, string revision, int most, bool kill)
    {
        var seen = new List<JsonNode>();
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/v1/namespaces/default/configmaps?watch=1&resourceVersion={revision}");
            using var response = await server.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
            using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
            using var patience = new CancellationTokenSource(s_patience);
            while (seen.Count < most && await reader.ReadLineAsync(patience.Token) is { } line)
            {
                seen.Add(JsonNode.Parse(line)!);
                if (kill && seen.Count == 30)
                    server.Kill();
            }
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            // The server is gone; what it sent has been seen.
        }

        return seen;
    }

    private static async Task CreateServiceAsync(Server server, string name)
    {
        var body = $$$"""{"kind":"Service","apiVersion":"v1","metadata":{"name":"{{{name}}}"},"spec":{"ports":[{"port":80}]}}""";
        try
        {
            var (code, answer) = await server.Http.SendAsync("POST", "/api/v1/namespaces/default/services", body);
            Assert.True(code is 201 or 500, $"{code} {answer}");
        }
        catch (HttpRequestException)
        {
            // Killed; whether the service exists is not known, which is what the test is about.
        }
    }

    private static async Task<JsonArray> ServicesAsync(Server server) =>
        (await server.Http.SendAsync("GET", "/api/v1/namespaces/default/services")).Body["items"]!.AsArray();

    private async Task CreateLeaseAsync() => Assert.Equal(201, (await _servers[0].Http.SendAsync("POST", "/apis/coordination.k8s.io/v1/namespaces/default/leases",
        """{"kind":"Lease","apiVersion":"coordination.k8s.io/v1","metadata":{"name":"office"},"spec":{"leaseTransitions":0}}""")).Code);

    // Takes the office, counts the term, leaves it to the others; asks any server that answers.
    private async Task RunForOfficeAsync(int who, System.Collections.Concurrent.ConcurrentBag<(int, int)> terms, CancellationToken cancel)
    {
        const string Path = "/apis/coordination.k8s.io/v1/namespaces/default/leases/office";
        for (var turn = who; !cancel.IsCancellationRequested; turn++)
        {
            try
            {
                var http = _servers[turn % 3].Http;
                var (code, lease) = await http.SendAsync("GET", Path);
                if (code != 200)
                    continue;
                var term = (int)lease["spec"]!["leaseTransitions"]! + 1;
                (lease["spec"]!["leaseTransitions"], lease["spec"]!["holderIdentity"]) = (term, $"candidate-{who}");
                if ((await http.SendAsync("PUT", Path, lease.ToJsonString())).Code == 200)
                    terms.Add((term, who));
            }
            catch (HttpRequestException)
            {
                // This server is dead; the next one may not be.
            }
        }
    }

    private HttpClient Client(int port)
    {
        var handler = new SocketsHttpHandler();
        handler.SslOptions.RemoteCertificateValidationCallback = (_, _, _, _) => true;
        handler.SslOptions.ClientCertificates = [_pki!.Client("admin", "admin", "system:masters").Load()];
        return new HttpClient(handler) { BaseAddress = new Uri($"https://127.0.0.1:{port}") };
    }

    private sealed class Server(int number, Uri etcd, string pki, string log, Func<int, HttpClient> client)
    {
        private readonly int _port = FreePort();
        private Child? _child;

        internal HttpClient Http { get; private set; } = null!;

        internal void Start()
        {
            Http = client(_port);
            _child = ChildProgram.Start(log, "apiserver", etcd.OriginalString, pki, $"{_port}", $"192.0.2.{number}:6443");
        }

        internal Task ReadyAsync() => Eventually.TrueAsync(async () =>
        {
            try
            {
                return (await Http.SendAsync("GET", "/readyz")).Code == 200;
            }
            catch (HttpRequestException)
            {
                return false;
            }
        }, s_patience, () => $"server {number}: {(File.Exists(log) ? File.ReadAllText(log) : "said nothing")}");

        internal void Kill()
        {
            if (_child is not { } child)
                return;
            _child = null;
            child.Kill(Processes.SIGKILL);
            child.Wait();
        }

        private static int FreePort()
        {
            using var listener = new TcpListener(IPAddress.Loopback, 0);
            listener.Start();
            return ((IPEndPoint)listener.LocalEndpoint).Port;
        }
    }
}
