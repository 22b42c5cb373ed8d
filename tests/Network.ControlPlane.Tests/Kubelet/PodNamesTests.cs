using System.Net;
using k8s.Models;
using Network.Kubelet.Dns;
using Network.Kubelet.Pods;
using Network.Kubelet.Variables;
using Xunit;

namespace Network.ControlPlane.Tests.Kubelet;

public sealed class PodNamesTests
{
    private static readonly ResolvConf s_node = ResolvConf.Parse("nameserver 192.0.2.1\nsearch example.org\noptions timeout:1\n");

    [Fact]
    public void Resolver_file_asks_the_cluster_first_by_default() => Assert.Equal(
        "nameserver 10.96.0.10\nsearch shop.svc.cluster.local svc.cluster.local cluster.local example.org\noptions ndots:5\n", For(new V1PodSpec()));

    [Theory]
    [InlineData("Default", false)]
    [InlineData("ClusterFirst", true)]
    public void Resolver_file_is_the_nodes_when_the_policy_or_the_host_network_says_so(string policy, bool hostNetwork) => Assert.Equal(
        "nameserver 192.0.2.1\nsearch example.org\noptions timeout:1\n", For(new V1PodSpec { DnsPolicy = policy, HostNetwork = hostNetwork }));

    [Fact]
    public void Resolver_file_is_merged_with_the_pods_own_wishes() => Assert.Equal(
        "nameserver 10.96.0.10\nnameserver 1.1.1.1\nsearch shop.svc.cluster.local svc.cluster.local cluster.local example.org my.zone\noptions ndots:2 edns0\n",
        For(new V1PodSpec
        {
            DnsPolicy = "ClusterFirstWithHostNet",
            HostNetwork = true,
            DnsConfig = new V1PodDNSConfig
            {
                Nameservers = ["1.1.1.1", "10.96.0.10"],
                Searches = ["my.zone", "cluster.local"],
                Options = [new V1PodDNSConfigOption { Name = "ndots", Value = "2" }, new V1PodDNSConfigOption { Name = "edns0" }],
            },
        }));

    [Fact]
    public void Resolver_file_drops_what_glibc_would_ignore_and_says_so()
    {
        var pod = Pod(new V1PodSpec { DnsPolicy = "None", DnsConfig = new V1PodDNSConfig { Nameservers = ["1.1.1.1", "2.2.2.2", "3.3.3.3", "4.4.4.4"] } });
        var result = ResolvConf.For(pod, s_node, [], "cluster.local", out var warning);
        Assert.Equal(3, result.Nameservers.Count);
        Assert.StartsWith("Nameserver limits were exceeded", warning);
    }

    [Fact]
    public void Hosts_file_names_the_pod_in_its_subdomain_and_its_aliases()
    {
        var pod = Pod(new V1PodSpec { Hostname = "web-0", Subdomain = "web", HostAliases = [new V1HostAlias { Ip = "1.2.3.4", Hostnames = ["a", "b"] }] });
        var text = HostsFile.For(pod, ["10.1.0.5"], "cluster.local", "");
        Assert.StartsWith("# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n", text);
        Assert.Contains("\n10.1.0.5\tweb-0.web.shop.svc.cluster.local\tweb-0\n", text);
        Assert.EndsWith("\n# Entries added by HostAliases.\n1.2.3.4\ta\tb\n", text);
    }

    [Theory]
    [InlineData("$(A)-$(B)", "1-$(B)")]
    [InlineData("$$(A) $A $(", "$(A) $A $(")]
    [InlineData("cost: 5$", "cost: 5$")]
    public void Variables_are_expanded_only_where_they_are_known(string text, string expanded) =>
        Assert.Equal(expanded, VariableExpansion.Expand(text, new Dictionary<string, string> { ["A"] = "1" }));

    [Fact]
    public void Service_variables_follow_docker_links_and_always_name_the_api()
    {
        V1Service[] services = [Service("shop", "web-app", "10.0.0.1", ("http", 80), ("metrics", 9090)), Service("other", "db", "10.0.0.2", ("", 5432)),
            Service("default", "kubernetes", "10.0.0.3", ("https", 443)), Service("shop", "headless", "None", ("", 1))];
        var all = ServiceVariables.For(Pod(new V1PodSpec()), services).ToDictionary();
        Assert.Equal("10.0.0.1", all["WEB_APP_SERVICE_HOST"]);
        Assert.Equal("80", all["WEB_APP_SERVICE_PORT"]);
        Assert.Equal("9090", all["WEB_APP_SERVICE_PORT_METRICS"]);
        Assert.Equal("tcp://10.0.0.1:9090", all["WEB_APP_PORT_9090_TCP"]);
        Assert.DoesNotContain(all.Keys, name => name.StartsWith("DB_") || name.StartsWith("HEADLESS_"));
        var none = ServiceVariables.For(Pod(new V1PodSpec { EnableServiceLinks = false }), services).ToDictionary();
        Assert.All(none.Keys, name => Assert.StartsWith("KUBERNETES_", name));
    }

    [Theory]
    [InlineData("", 15)]
    [InlineData("SIGINT", 2)]
    [InlineData("QUIT", 3)]
    [InlineData("9", 9)]
    [InlineData("SIGRTMIN+3", 37)]
    public void Stop_signal_is_a_number(string text, int number) => Assert.Equal(number, StopSignal.Parse(text));

    [Theory]
    [InlineData(10, "10s")]
    [InlineData(80, "1m20s")]
    [InlineData(300, "5m0s")]
    [InlineData(0.2, "0.2s")]
    public void Duration_reads_as_go_prints_it(double seconds, string text) => Assert.Equal(text, GoDuration.Format(TimeSpan.FromSeconds(seconds)));

    private static string For(V1PodSpec spec) => ResolvConf.For(Pod(spec), s_node, [IPAddress.Parse("10.96.0.10")], "cluster.local", out _).ToText();

    private static V1Pod Pod(V1PodSpec spec) => new() { Metadata = new V1ObjectMeta { Name = "p", NamespaceProperty = "shop", Uid = "u" }, Spec = spec };

    private static V1Service Service(string ns, string name, string address, params (string Name, int Port)[] ports) => new()
    {
        Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = ns },
        Spec = new V1ServiceSpec { ClusterIP = address, Ports = [.. ports.Select(port => new V1ServicePort { Name = port.Name, Port = port.Port, Protocol = "TCP" })] },
    };
}
