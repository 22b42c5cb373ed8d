using Network.Cni.Ipam;
using Network.Cni.Protocol;

namespace Network.Cni.Types.HostLocal;

/// <summary>Address management alone, in place of host-local: it makes no interface.</summary>
internal sealed class HostLocalType(Invocation call) : ICniType
{
    private readonly OwnIpam _ipam = new(IpamConfig.Parse(call.Config, call.Environment));

    public ReadOnlyMemory<byte> Add(Attachment attachment)
    {
        var granted = _ipam.Acquire(attachment);
        var result = new AttachResult { Addresses = granted.Addresses, Routes = granted.Routes, Dns = granted.Dns };
        return ResultJson.Write(result, call.Config.CniVersion, previous: default);
    }

    public void Delete(Attachment attachment) => _ipam.Release(attachment);

    public void Check(Attachment attachment) => _ipam.Check(attachment, call.Config.PreviousResult);

    public void Collect(HashSet<(string ContainerId, string IfName)> valid) => _ipam.Collect(valid, _ => { });

    public void Status() => _ipam.RequireFree();
}
