using System.Net;
using System.Net.Sockets;
using Network.Diagnosis.Analyzers;
using Network.Diagnosis.Explain;
using Network.Diagnosis.Facts;
using Network.Diagnosis.Trace;
using Network.Netlink;
using Network.ServiceProxy.Model;
using Xunit;

namespace Network.Overlay.Tests.Diagnosis;

/// <summary>Analyzers and the way of a packet, over a cluster made up here: two nodes with a router between, a pod on each.</summary>
public sealed class AnalyzerTests
{
    private static readonly MacAddress s_mac1 = MacAddress.Parse("02:00:00:00:01:01"), s_mac2 = MacAddress.Parse("02:00:00:00:02:02");

    [Fact]
    public void A_cluster_as_it_should_be_has_no_findings() => Assert.Empty(AnalyzerList.Look(View()));

    [Fact]
    public void The_way_between_pods_of_two_nodes_passes_tunnel_router_and_tunnel()
    {
        var view = View();
        var way = WayFinder.Find(view, new Origin(view.Pods[0], view.MachineOf("w1")!), IPAddress.Parse("10.244.2.2"));
        Assert.Null(way.Fault);
        Assert.Equal(
        [
            ("pod/default/client", "eth0", PacketEventKind.Sent), ("w1", "vethc", PacketEventKind.Received), ("w1", "w1-vx", PacketEventKind.Sent), ("w1", "w1-eth0", PacketEventKind.Sent),
            ("r1", "r1-left", PacketEventKind.Received), ("r1", "r1-right", PacketEventKind.Sent), ("w2", "w2-eth0", PacketEventKind.Received), ("w2", "w2-vx", PacketEventKind.Received),
            ("w2", "vethw", PacketEventKind.Sent), ("pod/default/web", "eth0", PacketEventKind.Received),
        ], way.Points.Select(point => (point.Place, point.Device, point.Kind)));
        Assert.Superset(new HashSet<string> { "w1", "r1", "w2", "tunnel" }, way.Names.ToHashSet());
    }

    [Theory]
    [InlineData("vni", "NET401", "w2")]
    [InlineData("port", "NET402", "w2")]
    [InlineData("fdb-stale", "NET403", "w1")]
    [InlineData("fdb-missing", "NET404", "w1")]
    [InlineData("neighbour-missing", "NET405", "w1")]
    [InlineData("neighbour-stale", "NET406", "w1")]
    [InlineData("route-missing", "NET407", "w1")]
    [InlineData("tunnel-down", "NET408", "w2")]
    [InlineData("pod-range", "NET411", "w1,w2")]
    [InlineData("pod-mtu", "NET412", "w1")]
    [InlineData("narrow", "NET413", "r1,w2")]
    [InlineData("router-route", "NET501", "r1")]
    [InlineData("link-down", "NET502", "r1")]
    [InlineData("link-mtu", "NET503", "w2")]
    [InlineData("forward", "NET504", "r1")]
    [InlineData("cut-off", "NET506", "r1")]
    [InlineData("no-daemon", "NET506", "r1")]
    [InlineData("session", "NET507", "r1")]
    [InlineData("hairpin", "NET305", "w2")]
    [InlineData("bridge-nf", "NET306", "w1")]
    [InlineData("masquerade", "NET307", "w1")]
    [InlineData("pod-down", "NET601", "pod/default/web")]
    [InlineData("pod-address", "NET604", "pod/default/web")]
    [InlineData("pod-route", "NET603", "pod/default/web")]
    [InlineData("selector", "NET101", "svc/default/web")]
    [InlineData("not-ready", "NET102", "svc/default/web")]
    [InlineData("named-port", "NET103", "svc/default/web")]
    [InlineData("listener", "NET104", "pod/default/web")]
    [InlineData("unscheduled", "NET105", "pod/default/web")]
    [InlineData("image", "NET106", "w2")]
    [InlineData("loopback", "NET201", "pod/default/client")]
    [InlineData("expired", "NET114", "w1")]
    [InlineData("ends-soon", "NET115", "w1")]
    [InlineData("scheduler", "NET111", "cp")]
    [InlineData("endpoint", "NET116", "svc/default/web")]
    public void One_fault_is_found_with_its_code_and_place(string fault, string code, string where)
    {
        var findings = AnalyzerList.Look(Break(View(), fault));
        Assert.Equal(where.Split(','), findings.Where(finding => finding.Kind.Id == code).Select(finding => finding.Where).Order());
        Assert.All(findings, finding => Assert.False(string.IsNullOrWhiteSpace(finding.Text) || string.IsNullOrWhiteSpace(finding.Fix)));
    }

