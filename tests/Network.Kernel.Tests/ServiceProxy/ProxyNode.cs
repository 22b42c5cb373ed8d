using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Network.Cni;
using Network.Cni.Protocol;
using Network.Iptables;
using Network.Netlink.Netfilter;
using Network.ServiceProxy;
using Network.ServiceProxy.Backends;
using Network.ServiceProxy.Backends.Iptables;
using Network.ServiceProxy.Backends.Iptables.Stores;
using Network.ServiceProxy.Backends.Nftables;
using Network.ServiceProxy.Model;
using Network.TestKit;

namespace Network.Kernel.Tests.ServiceProxy;

/// <summary>A node with pods on a bridge, and a stranger on the network the node stands in.</summary>
internal sealed class ProxyNode : IDisposable
{
    internal const string Address = "192.0.2.1";
    internal const string StrangerAddress = "192.0.2.254";
    internal const string Gateway = "10.244.1.1";
    private readonly DirectoryInfo _data = Directory.CreateTempSubdirectory("proxy");
    private readonly List<IDisposable> _pods = [];
    private int _count;

    internal ProxyNode()
    {
        Stranger.Exec("ip", "link", "add", "eth0", "up", "type", "veth", "peer", "name", "eth0", "netns", Ns.Name);
        Stranger.Exec("ip", "address", "add", $"{StrangerAddress}/24", "dev", "eth0");
        // Load balancers send what is for a cluster's address to one of its nodes.
        Stranger.Exec("ip", "route", "add", "203.0.113.0/24", "via", Address);
        Stranger.Exec("ip", "route", "add", "10.96.0.0/16", "via", Address);
        Ns.Exec("ip", "address", "add", $"{Address}/24", "dev", "eth0");
        Ns.Exec("ip", "link", "set", "eth0", "up");
        Ns.Exec("ip", "route", "add", "default", "via", StrangerAddress);
        Ns.Exec("sysctl", "-qw", "net.bridge.bridge-nf-call-iptables=1");
        Settings = new ProxySettings("w1") { ClusterCidr = IPNetwork.Parse("10.244.0.0/16"), NodeAddresses = [IPAddress.Parse(Address)], NetNs = Ns.Name };
        Client = AddNs(out _);
    }

    internal ScratchNetNs Ns { get; } = new("node");

    internal ScratchNetNs Stranger { get; } = new("stranger");

    internal ScratchNetNs Client { get; }

    internal ProxySettings Settings { get; }

    internal ServerPod AddServer()
    {
        var pod = new ServerPod(AddNs(out var address), address);
        _pods.Add(pod);
        return pod;
    }

    /// <summary>iptables' rules in nf_tables, written without iptables.</summary>
    internal static DirectStore Direct(IptablesFamily family, string netNs, bool nativePorts = true) => new(family, NftSocket.Open(netNs), new NftLedger(DirectStore.Concerns), nativePorts);

    /// <summary>As a process that has just started: it knows nothing of what was programmed before.</summary>
    internal IptablesProxier NewProxier() => new(Settings, Direct(IptablesFamily.V4, Ns.Name));

    internal NftProxier NewNftProxier()
    {
        var socket = NftSocket.Open(Ns.Name);
        _pods.Add(socket);
        return new NftProxier(NftFamily.Ip, Settings, socket, new NftLedger(change => change.Table == NftLayout.TableName));
    }

    /// <summary>Programs the services as a process that has just started.</summary>
    internal async Task ProgramAsync(ProxyMode mode, IReadOnlyCollection<ServicePort> services)
    {
        if (mode == ProxyMode.Nftables)
            NewNftProxier().Program(services);
        else
            await NewProxier().ProgramAsync(services, default);
    }

    /// <summary>A service of its own cluster address, answered by the pods, which all are on this node unless marked.</summary>
    internal static ServicePort Service(string name, TransportProtocol protocol, params ServerPod[] pods) => new("ns", name, "p", protocol)
    {
        ClusterIps = [IPAddress.Parse(ClusterIp(name))],
        Port = 80,
        Endpoints = pods.Select(pod => new ServiceEndpoint(pod.Address, ServerPod.Port) { IsLocal = true }).ToList(),
    };

    internal static string ClusterIp(string name) => $"10.96.0.{(int)name[0]}";

    internal static ServicePort Elsewhere(ServicePort service) => service with
    {
        Endpoints = service.Endpoints.Select(endpoint => endpoint with { IsLocal = false }).ToList(),
    };

    /// <summary>The rules in words, for messages of failed tests.</summary>
    internal string Rules() => Ns.Exec("nft", "list", "ruleset");

    internal string Saved(params string[] options) => Ns.Exec("iptables-save", options);

    public void Dispose()
    {
        _pods.ForEach(pod => pod.Dispose());
        Client.Dispose();
        Stranger.Dispose();
        Ns.Dispose();
        _data.Delete(recursive: true);
    }

    private ScratchNetNs AddNs(out IPAddress address)
    {
        var pod = new ScratchNetNs("pod");
        var config = $$$"""
            {"cniVersion":"1.0.0","name":"podnet","type":"podnet-cni","bridge":"w1-br",
             "ipam":{"subnet":"10.244.1.0/24","dataDir":"{{{_data.FullName}}}"}}
            """;
        var environment = new CniEnvironment { Command = "ADD", ContainerId = $"c{++_count}", IfName = "eth0", NetNs = pod.Path };
        var reply = Ns.Run(() => Plugin.Run(environment, Encoding.UTF8.GetBytes(config)));
        var result = JsonNode.Parse(reply.Output.Span)!;
        if (reply.ExitCode != 0)
            throw new InvalidOperationException(result.ToJsonString());
        address = IPAddress.Parse(((string)result["ips"]![0]!["address"]!).Split('/')[0]);
        return pod;
    }
}
