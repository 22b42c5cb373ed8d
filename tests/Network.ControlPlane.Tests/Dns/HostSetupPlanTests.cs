using System.Net;
using Network.Host.Dns.HostSetup;
using Network.Netlink;
using Xunit;

namespace Network.ControlPlane.Tests.Dns;

/// <summary>What host-setup decides, without a bus.</summary>
public sealed class HostSetupPlanTests
{
    private static readonly IPEndPoint s_first = IPEndPoint.Parse("10.96.0.10:53");
    private static readonly IPEndPoint s_second = IPEndPoint.Parse("172.30.0.3:53");

    private static readonly HostSetupOptions s_options = new()
    {
        Servers = [s_first, s_second],
        Services = [IPNetwork.Parse("10.96.0.0/12")],
        Pods = [IPNetwork.Parse("10.244.0.0/16")],
    };

    [Theory]
    [InlineData("10.244.0.0/16", 1, "244.10.in-addr.arpa")]
    [InlineData("10.96.0.0/12", 16, "96.10.in-addr.arpa", "97.10.in-addr.arpa")]
    [InlineData("10.0.0.0/8", 1, "10.in-addr.arpa")]
    [InlineData("192.168.4.0/30", 4, "0.4.168.192.in-addr.arpa", "1.4.168.192.in-addr.arpa")]
    [InlineData("10.1.2.3/32", 1, "3.2.1.10.in-addr.arpa")]
    [InlineData("fd00:10:96::/112", 1, "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.6.9.0.0.0.1.0.0.0.0.d.f.ip6.arpa")]
    [InlineData("10.128.0.0/9", 128, "128.10.in-addr.arpa")]
    [InlineData("fc00::/7", 2, "c.f.ip6.arpa", "d.f.ip6.arpa")]
    public void Reverse_zones_hold_the_range_and_nothing_else(string range, int count, params string[] firsts)
    {
        var zones = ReverseZones.Of(IPNetwork.Parse(range));

        Assert.Equal(firsts, zones.Take(firsts.Length));
        Assert.Equal(count, zones.Count);
    }

    [Fact]
    public void A_link_that_has_everything_gets_no_call()
    {
        var desired = LinkPlan.Desired(s_options, _ => true);

        Assert.Equal(1 + 16 + 1, desired.Domains.Count);
        Assert.Empty(LinkPlan.Difference(desired, desired with { Active = true, Current = s_second }));
    }

    [Fact]
    public void Servers_are_set_last_so_that_a_half_set_link_asks_nobody()
    {
        var calls = LinkPlan.Difference(LinkPlan.Desired(s_options, _ => true), LinkSettings.Empty with { DefaultRoute = true, Dnssec = "allow-downgrade", DnsOverTls = "opportunistic" });

        Assert.Equal([typeof(LinkCall.SetDefaultRoute), typeof(LinkCall.SetDomains), typeof(LinkCall.SetDnssec), typeof(LinkCall.SetDnsOverTls), typeof(LinkCall.SetServers)],
            calls.Select(call => call.GetType()));
    }

    [Fact]
    public void Only_what_differs_is_set()
    {
        var desired = LinkPlan.Desired(s_options, _ => true);

        Assert.Equal(["domains " + string.Join(' ', desired.Domains)], LinkPlan.Difference(desired, desired with { Domains = [.. desired.Domains.Take(3)] }).Select(call => call.ToString()));
    }

    [Fact]
    public void A_silent_server_is_left_out_and_leads_again_when_it_answers()
    {
        var whole = LinkPlan.Desired(s_options, _ => true);
        var without = LinkPlan.Desired(s_options, server => server != s_first);

        Assert.Equal([s_second], without.Servers);
        Assert.Equal(["servers 172.30.0.3"], LinkPlan.Difference(without, whole with { Current = s_first }).Select(call => call.ToString()));
        Assert.Equal(["servers 10.96.0.10", "servers 10.96.0.10 172.30.0.3"], LinkPlan.Difference(whole, without with { Current = s_second }).Select(call => call.ToString()));
    }

    [Fact]
    public void Where_no_server_answers_all_of_them_stay() => Assert.Equal([s_first, s_second], LinkPlan.Desired(s_options, _ => false).Servers);

    [Fact]
    public void Two_misses_in_a_row_make_a_server_silent_and_one_answer_heals_it()
    {
        var health = default(ServerHealth);

        Assert.True(health.IsHealthy);
        Assert.True(health.After(false).IsHealthy);
        Assert.True(health.After(false).After(true).After(false).IsHealthy);
        Assert.False(health.After(false).After(false).After(false).IsHealthy);
        Assert.True(health.After(false).After(false).After(false).After(true).IsHealthy);
    }

    [Fact]
    public void Whose_settings_a_link_has_is_seen_by_its_domains()
    {
        var ours = LinkPlan.Desired(s_options, _ => true);
        LinkSettings[] foreign =
        [
            ours with { DefaultRoute = true },
            ours with { Domains = [] },
            ours with { Domains = [new LinkDomain("cluster.local", RoutingOnly: false)] },
            ours with { Domains = [.. ours.Domains, new LinkDomain("example.org", RoutingOnly: false)] },
            ours with { Domains = [new LinkDomain("corp.example", RoutingOnly: true)], Servers = [] },
        ];

        Assert.True(LinkPlan.IsOurs(ours, "cluster.local"));
        Assert.True(LinkPlan.IsOurs(ours with { Servers = [] }, "cluster.local"));
        Assert.False(LinkPlan.IsForeign(LinkSettings.Empty with { DefaultRoute = true }, "cluster.local"));
        Assert.All(foreign, settings => Assert.True(LinkPlan.IsForeign(settings, "cluster.local")));
    }