    [Fact]
    public void A_tunnel_of_another_network_is_the_cause_and_missing_entries_are_not_told_beside_it()
    {
        var broken = Break(Break(View(), "vni"), "fdb-missing");
        Assert.Equal(["NET401"], AnalyzerList.Look(broken).Select(finding => finding.Kind.Id));
    }

    [Fact]
    public void A_router_that_is_cut_off_matters_to_who_sends_by_way_of_it_and_to_nobody_else()
    {
        var finding = Assert.Single(AnalyzerList.Look(Break(View(), "cut-off")));
        Assert.True(finding.Concerns(new HashSet<string> { "w1", "w2" }));
        Assert.True(finding.Concerns(new HashSet<string> { "r1" }));
        Assert.False(finding.Concerns(new HashSet<string> { "w3" }));
    }

    [Theory]
    [InlineData("web", "wbe", 2)]
    [InlineData("web", "web", 0)]
    [InlineData("", "web", 3)]
    [InlineData("nginx", "ngnix", 2)]
    [InlineData("frontend", "fronted", 1)]
    public void Distance_counts_letters(string a, string b, int distance) => Assert.Equal(distance, ObjectAnalyzer.Distance(a, b));

    [Fact]
    public void Sockets_that_wait_are_read_from_the_kernels_tables()
    {
        var tables = new Dictionary<string, string[]>
        {
            ["tcp"] = ["  sl  local_address", "   0: 0100007F:0050 00000000:0000 0A 0:0", "   1: 00000000:1F90 00000000:0000 0A 0:0", "   2: 00000000:1F91 00000000:0000 01 0:0"],
            ["tcp6"] = ["  sl", "   0: 00000000000000000000000000000000:2382 00000000000000000000000000000000:0000 0A 0:0"],
            ["udp"] = ["  sl", "   0: 00000000:1F91 00000000:0000 07 0:0"],
        };
        var found = MachineReader.ReadListeners(file => tables.TryGetValue(file, out var lines) ? lines : throw new FileNotFoundException(file));
        Assert.Equal([new Listener(ProtocolType.Tcp, IPAddress.Loopback, 80), new Listener(ProtocolType.Tcp, IPAddress.Any, 8080), new Listener(ProtocolType.Tcp, IPAddress.IPv6Any, 9090), new Listener(ProtocolType.Udp, IPAddress.Any, 8081)], found);
        Assert.False(found[0].Takes(ProtocolType.Tcp, 80));
        Assert.True(found[1].Takes(ProtocolType.Tcp, 8080));
    }

