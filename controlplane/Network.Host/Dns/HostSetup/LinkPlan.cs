using System.Net;

namespace Network.Host.Dns.HostSetup;

/// <summary>What a link shall have, whose settings it has, and the calls between the two. Pure.</summary>
internal static class LinkPlan
{
    /// <param name="healthy">Servers that answer. Where none does all of them stay: somebody must be asked.</param>
    internal static LinkSettings Desired(HostSetupOptions options, Func<IPEndPoint, bool> healthy)
    {
        var answering = options.Servers.Where(healthy).ToList();
        return new LinkSettings
        {
            Servers = answering.Count > 0 ? answering : options.Servers,
            Domains =
            [
                new LinkDomain(options.Zone, RoutingOnly: true),
                .. options.Services.Concat(options.Pods).SelectMany(ReverseZones.Of).Distinct(StringComparer.Ordinal).Select(zone => new LinkDomain(zone, RoutingOnly: true)),
            ],
        };
    }

    /// <summary>
    /// The calls that lead from one to the other. Servers come last: whoever is killed in between leaves a link that
    /// asks nobody, and domains by which the next start knows it as its own.
    /// </summary>
    internal static IReadOnlyList<LinkCall> Difference(LinkSettings desired, LinkSettings present)
    {
        var calls = new List<LinkCall>();
        if (present.DefaultRoute != desired.DefaultRoute)
            calls.Add(new LinkCall.SetDefaultRoute(desired.DefaultRoute));
        if (!present.Domains.SequenceEqual(desired.Domains))
            calls.Add(new LinkCall.SetDomains(desired.Domains));
        // Nobody outside the cluster signs for its zone, and its servers speak plain DNS on an address no certificate names.
        if (present.Dnssec != desired.Dnssec)
            calls.Add(new LinkCall.SetDnssec(desired.Dnssec));
        if (present.DnsOverTls != desired.DnsOverTls)
            calls.Add(new LinkCall.SetDnsOverTls(desired.DnsOverTls));
        if (present.Servers.SequenceEqual(desired.Servers))
            return calls;
        // Resolved stays with the server it asks as long as that is on the list; alone on the list the preferred one becomes it.
        if (present.Current is { } current && desired.Servers.Count > 1 && !desired.Servers[0].Equals(current) && desired.Servers.Contains(current))
            calls.Add(new LinkCall.SetServers([desired.Servers[0]]));
        calls.Add(new LinkCall.SetServers(desired.Servers));
        return calls;
    }

    /// <summary>Set by this command, now or in an earlier life: routing-only domains alone, the cluster's first.</summary>
    internal static bool IsOurs(LinkSettings present, string zone) =>
        !present.DefaultRoute && present.Domains is [var first, ..] && first == new LinkDomain(zone, RoutingOnly: true) && present.Domains.All(domain => domain.RoutingOnly);

    /// <summary>Somebody else gave the link servers or domains, which must not be overwritten.</summary>
    internal static bool IsForeign(LinkSettings present, string zone) =>
        (present.Servers.Count > 0 || present.Domains.Count > 0) && !IsOurs(present, zone);

    /// <summary>An address as people write it: without the port everybody uses.</summary>
    internal static string Text(IPEndPoint server) => server.Port == 53 ? server.Address.ToString() : server.ToString();
}
