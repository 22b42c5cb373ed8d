namespace Network.Cni.Ipam;

/// <summary>An address of a pod, in its network, with the gateway of that.</summary>
internal sealed record GrantedAddress(Ip Address, int PrefixLength, Ip? Gateway)
{
    public override string ToString() => $"{Address}/{PrefixLength}";
}
