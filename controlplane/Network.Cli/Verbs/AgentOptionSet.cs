using System.CommandLine;
using System.Net;
using Network.Host.Roles;
using Network.ServiceProxy;

namespace Network.Cli.Verbs;

/// <summary>The flags of an agent and of each of its parts.</summary>
internal sealed class AgentOptionSet(string verb)
{
    private readonly Option<string> _node = new("--node") { Description = "this node's name", DefaultValueFactory = _ => Environment.MachineName.ToLowerInvariant() };
    private readonly Option<IPAddress?> _address = Options.Address("--node-ip", "address other nodes reach this node by");
    private readonly Option<string?> _kubeconfig = Options.Text("--kubeconfig", "how to reach the API server");
    private readonly Option<string> _data = Options.Text("--data-dir", "this node's state", "/var/lib/podnet/node");
    private readonly Option<string> _images = Options.Text("--image-store", "container images, shared by the nodes of one machine", "/var/lib/podnet/images");
    private readonly Option<string?> _manifests = Options.Text("--manifests", "folder of pod manifests to run (kubelet)");
    private readonly Option<string[]> _cni = new("--cni-bin-dir") { Description = "where CNI plugins are", DefaultValueFactory = _ => ["/opt/cni/bin"] };
    private readonly Option<IPNetwork> _cluster = Options.Range("--cluster-cidr", "addresses of all pods", "10.244.0.0/16");
    private readonly Option<string?> _pods = Options.Text("--pod-cidr", "this node's pods, instead of letting the controller choose");
    private readonly Option<IPAddress?> _dns = Options.Address("--cluster-dns", "address pods send DNS queries to; answered on every node");
    private readonly Option<string?> _corefile = Options.Text("--corefile", "what the DNS server does, in CoreDNS's format; followed while it runs");
    private readonly Option<string> _domain = Options.Text("--cluster-domain", "domain of cluster names", "cluster.local");
    private readonly Option<string?> _resolver = Options.Text("--resolv-conf", "resolver configuration that pods with dnsPolicy Default get (default: the node's own)");
    private readonly Option<string?> _authority = Options.Text("--client-ca", "authority of clients of the kubelet API (PEM file)");
    private readonly Option<string?> _certificate = Options.Text("--tls-cert", "certificate of the kubelet API, and of tls:// and https:// in a Corefile (PEM file)");
    private readonly Option<string?> _key = Options.Text("--tls-key", "its key (PEM file)");
    private readonly Option<string> _cgroup = Options.Text("--cgroup-root", "control group that holds the containers", "/podnet");
    private readonly Option<string?> _prefix = Options.Text("--netns-prefix", "begins the names of pods' network namespaces");
    private readonly Option<ProxyMode?> _proxyMode = new("--proxy-mode") { Description = "how service rules are written: nftables (where the kernel can) or iptables" };
    private readonly Option<string[]> _nodePorts = new("--nodeport-addresses") { Description = "ranges of local addresses at which node ports are answered", DefaultValueFactory = _ => [] };
    private readonly Option<bool> _localhost = new("--localhost-nodeports") { Description = "node ports are answered at 127.0.0.1 too (only with --proxy-mode iptables)" };
    private readonly Option<string[]> _services = new("--service-cidr") { Description = "addresses of services: those of none are dropped, and a node without a route to them gets one", DefaultValueFactory = _ => [] };
    private readonly Option<int> _proxyHealth = Options.Number("--proxy-healthz-port", "port at which load balancers ask whether the service proxy works; 0 for none", 10256);
    private readonly Option<int> _health = Options.Number("--health-port", "loopback port of /healthz, /readyz and /metrics; 0 for none", HealthPorts.Of(verb));

    private readonly OverlayOptionSet _overlay = new();

    internal void AddTo(Command command)
    {
        Option[] all =
        [
            _node, _address, _kubeconfig, _data, _images, _manifests, _cni, _cluster, _pods, _dns, _corefile, _domain, _resolver, _authority, _certificate, _key, _cgroup, _prefix, _health,
            _proxyMode, _nodePorts, _localhost, _services, _proxyHealth, .. _overlay.All,
        ];
        foreach (var option in all)
            command.Options.Add(option);
    }

    internal AgentOptions Read(ParseResult parsed) => new()
    {
        Node = parsed.GetValue(_node)!,
        NodeAddress = parsed.GetValue(_address),
        Kubeconfig = parsed.GetValue(_kubeconfig),
        DataDirectory = parsed.GetValue(_data)!,
        ImageStore = parsed.GetValue(_images)!,
        Manifests = parsed.GetValue(_manifests),
        CniBinaries = parsed.GetValue(_cni)!,
        ClusterCidr = parsed.GetValue(_cluster),
        Overlay = _overlay.Read(parsed),
        PodCidr = parsed.GetValue(_pods) is { } pods ? IPNetwork.Parse(pods) : null,
        ClusterDns = parsed.GetValue(_dns),
        Corefile = parsed.GetValue(_corefile),
        ClusterDomain = parsed.GetValue(_domain)!,
        ResolvConf = parsed.GetValue(_resolver),
        ClientAuthority = parsed.GetValue(_authority),
        TlsCertificate = parsed.GetValue(_certificate),
        TlsKey = parsed.GetValue(_key),
        CgroupRoot = parsed.GetValue(_cgroup)!,
        NetNsPrefix = parsed.GetValue(_prefix),
        ProxyMode = parsed.GetValue(_proxyMode),
        NodePortAddresses = [.. parsed.GetValue(_nodePorts)!.Select(IPNetwork.Parse)],
        LocalhostNodePorts = parsed.GetValue(_localhost),
        ServiceCidrs = [.. parsed.GetValue(_services)!.Select(IPNetwork.Parse)],
        ProxyHealthPort = parsed.GetValue(_proxyHealth),
        HealthPort = parsed.GetValue(_health),
    };
}
