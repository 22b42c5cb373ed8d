using System.Text.Json.Nodes;
using Network.Netlink;

namespace Network.Labs.Faults;

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
