using System.Net;

namespace Network.Labs.Topology;

/// <summary>A router that learns its routes from its neighbours by BGP (RFC 4271) instead of being given them.</summary>
/// <param name="Asn">Its autonomous system, 1 to 4294967294 (RFC 6793).</param>
/// <param name="Loopback">The address it is known by, whatever link is down; its BGP identifier as well.</param>
public sealed record BgpRouter(string Name, uint Asn, IPAddress Loopback);
