using Network.Cni.Protocol;
using Network.Cni.Types.Veth;
using Network.Netlink;

namespace Network.Cni.Types.Bandwidth;

/// <summary>Limits on an interface that an earlier plugin of the list made.</summary>
internal sealed class BandwidthType(Invocation call) : ICniType
{
    private readonly Limits _limits = Limits.Parse(call.Config);

    public ReadOnlyMemory<byte> Add(Attachment attachment)
    {
        if (!call.Config.PreviousResult.Exists)
            throw call.Config.Root.Invalid("prevResult", null, "the result of an earlier plugin; bandwidth stands behind it in the list");
        var result = new AttachResult();
        if (_limits.Any)
        {
            using var node = RouteSocket.Open();
            var host = HostDeviceOf(node, attachment);
            Shaper(node).Set(attachment, host.Index, _limits);
            if (_limits.Egress is not null && node.Link(attachment.ShaperName) is { } shaper)
                result = result with { Interfaces = [new ResultInterface(shaper.Name, (shaper.Mac ?? default).ToString(), shaper.Mtu, null)] };
        }

        return ResultJson.Write(result, call.Config.CniVersion, call.Config.PreviousResult);
    }

    public void Delete(Attachment attachment)
    {
        using var node = RouteSocket.Open();
        Shaper(node).Remove(attachment);
    }

    public void Check(Attachment attachment)
    {
        using var node = RouteSocket.Open();
        Shaper(node).Check(attachment, _limits);
    }

    public void Collect(HashSet<(string ContainerId, string IfName)> valid)
    {
        using var node = RouteSocket.Open();
        Shaper(node).Collect(valid, _ => false);
    }

    public void Status()
    {
    }

    private Shaper Shaper(RouteSocket node) => new(node, call.Config.Name);

    // The kernel knows the other end; a result may name several host devices.
    private static Link HostDeviceOf(RouteSocket node, Attachment attachment)
    {
        using var pod = PodNetNs.Open(attachment);
        var link = pod.Route.Link(attachment.IfName)
            ?? throw new CniException(CniError.UnknownContainer, $"{attachment} does not exist; bandwidth limits an interface of an earlier plugin");
        return link.Kind == "veth" && node.Link(link.ParentIndex) is { Kind: "veth" } host
            ? host
            : throw new CniException(CniError.InvalidConfig, $"{attachment} is a {link.Kind} without another end on the node; its bandwidth cannot be limited");
    }
}
