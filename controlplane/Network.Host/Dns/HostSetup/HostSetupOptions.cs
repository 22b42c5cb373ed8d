using System.Net;

namespace Network.Host.Dns.HostSetup;

/// <summary>What a host shall ask of the cluster's DNS servers, and over which link.</summary>
public sealed record HostSetupOptions
{
    /// <summary>The link the servers are reached by; null to find it (<see cref="LinkChoice"/>).</summary>
    public string? Link { get; init; }

    /// <summary>The cluster's DNS servers, the preferred one first.</summary>
    public required IReadOnlyList<IPEndPoint> Servers { get; init; }

    /// <summary>Domain of cluster names, without a final dot.</summary>
    public string Zone { get; init; } = "cluster.local";

    /// <summary>Addresses whose names the cluster knows: those of services.</summary>
    public IReadOnlyList<IPNetwork> Services { get; init; } = [];

    /// <summary>Addresses whose names the cluster knows: those of pods.</summary>
    public IReadOnlyList<IPNetwork> Pods { get; init; } = [];

    /// <summary>D-Bus address of the system bus; null for the environment's (DBUS_SYSTEM_BUS_ADDRESS), else the usual one.</summary>
    public string? Bus { get; init; }

    /// <summary>What programs of the C library read.</summary>
    public string ResolvConf { get; init; } = "/etc/resolv.conf";
}
