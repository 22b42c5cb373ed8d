using Network.Cni.Ipam;
using Network.Cni.Protocol;
using Network.Cni.Types.Bridge;
using Network.Linux;
using Network.Netlink;

namespace Network.Cni.Types.Veth;

/// <summary>
/// Types bridge, ptp and podnet-cni. The last also does what portmap and bandwidth do when the runtime fills in those
/// capabilities: one process a pod instead of three.
/// </summary>
internal sealed class VethType : ICniType
{
    private readonly Invocation _call;
    private readonly VethConfig _config;
    private readonly IIpam _ipam;
    private readonly PodTraffic _traffic;

    private VethType(Invocation call, VethConfig config, IIpam ipam, PodTraffic traffic)
    {
        _call = call;
        _config = config;
        _ipam = ipam;
        _traffic = traffic;
    }

    internal static VethType Of(Invocation call, bool isPtp, bool isReference)
    {
        var config = VethConfig.Parse(call, isPtp, isReference);
        return new VethType(call, config, ForeignIpam.IsWanted(call) ? new ForeignIpam(call) : new OwnIpam(IpamConfig.Parse(call.Config, call.Environment)),
            PodTraffic.Of(call, config, isReference));
    }

    public ReadOnlyMemory<byte> Add(Attachment attachment)
    {
        using var pod = PodNetNs.Open(attachment);
        using var node = RouteSocket.Open();
        var bridge = NodeBridge.Find(node, _config);
        var granted = _ipam.Acquire(attachment);
        try
        {
            var result = new VethAdd(node, pod, attachment, _config, bridge, granted).Run();
            _traffic.Set(node, attachment, granted.Addresses);
            var dns = _call.Config.Root.Object("dns");
            return ResultJson.Write(dns.Exists ? result with { Dns = dns.Element } : result, _call.Config.CniVersion, _call.Config.PreviousResult);
        }
        catch
        {
            if (granted.IsNew)
                Undo(node, attachment);
            throw;
        }
    }

    public void Delete(Attachment attachment)
    {
        using (var node = RouteSocket.Open())
        {
            _traffic.Remove(node, attachment);
            LinkRemoval.Remove(node, attachment.HostName, _call.Environment.Executable);
        }

        _ipam.Release(attachment);
    }

    public void Check(Attachment attachment)
    {
        var addresses = _ipam.Check(attachment, _call.Config.PreviousResult);
        using var pod = PodNetNs.Open(attachment);
        using var node = RouteSocket.Open();
        new VethCheck(attachment, _config, _call.Config).Run(node, pod.Route, addresses);
        _traffic.Check(node, attachment);
    }

    public void Collect(HashSet<(string ContainerId, string IfName)> valid)
    {
        using var node = RouteSocket.Open();
        _ipam.Collect(valid, attachment =>
        {
            _traffic.Remove(node, attachment);
            LinkRemoval.Remove(node, attachment.HostName);
        });
        RemoveStrangers(node, valid);
        _traffic.Collect(node, valid);
    }

    public void Status() => _ipam.RequireFree();

    // Host ends without a reservation of ours: another program manages the addresses.
    private void RemoveStrangers(RouteSocket node, HashSet<(string ContainerId, string IfName)> valid)
    {
        var known = valid.Select(pair => Attachment.HostNameOf(pair.ContainerId, pair.IfName)).ToHashSet();
        var bridge = _config.Bridge is { } name ? node.Link(name)?.Index ?? -1 : 0;
        foreach (var link in node.Links())
        {
            // Nodes of a lab may share a namespace, and the network's name; each has a bridge of its own.
            if (link.Kind == "veth" && link.MasterIndex == bridge && link.Group == LinkGroup.Of(_call.Config.Name) && Attachment.IsHostName(link.Name) && !known.Contains(link.Name))
                LinkRemoval.Remove(node, link.Name);
        }
    }

    private void Undo(RouteSocket node, Attachment attachment)
    {
        try
        {
            _traffic.Remove(node, attachment);
            node.TryExecute(new RouteBatch().LinkDelete(attachment.HostName));
        }
        catch (Exception e) when (e is LinuxException or CniException or IOException)
        {
            // What refused the ADD is worth telling; GC finds what is left by the reservation, which stays.
            return;
        }

        _ipam.Release(attachment);
    }
}
