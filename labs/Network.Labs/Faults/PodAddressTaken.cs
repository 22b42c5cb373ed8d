using System.Text.Json.Nodes;
using Network.Netlink;

namespace Network.Labs.Faults;

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
