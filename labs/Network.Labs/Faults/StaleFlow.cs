using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Network.Labs.Cluster;
using Network.Linux;
using Network.Netlink.Netfilter;

namespace Network.Labs.Faults;

/// <summary>A client keeps sending datagrams to a pod that is gone.</summary>
internal sealed class StaleFlow : IFault
{
    private const int ClientPort = 40053;
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    public string Name => "udp-flow-stale";

    public string Summary => "the pod a UDP client talks to is replaced while the node's proxy is down: the tracked flow goes on leading to the old one";

    public string Takes => "on: the client pod; value: the UDP service and its pods' label, as NAMESPACE/NAME:PORT,LABEL=VALUE";

    public async Task<JsonObject> InjectAsync(FaultSite site, CancellationToken cancel)
    {
        var (ns, service, port, label) = Read(site.Value);
        var node = site.NodeOf(site.On);
        var address = IPAddress.Parse(await site.KubectlAsync(cancel, "get", "service", "-n", ns, service, "-o", "jsonpath={.spec.clusterIP}").ConfigureAwait(false));
        await site.Parts.StopAsync(site.Parts.ProcessOf(node, "proxy"), cancel).ConfigureAwait(false);
        Send(site, new IPEndPoint(address, port));
        await site.KubectlAsync(cancel, "delete", "pod", "-n", ns, "-l", label, "--grace-period=0", "--force").ConfigureAwait(false);
        // The pods that take their place have other addresses, and no rule of this node knows them.
        await site.KubectlAsync(cancel, "wait", "-n", ns, "--for=condition=Ready", "pod", "-l", label, $"--timeout={s_patience.TotalSeconds:0}s").ConfigureAwait(false);
        Send(site, new IPEndPoint(address, port));
        return new JsonObject { ["node"] = node };
    }

    public Task<string?> ProofAsync(FaultSite site, CancellationToken cancel)
    {
        var (_, _, port, _) = Read(site.Value);
        using var socket = ConntrackSocket.Open(site.NetNsOf(site.NodeOf(site.On)));
        return Task.FromResult(socket.Entries(AddressFamily.InterNetwork, entry => entry.Original.SourcePort == ClientPort && entry.Original.DestinationPort == port && entry.IsDestinationRewritten)
            .Select(entry => $"{entry.Original} leads to {entry.Reply.Source}").FirstOrDefault());
    }

    public Task ClearAsync(FaultSite site, JsonObject memory, CancellationToken cancel)
    {
        site.Parts.Start(site.Parts.ProcessOf(memory["node"]!.GetValue<string>(), "proxy"));
        return Task.CompletedTask;
    }

    private static void Send(FaultSite site, IPEndPoint target)
    {
        using var socket = NetNs.Run(site.NetNs, () => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));
        socket.Bind(new IPEndPoint(IPAddress.Any, ClientPort));
        socket.SendTo("are you there?"u8, target);
    }

    private static (string Namespace, string Service, int Port, string Label) Read(string value) =>
        value.Split(',') is [var front, var label] && front.Split(':') is [var name, var port] && name.Split('/') is [var ns, var service] && int.TryParse(port, out var number)
            ? (ns, service, number, label)
            : throw new ClusterException($"udp-flow-stale: value \"{value}\" is not NAMESPACE/NAME:PORT,LABEL=VALUE");
}
