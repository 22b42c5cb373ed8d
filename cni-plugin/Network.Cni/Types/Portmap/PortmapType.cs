using Network.Cni.Ipam;
using Network.Cni.Protocol;

namespace Network.Cni.Types.Portmap;

/// <summary>Ports of the node for a pod that an earlier plugin of the list attached.</summary>
internal sealed class PortmapType(Invocation call) : ICniType
{
    private readonly PortRules _rules = PortRules.Of(call);

    public ReadOnlyMemory<byte> Add(Attachment attachment)
    {
        var previous = call.Config.PreviousResult;
        if (!previous.Exists)
            throw call.Config.Root.Invalid("prevResult", null, "the result of an earlier plugin; portmap stands behind it in the list");
        var addresses = previous.Objects("ips").Select(AddressOf).ToList();
        var devices = previous.Objects("interfaces").Where(item => item.Text("sandbox") is null or "").Select(item => item.Text("name"));
        _rules.Set(attachment, addresses, devices.OfType<string>().Where(name => !name.Contains('/')));
        return ResultJson.Write(new AttachResult(), call.Config.CniVersion, previous);
    }

    public void Delete(Attachment attachment) => _rules.Remove(attachment);

    public void Check(Attachment attachment) => _rules.Check(attachment);

    public void Collect(HashSet<(string ContainerId, string IfName)> valid) => _rules.Collect(valid);

    public void Status()
    {
    }

    private static GrantedAddress AddressOf(ConfigObject ip) => Subnet.TryParseAddress(ip.Text("address"), out var address, out var subnet)
        ? new GrantedAddress(address, subnet.Length, null)
        : throw ip.Invalid("address", ip.Text("address"), "an address such as 10.244.1.5/24");
}