    [Theory]
    [InlineData("10.96.0.10", "cable")]
    [InlineData("10.96.1.1", "narrow")]
    [InlineData("203.0.113.1", null)]
    [InlineData("10.97.0.10", "w1-br")]
    public void The_link_of_the_narrowest_route_leads_to_the_server_and_on_a_node_the_bridge(string server, string? expected)
    {
        var network = new NetworkView(
            [Link(1, "lo"), Link(2, "eth0"), Link(3, "cable"), Link(4, "narrow"), Link(5, "w1-vx", "vxlan"), Link(6, "w1-br", "bridge")],
            [Address(1, "10.97.0.10", 32), Address(5, "10.244.1.0", 32), Address(6, "10.244.1.1", 24)],
            [
                new Route(Route.DefaultV4) { LinkIndex = 2 },
                new Route(IPNetwork.Parse("10.96.0.0/12")) { LinkIndex = 3 },
                new Route(IPNetwork.Parse("10.96.1.0/24")) { LinkIndex = 4 },
                new Route(IPNetwork.Parse("10.96.1.0/24")) { LinkIndex = 3, Priority = 100 },
            ]);

        Assert.Equal(expected, LinkChoice.Find(IPAddress.Parse(server), s_options, network)?.Name);
    }

    [Fact]
    public void A_server_behind_another_link_is_not_reached()
    {
        var cable = Link(3, "cable");
        var network = new NetworkView([Link(1, "lo"), cable, Link(4, "other")], [Address(1, "10.97.0.10", 32)],
            [new Route(IPNetwork.Parse("10.96.0.0/12")) { LinkIndex = 3 }, new Route(IPNetwork.Parse("192.0.2.0/24")) { LinkIndex = 4 }]);

        Assert.True(LinkChoice.LeadsTo(cable, IPAddress.Parse("10.96.0.10"), network));
        Assert.True(LinkChoice.LeadsTo(cable, IPAddress.Parse("10.97.0.10"), network with { Routes = [] }));
        Assert.False(LinkChoice.LeadsTo(cable, IPAddress.Parse("192.0.2.1"), network));
    }

    [Fact]
    public void A_bridge_without_a_carrier_gives_way_to_the_tunnel()
    {
        var network = new NetworkView([Link(1, "lo"), Link(5, "w1-vx", "vxlan"), Link(6, "w1-br", "bridge") with { OperState = OperState.Down }],
            [Address(1, "10.96.0.10", 32), Address(5, "10.244.1.0", 32), Address(6, "10.244.1.1", 24)], []);

        Assert.Equal("w1-vx", LinkChoice.Find(s_first.Address, s_options, network)?.Name);
    }

    [Theory]
    [InlineData("nameserver 127.0.0.53\noptions edns0\n", null)]
    [InlineData("nameserver 127.0.0.54\n", null)]
    [InlineData("nameserver 192.0.2.1\nnameserver 127.0.0.1\n", "names 127.0.0.1, 192.0.2.1 instead of")]
    [InlineData("", "names no server instead of")]
    [InlineData(null, "/etc/resolv.conf is missing")]
    public void A_resolv_conf_past_the_stub_is_warned_of(string? text, string? words)
    {
        var warning = StubCheck.Warning("/etc/resolv.conf", text);

        if (words is null)
            Assert.Null(warning);
        else
            Assert.Contains(words, warning);
    }

    [Theory]
    [InlineData("org.freedesktop.DBus.Error.ServiceUnknown", "systemctl enable --now systemd-resolved", true)]
    [InlineData("org.freedesktop.DBus.Error.Spawn.ChildExited", "NetworkManager with dnsmasq", true)]
    [InlineData("org.freedesktop.DBus.Error.InteractiveAuthorizationRequired", "polkit refused", false)]
    [InlineData("org.freedesktop.resolve1.LinkBusy", "configured by systemd-networkd", false)]
    [InlineData("org.freedesktop.resolve1.NoSuchLink", "does not know it", true)]
    [InlineData("org.example.Odd", "refused to set servers 10.96.0.10: words (org.example.Odd)", false)]
    public void Refusals_name_the_link_and_what_helps(string error, string words, bool mayPass)
    {
        var refusal = ResolvedRefusal.Of("link w1-br (#6)", "set servers 10.96.0.10", error, "words", new InvalidOperationException());

        Assert.Contains(words, refusal.Message);
        Assert.Equal(mayPass, refusal.MayPass);
        Assert.True(refusal.IsSignalled || refusal.Message.Contains("link w1-br (#6)"));
    }

    private static Link Link(int index, string name, string kind = "") =>
        new() { Index = index, Name = name, Kind = kind, IsUp = true, IsLoopback = name == "lo", OperState = OperState.Up };

    private static InterfaceAddress Address(int link, string address, int prefix) => new(link, IPAddress.Parse(address), prefix);
}
