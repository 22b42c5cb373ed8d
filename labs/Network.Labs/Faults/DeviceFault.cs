using System.Text.Json.Nodes;
using Network.Netlink;

namespace Network.Labs.Faults;

/// <summary>A device is changed: down, another MTU.</summary>
internal sealed class DeviceFault(string name, string summary, Func<string, LinkChange> change, Func<Link, LinkChange> back, Func<Link, string, bool> holds, params string[] guards) : IFault
{
    public string Name => name;

    public string Summary => summary;

    public string Takes => "on: the machine; peer: its device; value: of the change, where it has one";

    public async Task<JsonObject> InjectAsync(FaultSite site, CancellationToken cancel)
    {
        foreach (var guard in site.Targets.Topology.Agents.Any(node => node.Name == site.On) ? guards : [])
            await site.Parts.StopAsync(site.Parts.ProcessOf(site.On, guard), cancel).ConfigureAwait(false);
        var link = site.Device(site.On, site.Peer);
        using var socket = site.Routes();
        var routes = socket.Routes(linkIndex: link.Index);
        socket.Execute(batch => batch.LinkSet(link.Index, change(site.Value)));
        // The kernel forgets routes of a device that goes down.
        return new JsonObject { ["device"] = link.Name, ["mtu"] = link.Mtu, ["routes"] = new JsonArray(routes.Where(route => route.Gateway is not null).Select(route => (JsonNode)$"{route.Destination} {route.Gateway}").ToArray()) };
    }

    public Task<string?> ProofAsync(FaultSite site, CancellationToken cancel)
    {
        var link = site.Device(site.On, site.Peer);
        return Task.FromResult(holds(link, site.Value) ? $"{link.Name} of {site.On}: {(link.IsUp ? "up" : "down")}, MTU {link.Mtu}" : null);
    }

    public Task ClearAsync(FaultSite site, JsonObject memory, CancellationToken cancel)
    {
        var link = site.Device(site.On, memory["device"]!.GetValue<string>());
        using var socket = site.Routes();
        socket.Execute(batch => batch.LinkSet(link.Index, back(link with { Mtu = memory["mtu"]!.GetValue<int>() })));
        foreach (var words in memory["routes"]!.AsArray().Select(route => route!.GetValue<string>().Split(' ')))
            socket.TryExecute(new RouteBatch().RouteReplace(new Route(System.Net.IPNetwork.Parse(words[0])) { Gateway = System.Net.IPAddress.Parse(words[1]) }));
        foreach (var guard in site.Targets.Topology.Agents.Any(node => node.Name == site.On) ? guards : [])
            site.Parts.Start(site.Parts.ProcessOf(site.On, guard));
        return Task.CompletedTask;
    }
}
