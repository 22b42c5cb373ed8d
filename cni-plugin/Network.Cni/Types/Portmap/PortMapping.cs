using Network.Cni.Ipam;
using Network.Cni.Protocol;

namespace Network.Cni.Types.Portmap;

/// <summary>A port of the node that leads to a port of the pod.</summary>
/// <param name="HostIp">Of the node; null for all of both families, 0.0.0.0 or :: for all of one.</param>
internal sealed record PortMapping(string Protocol, int HostPort, int ContainerPort, Ip? HostIp)
{
    private bool IsWildcard => HostIp is not { } ip || ip == Ip.V4(0) || ip == default;

    /// <summary>IANA's number of the protocol.</summary>
    internal byte ProtocolNumber => Protocol switch { "tcp" => 6, "udp" => 17, _ => 132 };

    internal Ip? SpecificHostIp => IsWildcard ? null : HostIp;

    internal static IReadOnlyList<PortMapping> ParseAll(NetworkConfig config)
    {
        List<PortMapping> mappings = [];
        foreach (var item in config.RuntimeConfig.Objects("portMappings"))
        {
            var hostPort = (int)item.Number("hostPort", ushort.MaxValue);
            // A port that is only documented: runtimes pass it with no port of the node.
            if (hostPort == 0)
                continue;
            var containerPort = (int)item.Number("containerPort", ushort.MaxValue);
            if (containerPort == 0)
                throw item.Invalid("containerPort", "0", "1 to 65535");
            var protocol = (item.Text("protocol") ?? "tcp").ToLowerInvariant();
            if (protocol is not ("tcp" or "udp" or "sctp"))
                throw item.Invalid("protocol", protocol, "tcp, udp or sctp");
            Ip? hostIp = item.Text("hostIP") is not { Length: > 0 } text ? null
                : Ip.TryParse(text, out var given) ? given : throw item.Invalid("hostIP", text, "an address of this node, or leave it out");
            var mapping = new PortMapping(protocol, hostPort, containerPort, hostIp);
            if (!mappings.Contains(mapping))
                mappings.Add(mapping);
        }

        return mappings;
    }

    internal bool AppliesTo(Ip podAddress) => HostIp is not { } ip || ip.IsV6 == podAddress.IsV6;
}
