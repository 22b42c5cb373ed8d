using System.Net;
using Network.Netlink;
using Network.Netlink.Netfilter;
using Network.ServiceProxy.Explain;
using Network.ServiceProxy.Model;

namespace Network.Diagnosis.Facts;

/// <summary>A node as the API server has it.</summary>
public sealed record NodeFacts(string Name)
{
    public IPAddress? Address { get; init; }

    public IReadOnlyList<IPNetwork> PodCidrs { get; init; } = [];

    public bool Ready { get; init; }

    /// <summary>What the node says of itself when it is not ready, or of pressure.</summary>
    public IReadOnlyList<string> Complaints { get; init; } = [];

    /// <summary>What its overlay published; null before it did.</summary>
    public PublishedEnd? Tunnel { get; init; }
}

/// <summary>Where a node's tunnel ends, as it told the others.</summary>
public sealed record PublishedEnd(IPAddress Address, MacAddress? Mac, int Vni);

/// <summary>A pod as the API server has it, with its network where it could be read.</summary>
public sealed record PodFacts(string Namespace, string Name)
{
    /// <summary>Empty while no scheduler has chosen one.</summary>
    public string Node { get; init; } = "";

    public IReadOnlyList<IPAddress> Addresses { get; init; } = [];

    public bool HostNetwork { get; init; }

    public string Phase { get; init; } = "Running";

    public bool Ready { get; init; } = true;

    public bool Terminating { get; init; }

    /// <summary>Why a container does not run (<c>ErrImagePull: ...</c>), or why the pod is not scheduled; null when nothing is wrong.</summary>
    public string? Waiting { get; init; }

    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    public IReadOnlyList<string> PortNames { get; init; } = [];

    /// <summary>Its namespace; null when it has none of its own or none that could be read.</summary>
    public MachineFacts? Network { get; init; }

    /// <summary>The text of its resolv.conf; null when it could not be read.</summary>
    public string? Resolver { get; init; }

    public string Id => $"pod/{Namespace}/{Name}";
}

/// <summary>A service as the API server has it.</summary>
public sealed record ServiceFacts(string Namespace, string Name)
{
    public string Type { get; init; } = "ClusterIP";

    public bool Headless { get; init; }

    public string? ExternalName { get; init; }

    /// <summary>Null when somebody else writes the endpoints.</summary>
    public IReadOnlyDictionary<string, string>? Selector { get; init; }

    /// <summary>Names of target ports that are looked up in pods, by the service port's name.</summary>
    public IReadOnlyList<string> NamedTargets { get; init; } = [];

    /// <summary>Its ports with their endpoints, as the proxy of a node takes them.</summary>
    public required Func<string, IReadOnlyList<ServicePort>> PortsAt { get; init; }

    public string Id => $"svc/{Namespace}/{Name}";
}

/// <summary>A part of the cluster: whether it lives, and how that is known.</summary>
/// <param name="Component">apiserver, scheduler, controllers, kubelet, overlay, proxy, dns; or agent or server for all of them in one process.</param>
/// <param name="Node">The machine it belongs to.</param>
public sealed record ComponentFacts(string Component, string Node, bool Running, string Evidence);

/// <summary>A BGP session a router should have, and what its routing daemon says of it.</summary>
/// <param name="Name">As the daemon calls it.</param>
/// <param name="State">Its own words: <c>Established</c>, <c>Idle</c>, <c>down</c>; null when the daemon could not be asked.</param>
public sealed record SessionFacts(string Router, string Name, string Peer, string Device, string? State)
{
    public bool IsUp => State == "Established";
}

/// <summary>A certificate somebody of the cluster shows or trusts.</summary>
public sealed record CertificateFacts(string Owner, string Node, string File, DateTimeOffset NotBefore, DateTimeOffset NotAfter);

/// <summary>What is wanted, from the API server, beside what is, from the kernels: all that analyzers look at.</summary>
public sealed record ClusterView
{
    public required DateTimeOffset Now { get; init; }

    /// <summary>Why the API server could not be asked; null when it was.</summary>
    public string? ApiFault { get; init; }

    public IReadOnlyList<NodeFacts> Nodes { get; init; } = [];

    public IReadOnlyList<PodFacts> Pods { get; init; } = [];

    public IReadOnlyList<ServiceFacts> Services { get; init; } = [];

    /// <summary>Nodes and routers whose kernel could be read.</summary>
    public IReadOnlyList<MachineFacts> Machines { get; init; } = [];

    public IReadOnlyList<ComponentFacts> Components { get; init; } = [];

    /// <summary>Of routers that learn their routes by BGP.</summary>
    public IReadOnlyList<SessionFacts> Sessions { get; init; } = [];

    public IReadOnlyList<CertificateFacts> Certificates { get; init; } = [];

    /// <summary>What the rules of each node do with packets to services, as far as somebody looked.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<ServiceExplanation>> Rules { get; init; } = new Dictionary<string, IReadOnlyList<ServiceExplanation>>();

    /// <summary>Tracked connections of each node whose destination was rewritten, but those of TCP, which end by themselves.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<ConntrackEntry>> Connections { get; init; } = new Dictionary<string, IReadOnlyList<ConntrackEntry>>();

    /// <summary>Addresses of services.</summary>
    public IPNetwork? ServiceCidr { get; init; }

    public MachineFacts? MachineOf(string name) => Machines.FirstOrDefault(machine => machine.Name == name);

    /// <summary>The machine that has an address, on any device.</summary>
    public MachineFacts? OwnerOf(IPAddress address) => Machines.FirstOrDefault(machine => machine.Has(address));

    public PodFacts? PodAt(IPAddress address) => Pods.FirstOrDefault(pod => !pod.HostNetwork && !IsOver(pod) && pod.Addresses.Contains(address));

    /// <summary>Pods that have their own network and hold their address.</summary>
    public IEnumerable<PodFacts> NetworkedPods => Pods.Where(pod => !pod.HostNetwork && !IsOver(pod) && pod.Node.Length > 0);

    private static bool IsOver(PodFacts pod) => pod.Phase is "Succeeded" or "Failed";
}
