using System.Net;

namespace Network.Host.Dns.HostSetup;

/// <summary>A domain of a link.</summary>
/// <param name="Name">Without a final dot.</param>
/// <param name="RoutingOnly">Names below it are asked of the link's servers; short names are not completed with it (the ~ of resolvectl).</param>
internal readonly record struct LinkDomain(string Name, bool RoutingOnly)
{
    public override string ToString() => RoutingOnly ? $"~{Name}" : Name;
}

/// <summary>What systemd-resolved holds for one link, or shall hold.</summary>
internal sealed record LinkSettings
{
    internal static readonly LinkSettings Empty = new();

    internal IReadOnlyList<IPEndPoint> Servers { get; init; } = [];

    internal IReadOnlyList<LinkDomain> Domains { get; init; } = [];

    /// <summary>Names that no domain of any link claims are asked here too.</summary>
    internal bool DefaultRoute { get; init; }

    /// <summary>yes, no or allow-downgrade.</summary>
    internal string Dnssec { get; init; } = "no";

    /// <summary>yes, no or opportunistic.</summary>
    internal string DnsOverTls { get; init; } = "no";

    /// <summary>The server resolved asks at the moment; read, never written.</summary>
    internal IPEndPoint? Current { get; init; }

    /// <summary>Resolved asks over this link: it is up and has an address. Read, never written.</summary>
    internal bool Active { get; init; }
}
