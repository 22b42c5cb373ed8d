using System.Net;
using Network.Netlink;

namespace Network.Overlay;

/// <summary>Another node, as it published itself.</summary>
/// <param name="VtepMac">MAC of its tunnel device.</param>
/// <param name="UnderlayAddress">Where its tunnel ends.</param>
public sealed record Peer(string NodeName, IPNetwork PodCidr, MacAddress VtepMac, IPAddress UnderlayAddress);
