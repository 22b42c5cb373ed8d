using System.Net;
using System.Text.Json.Nodes;
using Network.Labs.Cluster;
using Network.Linux;
using Network.Netlink;

namespace Network.Labs.Faults;

/// <summary>A machine answers by another way than it is asked by, and drops what does not come by the way it would answer.</summary>
internal sealed class ReversePathStrict : IFault
{
    public string Name => "rp-filter-strict";

    public string Summary => "the way back goes by another device, and strict reverse path filtering drops what comes by the first";

    public string Takes => "on: the machine; peer: the machine it answers; value: the router it answers by";

    public async Task<JsonObject> InjectAsync(FaultSite site, CancellationToken cancel)
    {
        if (site.Targets.Topology.Agents.Any(node => node.Name == site.On))
            await site.Parts.StopAsync(site.Parts.ProcessOf(site.On, "overlay"), cancel).ConfigureAwait(false);
        var target = site.Targets.AddressOf(site.Peer);
        using var socket = site.Routes();
        var route = socket.Routes().Where(route => route.Destination.Contains(target) && route.Gateway is not null).OrderByDescending(route => route.Destination.PrefixLength).FirstOrDefault()
            ?? throw new ClusterException($"{site.On} has no route by way of a router to {site.Peer}");
        using var router = site.Routes(site.Value);
        var others = router.Addresses().Select(address => address.Address).ToHashSet();
        var gateway = socket.Routes().Where(known => known.Gateway is null && known.Destination.PrefixLength is > 0 and < 32).Select(known => others.FirstOrDefault(known.Destination.Contains)).FirstOrDefault(address => address is not null)
            ?? throw new ClusterException($"{site.On} and {site.Value} are on no common link");
        var before = socket.Links().First(link => link.Index == route.LinkIndex).Name;
        socket.Execute(batch => batch.RouteReplace(new Route(route.Destination) { Gateway = gateway }));
        var filter = NetNs.Run(site.NetNs, () => Sysctl.Get($"net/ipv4/conf/{before}/rp_filter"));
        var all = NetNs.Run(site.NetNs, () => Sysctl.Get("net/ipv4/conf/all/rp_filter"));
        NetNs.Run(site.NetNs, () =>
        {
            Sysctl.Set($"net/ipv4/conf/{before}/rp_filter", "1");
            Sysctl.Set("net/ipv4/conf/all/rp_filter", "1");
        });
        return new JsonObject { ["destination"] = route.Destination.ToString(), ["gateway"] = route.Gateway!.ToString(), ["device"] = before, ["filter"] = filter, ["all"] = all };
    }

    public Task<string?> ProofAsync(FaultSite site, CancellationToken cancel)
    {
        var target = site.Targets.AddressOf(site.Peer);
        using var socket = site.Routes();
        var back = socket.Routes().Where(route => route.Destination.Contains(target)).OrderByDescending(route => route.Destination.PrefixLength).FirstOrDefault();
        return Task.FromResult(NetNs.Run(site.NetNs, () => Sysctl.Get("net/ipv4/conf/all/rp_filter")) == "1" ? $"{site.On}: rp_filter 1, {target} by {back}" : null);
    }

    public Task ClearAsync(FaultSite site, JsonObject memory, CancellationToken cancel)
    {
        string Text(string key) => memory[key]!.GetValue<string>();
        NetNs.Run(site.NetNs, () =>
        {
            Sysctl.Set($"net/ipv4/conf/{Text("device")}/rp_filter", Text("filter"));
            Sysctl.Set("net/ipv4/conf/all/rp_filter", Text("all"));
        });
        using var socket = site.Routes();
        socket.Execute(batch => batch.RouteReplace(new Route(IPNetwork.Parse(Text("destination"))) { Gateway = IPAddress.Parse(Text("gateway")) }));
        if (site.Targets.Topology.Agents.Any(node => node.Name == site.On))
            site.Parts.Start(site.Parts.ProcessOf(site.On, "overlay"));
        return Task.CompletedTask;
    }
}
