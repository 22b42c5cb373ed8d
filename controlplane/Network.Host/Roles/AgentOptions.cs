using System.Net;
using Network.ServiceProxy;

namespace Network.Host.Roles;

/// <summary>What an agent is told about its node and its cluster. Each part of the agent, started alone, takes the same.</summary>
public sealed record AgentOptions
{
    public required string Node { get; init; }

    public IPAddress? NodeAddress { get; init; }

    /// <summary>Null only for a kubelet that stands alone.</summary>
    public string? Kubeconfig { get; init; }

    public string DataDirectory { get; init; } = "/var/lib/podnet/node";

    public string ImageStore { get; init; } = "/var/lib/podnet/images";

    public string? Manifests { get; init; }

    public IReadOnlyList<string> CniBinaries { get; init; } = ["/opt/cni/bin"];

    public IPNetwork ClusterCidr { get; init; } = IPNetwork.Parse("10.244.0.0/16");

    /// <summary>This node's pods, when they are fixed from outside; else the controller assigns them.</summary>
    public IPNetwork? PodCidr { get; init; }

    public OverlayOptions Overlay { get; init; } = new();

    public IPAddress? ClusterDns { get; init; }

    /// <summary>A Corefile that says what the DNS server does; null for its own order of plugins.</summary>
    public string? Corefile { get; init; }

    public string ClusterDomain { get; init; } = "cluster.local";

    /// <summary>Resolver configuration that pods with dnsPolicy Default get; null takes the node's.</summary>
    public string? ResolvConf { get; init; }

    /// <summary>Authority of the clients that may use the kubelet API (PEM file).</summary>
    public string? ClientAuthority { get; init; }

    public string? TlsCertificate { get; init; }

    public string? TlsKey { get; init; }

    public string CgroupRoot { get; init; } = "/podnet";

    /// <summary>Begins the names of pods' network namespaces; null takes the node's name.</summary>
    public string? NetNsPrefix { get; init; }

    /// <summary>How service rules are written; null takes nftables where the kernel can.</summary>
    public ProxyMode? ProxyMode { get; init; }

    /// <summary>Where node ports are answered; empty for the node's own address (nftables) or all local ones (iptables).</summary>
    public IReadOnlyList<IPNetwork> NodePortAddresses { get; init; } = [];

    /// <summary>Node ports are answered at 127.0.0.1 too (iptables mode).</summary>
    public bool LocalhostNodePorts { get; init; }

    /// <summary>Ranges of service addresses: what in them belongs to no service is dropped, and a node without a route to them gets one.</summary>
    public IReadOnlyList<IPNetwork> ServiceCidrs { get; init; } = [];

    /// <summary>Port at which load balancers ask whether the service proxy works; 0 for none.</summary>
    public int ProxyHealthPort { get; init; }

    /// <summary>Loopback port of /healthz, /readyz and /metrics; 0 for none.</summary>
    public int HealthPort { get; init; }

    /// <summary>Where the overlay of this node answers <c>podnet overlay status</c>.</summary>
    public string OverlaySocket => Path.Combine(DataDirectory, Host.Overlay.OverlayClient.SocketName);

    public string CniConfigDirectory => Path.Combine(DataDirectory, "cni", "net.d");
}