    private static ClusterView Break(ClusterView view, string fault) => fault switch
    {
        "vni" => Device(view, "w2", "w2-vx", link => link with { Vxlan = link.Vxlan! with { Vni = 2 } }),
        "port" => Device(view, "w2", "w2-vx", link => link with { Vxlan = link.Vxlan! with { Port = 8472 } }),
        "fdb-stale" => Machine(view, "w1", machine => machine with { Fdb = [new FdbEntry(3, s_mac2, IPAddress.Parse("172.30.9.9"))] }),
        "fdb-missing" => Machine(view, "w1", machine => machine with { Fdb = [] }),
        "neighbour-missing" => Machine(view, "w1", machine => machine with { Neighbours = [] }),
        "neighbour-stale" => Machine(view, "w1", machine => machine with { Neighbours = [new Neighbour(3, IPAddress.Parse("10.244.2.0"), s_mac1)] }),
        "route-missing" => Machine(view, "w1", machine => machine with { Routes = machine.Routes.Where(route => route.LinkIndex != 3).ToList() }),
        "tunnel-down" => Device(view, "w2", "w2-vx", link => link with { IsUp = false }),
        "pod-range" => view with { Nodes = [view.Nodes[0], view.Nodes[1] with { PodCidrs = [IPNetwork.Parse("10.244.0.0/16")] }] },
        "pod-mtu" => Pod(view, "client", pod => pod with { Network = Changed(pod.Network!, "eth0", link => link with { Mtu = 1500 }) }),
        "narrow" => Device(Device(view, "r1", "r1-right", link => link with { Mtu = 1400 }), "w2", "w2-eth0", link => link with { Mtu = 1400 }),
        "router-route" => Machine(view, "r1", machine => machine with { Routes = machine.Routes.Take(1).ToList() }),
        "link-down" => Device(view, "r1", "r1-right", link => link with { IsUp = false, OperState = OperState.Down }),
        "link-mtu" => Device(view, "w2", "w2-eth0", link => link with { Mtu = 1300 }),
        "forward" => Machine(view, "r1", machine => machine with { Settings = new Dictionary<string, string> { ["net/ipv4/ip_forward"] = "0" } }),
        "cut-off" => view with { Sessions = [new SessionFacts("r1", "s1", "s1", "r1-s1", "down"), new SessionFacts("r1", "s2", "s2", "r1-s2", "Idle")] },
        "no-daemon" => view with { Sessions = [new SessionFacts("r1", "s1", "s1", "r1-s1", null)] },
        "session" => view with { Sessions = [new SessionFacts("r1", "s1", "s1", "r1-s1", "Active"), new SessionFacts("r1", "s2", "s2", "r1-s2", "Established")] },
        "hairpin" => Device(view, "w2", "vethw", link => link with { Hairpin = false }),
        "bridge-nf" => Machine(view, "w1", machine => machine with { Settings = new Dictionary<string, string>(machine.Settings) { ["net/bridge/bridge-nf-call-iptables"] = "0" } }),
        "masquerade" => Machine(view, "w1", machine => machine with { Masquerades = false }),
        "pod-down" => Pod(view, "web", pod => pod with { Network = Changed(pod.Network!, "eth0", link => link with { IsUp = false }) }),
        "pod-address" => Pod(view, "web", pod => pod with { Addresses = [IPAddress.Parse("10.244.2.9")] }),
        "pod-route" => Pod(view, "web", pod => pod with { Network = pod.Network! with { Routes = [] } }),
        "selector" => view with { Services = [view.Services[0] with { Selector = new Dictionary<string, string> { ["app"] = "wbe" } }] },
        "not-ready" => Pod(view, "web", pod => pod with { Ready = false }),
        "named-port" => view with { Services = [view.Services[0] with { NamedTargets = ["http"] }] },
        "listener" => Pod(view, "web", pod => pod with { Network = pod.Network! with { Listeners = [new Listener(ProtocolType.Tcp, IPAddress.Any, 8081)] } }),
        "unscheduled" => Pod(view, "web", pod => pod with { Node = "", Network = null }),
        "image" => Pod(view, "web", pod => pod with { Waiting = "ErrImagePull: no such image" }),
        "loopback" => Pod(view, "client", pod => pod with { Resolver = "nameserver 127.0.0.53\n" }),
        "expired" => view with { Certificates = [new CertificateFacts("node-w1", "w1", "w1.crt", view.Now.AddDays(-2), view.Now.AddDays(-1))] },
        "ends-soon" => view with { Certificates = [new CertificateFacts("node-w1", "w1", "w1.crt", view.Now.AddDays(-300), view.Now.AddDays(5))] },
        "scheduler" => view with { Components = [new ComponentFacts("scheduler", "cp", false, "it is gone")] },
        "endpoint" => Pod(view, "web", pod => pod with { Addresses = [IPAddress.Parse("10.244.2.7")], Network = pod.Network! with { Addresses = [new InterfaceAddress(2, IPAddress.Parse("10.244.2.7"), 24)] } }),
        _ => throw new ArgumentException(fault),
    };

    private static ClusterView Machine(ClusterView view, string name, Func<MachineFacts, MachineFacts> change) => view with { Machines = view.Machines.Select(machine => machine.Name == name ? change(machine) : machine).ToList() };

    private static ClusterView Pod(ClusterView view, string name, Func<PodFacts, PodFacts> change) => view with { Pods = view.Pods.Select(pod => pod.Name == name ? change(pod) : pod).ToList() };

    private static ClusterView Device(ClusterView view, string name, string device, Func<Link, Link> change) => Machine(view, name, machine => Changed(machine, device, change));

    private static MachineFacts Changed(MachineFacts machine, string device, Func<Link, Link> change) => machine with { Links = machine.Links.Select(link => link.Name == device ? change(link) : link).ToList() };

    private static ClusterView View()
    {
        var client = OfPod("client", "w1", "10.244.1.2", 4) with { Resolver = "nameserver 10.96.0.10\n" };
        var web = OfPod("web", "w2", "10.244.2.2", 4);
        var port = new ServicePort("default", "web", "", TransportProtocol.Tcp)
        {
            ClusterIps = [IPAddress.Parse("10.96.0.20")], Port = 80, Endpoints = [new ServiceEndpoint(IPAddress.Parse("10.244.2.2"), 8080) { Target = "default/web" }],
        };
        return new ClusterView
        {
            Now = DateTimeOffset.UnixEpoch.AddYears(56),
            Nodes = [OfNode("w1", "172.30.0.2", "10.244.1.0/24", s_mac1), OfNode("w2", "172.30.1.2", "10.244.2.0/24", s_mac2)],
            Pods = [client, web],
            Services = [new ServiceFacts("default", "web") { Selector = new Dictionary<string, string> { ["app"] = "web" }, PortsAt = _ => [port] }],
            Machines = [Node("w1", 0, s_mac1, "vethc"), Node("w2", 1, s_mac2, "vethw"), Router()],
            ServiceCidr = IPNetwork.Parse("10.96.0.0/16"),
        };
    }

