using System.Net;

namespace Network.Dns.Plugins.Cluster;

/// <summary>A service as DNS needs it; a copy of the few fields of the API objects that end up in records.</summary>
public sealed record DnsService(string Namespace, string Name)
{
    /// <summary>Addresses of the service itself; empty for headless services.</summary>
    public IReadOnlyList<IPAddress> ClusterIps { get; init; } = [];

    public bool Headless { get; init; }

    public string? ExternalName { get; init; }

    public IReadOnlyList<DnsPort> Ports { get; init; } = [];

    /// <summary>Ready endpoints of a headless service.</summary>
    public IReadOnlyList<DnsEndpoint> Endpoints { get; init; } = [];
}

/// <summary>A named port; unnamed ones have no SRV record.</summary>
public sealed record DnsPort(string Name, string Protocol, ushort Port);

/// <summary>An endpoint. Without a host name it is known by its dashed address.</summary>
public sealed record DnsEndpoint(IPAddress Address, string? HostName, IReadOnlyList<DnsPort> Ports)
{
    public string Id => HostName ?? Dashed(Address);

    /// <summary>10.0.0.1 as 10-0-0-1; an IPv6 address ending in a colon gets a zero, because a label may not end in a dash.</summary>
    public static string Dashed(IPAddress address)
    {
        var text = address.ToString().Replace('.', '-').Replace(':', '-');
        return text.EndsWith('-') ? text + "0" : text;
    }
}
