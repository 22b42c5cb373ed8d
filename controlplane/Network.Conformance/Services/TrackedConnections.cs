using System.Net;
using System.Net.Sockets;

namespace Network.Conformance.Services;

/// <summary>Clients that keep one UDP socket while servers come and go: what is tracked must not lead to those that are gone.</summary>
internal static class TrackedConnections
{
    private const string Datagrams = "ports: [{name: udp, port: 81, targetPort: 8081, protocol: UDP}]";
    private const int Patience = 300;

    internal static IReadOnlyList<Scenario> All { get; } =
    [
        ServiceRow.New("conntrack", "UDP client follows when the server is replaced: cluster address", run => ReplacedAsync(run, run.Servers[2], "")),
        ServiceRow.New("conntrack", "UDP client follows when the server is replaced: client of the host's network", run => ReplacedAsync(run, run.Nodes[2], "")),
        ServiceRow.New("conntrack", "UDP client follows when the server is replaced: node port from outside", run => ReplacedAsync(run, run.Outside, "type: NodePort,")),
        ServiceRow.New("conntrack", "UDP client follows when the server is replaced: internal Local", run => ReplacedAsync(run, run.Servers[0], "internalTrafficPolicy: Local,")),
        ServiceRow.New("conntrack", "UDP client that came before the first endpoint was ready", BeforeReadyAsync),
        ServiceRow.New("conntrack", "UDP client follows a change of the target port", TargetPortAsync),
        ServiceRow.New("conntrack", "UDP client follows when the service is made again", AgainAsync),
        ServiceRow.New("conntrack", "a packet out of its connection's window does not reset it", InvalidAsync),
    ];

    private static async Task ReplacedAsync(ServiceRun run, Place from, string spec)
    {
        var local = spec.StartsWith("internal", StringComparison.Ordinal);
        await run.PodAsync("one", run.Nodes[0]).ConfigureAwait(false);
        var service = await run.OwnServiceAsync($"{spec} {Datagrams}").ConfigureAwait(false);
        using var socket = await ConnectAsync(run, from, service).ConfigureAwait(false);
        await UntilAsync(run, socket, "one").ConfigureAwait(false);
        await run.PodAsync("two", local ? run.Nodes[0] : run.Nodes[1]).ConfigureAwait(false);
        await run.DeletePodAsync("one").ConfigureAwait(false);
        await UntilAsync(run, socket, "two").ConfigureAwait(false);
    }

    private static async Task BeforeReadyAsync(ServiceRun run)
    {
        var service = await run.OwnServiceAsync($"type: NodePort, {Datagrams}").ConfigureAwait(false);
        using var inside = await ConnectAsync(run, run.Servers[1], service, node: false).ConfigureAwait(false);
        using var outside = await ConnectAsync(run, run.Outside, service).ConfigureAwait(false);
        foreach (var socket in (Socket[])[inside, outside])
            Expect.True(await HostnameAsync(run, socket).ConfigureAwait(false) is null, "no answer before there is an endpoint");
        await run.PodAsync("one", run.Nodes[0]).ConfigureAwait(false);
        foreach (var socket in (Socket[])[inside, outside])
            await UntilAsync(run, socket, "one").ConfigureAwait(false);
    }

    private static async Task TargetPortAsync(ServiceRun run)
    {
        await run.PodAsync("one", run.Nodes[0]).ConfigureAwait(false);
        var service = await run.OwnServiceAsync("ports: [{name: udp, port: 81, targetPort: 8099, protocol: UDP}]").ConfigureAwait(false);
        using var socket = await ConnectAsync(run, run.Servers[1], service).ConfigureAwait(false);
        Expect.True(await HostnameAsync(run, socket).ConfigureAwait(false) is null, "no answer from a port where nobody listens");
        await run.PatchAsync(service, """{"spec":{"ports":[{"name":"udp","port":81,"targetPort":8081,"protocol":"UDP"}]}}""").ConfigureAwait(false);
        await UntilAsync(run, socket, "one").ConfigureAwait(false);
    }

    private static async Task AgainAsync(ServiceRun run)
    {
        await run.PodAsync("one", run.Nodes[0]).ConfigureAwait(false);
        var service = await run.OwnServiceAsync(Datagrams).ConfigureAwait(false);
        using var socket = await ConnectAsync(run, run.Servers[1], service).ConfigureAwait(false);
        await UntilAsync(run, socket, "one").ConfigureAwait(false);
        await run.DeleteAsync(service).ConfigureAwait(false);
        await run.PodAsync("two", run.Nodes[1]).ConfigureAwait(false);
        await run.DeletePodAsync("one").ConfigureAwait(false);
        await run.OwnServiceAsync($"clusterIP: {service.ClusterIp}, {Datagrams}").ConfigureAwait(false);
        await UntilAsync(run, socket, "two").ConfigureAwait(false);
    }

    // kubernetes#74839: a late packet of the server that conntrack cannot place reached the client under the server's own address, and
    // the client's kernel answered with a reset that ended the good connection.
    private static async Task InvalidAsync(ServiceRun run)
    {
        var server = await run.PodAsync("one", run.Nodes[0]).ConfigureAwait(false);
        var client = run.Servers[1];
        var service = await run.OwnServiceAsync("ports: [{port: 80, targetPort: 8080}]").ConfigureAwait(false);
        await run.UntilAnsweredAsync(client, service.ClusterIp, 80).ConfigureAwait(false);
        using var socket = Caller.Open(client.NetNs, AddressFamily.InterNetwork, udp: false);
        await socket.ConnectAsync(IPAddress.Parse(service.ClusterIp), 80, run.Cancel).ConfigureAwait(false);
        await Caller.RequestAsync(socket, "hostname", run.Cancel).ConfigureAwait(false);
        StraySegment.Send(server.NetNs, new IPEndPoint(IPAddress.Parse(server.Address), 8080), new IPEndPoint(IPAddress.Parse(client.Address), ((IPEndPoint)socket.LocalEndPoint!).Port));
        for (var i = 0; i < 10; i++)
            Expect.Equal("one", await Caller.RequestAsync(socket, "hostname", run.Cancel).ConfigureAwait(false), "who answers on the connection after the stray packet");
    }

    private static async Task<Socket> ConnectAsync(ServiceRun run, Place from, Service service, bool node = true)
    {
        var socket = Caller.Open(from.NetNs, AddressFamily.InterNetwork, udp: true);
        var (address, port) = node && (string?)service.Object["spec"]!["type"] == "NodePort" ? (run.Nodes[2].Address, service.NodePort) : (service.ClusterIp, 81);
        await socket.ConnectAsync(IPAddress.Parse(address), port, run.Cancel).ConfigureAwait(false);
        return socket;
    }

    internal static Task UntilAsync(ServiceRun run, Socket socket, string server) =>
        run.Run.UntilAsync($"an answer of {server} on the same socket", () => HostnameAsync(run, socket), answer => answer == server);

    /// <summary>Null without an answer.</summary>
    private static async Task<string?> HostnameAsync(ServiceRun run, Socket socket)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(run.Cancel);
        limit.CancelAfter(Patience);
        try
        {
            return await Caller.DatagramAsync(socket, "hostname", limit.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is SocketException || (e is OperationCanceledException && !run.Cancel.IsCancellationRequested))
        {
            return null;
        }
    }
}
