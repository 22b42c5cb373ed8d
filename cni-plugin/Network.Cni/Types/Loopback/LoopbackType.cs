using Network.Cni.Ipam;
using Network.Cni.Protocol;
using Network.Cni.Types.Veth;
using Network.Netlink;

namespace Network.Cni.Types.Loopback;

/// <summary>Brings up lo, whatever the interface is called, and says which addresses it has.</summary>
internal sealed class LoopbackType(NetworkConfig config) : ICniType
{
    private const string Device = "lo";

    public ReadOnlyMemory<byte> Add(Attachment attachment)
    {
        using var pod = PodNetNs.Open(attachment);
        pod.Route.Execute(batch => batch.LinkSet(Device, new LinkChange { Up = true }));
        // A list that begins elsewhere has its result already, and lo says nothing new.
        if (config.PreviousResult.Exists)
            return ResultJson.Write(new AttachResult(), config.CniVersion, config.PreviousResult);
        var link = pod.Route.Link(Device)!;
        return ResultJson.Write(new AttachResult
        {
            Interfaces = [new ResultInterface(Device, "00:00:00:00:00:00", link.Mtu, attachment.NetNs)],
            AddressInterface = 0,
            Addresses = [.. pod.Route.Addresses(link.Index).Select(own => new GrantedAddress(Ip.Of(own.Address), own.PrefixLength, null))],
        }, config.CniVersion, previous: default);
    }

    public void Delete(Attachment attachment)
    {
        if (attachment.NetNs.Length == 0)
            return;
        try
        {
            using var pod = PodNetNs.Open(attachment);
            pod.Route.Execute(batch => batch.LinkSet(Device, new LinkChange { Up = false }));
        }
        catch (CniException e) when (e.Code == CniError.InvalidNetNs && !File.Exists(attachment.NetNs))
        {
            // Gone with everything in it.
        }
    }

    public void Check(Attachment attachment)
    {
        using var pod = PodNetNs.Open(attachment);
        if (pod.Route.Link(Device) is not { IsUp: true })
            throw new CniException(CniError.CheckFailed, $"{attachment} has {Device} down; delete and add it again");
    }

    public void Collect(HashSet<(string ContainerId, string IfName)> valid)
    {
    }

    public void Status()
    {
    }
}
