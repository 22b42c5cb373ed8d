using Network.Netlink;

namespace Network.Cni.Protocol;

/// <summary>What ADD did.</summary>
internal sealed record AttachResult(Attachment Attachment, uint Address, MacAddress BridgeMac, int Mtu);
