using System.Text.Json.Nodes;
using Network.Linux;
using Network.Netlink;

namespace Network.Labs.Faults;

/// <summary>A kernel parameter has a wrong value. Daemons of the node that would set it right are killed first.</summary>
internal sealed class WrongSetting(string name, string key, string wrong, string summary, params string[] guards) : IFault
{
    public string Name => name;

    public string Summary => summary;

    public string Takes => "on: the machine";

    public async Task<JsonObject> InjectAsync(FaultSite site, CancellationToken cancel)
    {
        var isNode = site.Targets.Topology.Agents.Any(node => node.Name == site.On);
        foreach (var guard in isNode ? guards : [])
            await site.Parts.StopAsync(site.Parts.ProcessOf(site.On, guard), cancel).ConfigureAwait(false);
        var before = NetNs.Run(site.NetNs, () => Sysctl.Get(key));
        NetNs.Run(site.NetNs, () => Sysctl.Set(key, wrong));
        return new JsonObject { ["before"] = before, ["guarded"] = isNode };
    }

    public Task<string?> ProofAsync(FaultSite site, CancellationToken cancel) =>
        Task.FromResult(NetNs.Run(site.NetNs, () => Sysctl.Get(key)) == wrong ? $"{key} of {site.On} is {wrong}" : null);

    public Task ClearAsync(FaultSite site, JsonObject memory, CancellationToken cancel)
    {
        NetNs.Run(site.NetNs, () => Sysctl.Set(key, memory["before"]!.GetValue<string>()));
        foreach (var guard in memory["guarded"]!.GetValue<bool>() ? guards : [])
            site.Parts.Start(site.Parts.ProcessOf(site.On, guard));
        return Task.CompletedTask;
    }
}

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

/// <summary>The bridge's port of a pod does not reflect.</summary>
internal sealed class HairpinOff : IFault
{
    public string Name => "hairpin-off";

    public string Summary => "the bridge does not send a pod's packet back to it: the pod cannot reach itself through its service";

    public string Takes => "on: the pod, as pod/NAMESPACE/NAME";

    public Task<JsonObject> InjectAsync(FaultSite site, CancellationToken cancel) => Set(site, false);

    public Task<string?> ProofAsync(FaultSite site, CancellationToken cancel)
    {
        var port = Port(site);
        return Task.FromResult(port.Hairpin == false ? $"{port.Name} of {site.NodeOf(site.On)}: hairpin off" : null);
    }

    public Task ClearAsync(FaultSite site, JsonObject memory, CancellationToken cancel) => Set(site, true);

    private static Task<JsonObject> Set(FaultSite site, bool on)
    {
        using var node = site.Routes(site.NodeOf(site.On));
        node.Execute(batch => batch.LinkSet(Port(site).Index, new LinkChange { Hairpin = on }));
        return Task.FromResult(new JsonObject());
    }

    private static Link Port(FaultSite site)
    {
        using var pod = site.Routes();
        using var node = site.Routes(site.NodeOf(site.On));
        return node.Link(pod.Link("eth0")!.ParentIndex)!;
    }
}

/// <summary>A pod is given the address of another.</summary>
internal sealed class PodAddressTaken : IFault
{
    public string Name => "pod-address-taken";

    public string Summary => "a pod takes the address of another pod of its node: both answer for it, and connections break now and then";

    public string Takes => "on: the pod; peer: the pod whose address it takes";

    public Task<JsonObject> InjectAsync(FaultSite site, CancellationToken cancel)
    {
        var address = AddressOf(site, site.Peer);
        using var socket = site.Routes();
        socket.Execute(batch => batch.AddressReplace(address with { LinkIndex = socket.Link("eth0")!.Index }));
        return Task.FromResult(new JsonObject { ["address"] = address.Address.ToString(), ["length"] = address.PrefixLength });
    }

    public Task<string?> ProofAsync(FaultSite site, CancellationToken cancel)
    {
        var address = AddressOf(site, site.Peer).Address;
        using var socket = site.Routes();
        return Task.FromResult(socket.Addresses().Any(own => own.Address.Equals(address)) ? $"{site.On} and {site.Peer} have {address}" : null);
    }

    public Task ClearAsync(FaultSite site, JsonObject memory, CancellationToken cancel)
    {
        using var socket = site.Routes();
        socket.TryExecute(new RouteBatch().AddressDelete(new InterfaceAddress(socket.Link("eth0")!.Index, System.Net.IPAddress.Parse(memory["address"]!.GetValue<string>()), memory["length"]!.GetValue<int>())));
        return Task.CompletedTask;
    }

    private static InterfaceAddress AddressOf(FaultSite site, string pod)
    {
        using var socket = site.Routes(pod);
        var device = socket.Link("eth0")!.Index;
        return socket.Addresses(device).First(address => address.Address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork);
    }
}