    private static NodeFacts OfNode(string name, string address, string pods, MacAddress mac) => new(name)
    {
        Address = IPAddress.Parse(address), PodCidrs = [IPNetwork.Parse(pods)], Ready = true, Tunnel = new PublishedEnd(IPAddress.Parse(address), mac, 1),
    };

    private static PodFacts OfPod(string name, string node, string address, int parent) => new("default", name)
    {
        Node = node, Addresses = [IPAddress.Parse(address)], Labels = new Dictionary<string, string> { ["app"] = name },
        Network = new MachineFacts($"pod/default/{name}", name, (uint)name.Length)
        {
            Links = [new Link { Index = 2, Name = "eth0", Kind = "veth", IsUp = true, OperState = OperState.Up, Mtu = 1450, ParentIndex = parent }],
            Addresses = [new InterfaceAddress(2, IPAddress.Parse(address), 24)],
            Routes = [new Route(Route.DefaultV4) { LinkIndex = 2, Gateway = IPAddress.Parse(address[..^1] + "1") }],
            Listeners = [new Listener(ProtocolType.Tcp, IPAddress.Any, 8080)],
        },
    };

    // w1 and w2 mirror each other: segment 0 or 1, pods of 10.244.1 or 10.244.2.
    private static MachineFacts Node(string name, int segment, MacAddress mac, string cable)
    {
        var (own, other) = (segment + 1, 2 - segment);
        var far = IPAddress.Parse($"10.244.{other}.0");
        return new MachineFacts(name, name, (uint)(100 + segment))
        {
            Links =
            [
                new Link { Index = 2, Name = $"{name}-eth0", Kind = "veth", IsUp = true, OperState = OperState.Up, Mtu = 1500 },
                new Link { Index = 3, Name = $"{name}-vx", Kind = "vxlan", IsUp = true, Mtu = 1450, Mac = mac, Vxlan = new VxlanInfo { Vni = 1 } },
                new Link { Index = 4, Name = cable, Kind = "veth", IsUp = true, OperState = OperState.Up, Mtu = 1450, MasterIndex = 5, Hairpin = true },
            ],
            Addresses = [new InterfaceAddress(2, IPAddress.Parse($"172.30.{segment}.2"), 24), new InterfaceAddress(3, IPAddress.Parse($"10.244.{own}.0"), 32)],
            Routes =
            [
                new Route(IPNetwork.Parse($"172.30.{segment}.0/24")) { LinkIndex = 2 },
                new Route(IPNetwork.Parse($"172.30.{1 - segment}.0/24")) { LinkIndex = 2, Gateway = IPAddress.Parse($"172.30.{segment}.1") },
                new Route(IPNetwork.Parse($"10.244.{other}.0/24")) { LinkIndex = 3, Gateway = far },
            ],
            Neighbours = [new Neighbour(3, far, segment == 0 ? s_mac2 : s_mac1)],
            Fdb = [new FdbEntry(3, segment == 0 ? s_mac2 : s_mac1, IPAddress.Parse($"172.30.{1 - segment}.2"))],
            Settings = new Dictionary<string, string> { ["net/ipv4/ip_forward"] = "1", ["net/bridge/bridge-nf-call-iptables"] = "1" },
        };
    }

    private static MachineFacts Router() => new("r1", "r1", 200)
    {
        IsRouter = true,
        Links =
        [
            new Link { Index = 2, Name = "r1-left", Kind = "veth", IsUp = true, OperState = OperState.Up, Mtu = 1500 },
            new Link { Index = 3, Name = "r1-right", Kind = "veth", IsUp = true, OperState = OperState.Up, Mtu = 1500 },
        ],
        Addresses = [new InterfaceAddress(2, IPAddress.Parse("172.30.0.1"), 24), new InterfaceAddress(3, IPAddress.Parse("172.30.1.1"), 24)],
        Routes = [new Route(IPNetwork.Parse("172.30.0.0/24")) { LinkIndex = 2 }, new Route(IPNetwork.Parse("172.30.1.0/24")) { LinkIndex = 3 }],
        Settings = new Dictionary<string, string> { ["net/ipv4/ip_forward"] = "1" },
    };
}
