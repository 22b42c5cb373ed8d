using System.Net;
using Network.Netlink;

namespace Network.Overlay;

/// <summary>This node's tunnel end, to be published to the others.</summary>
/// <param name="Mtu">What pods of this node may use: the underlay's minus the encapsulation.</param>
public sealed record LocalVtep(MacAddress Mac, IPAddress UnderlayAddress, int Mtu, IPNetwork PodCidr, int Vni, int Port);
