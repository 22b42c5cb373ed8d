using System.Net;

namespace Network.Host.Dns.HostSetup;

/// <summary>One method of org.freedesktop.resolve1.Manager with its arguments, for a link.</summary>
internal abstract record LinkCall
{
    /// <summary>SetLinkDNS, or SetLinkDNSEx where a port is not 53.</summary>
    internal sealed record SetServers(IReadOnlyList<IPEndPoint> Servers) : LinkCall
    {
        public override string ToString() => $"servers {string.Join(' ', Servers.Select(LinkPlan.Text))}";
    }

    /// <summary>SetLinkDomains.</summary>
    internal sealed record SetDomains(IReadOnlyList<LinkDomain> Domains) : LinkCall
    {
        public override string ToString() => $"domains {string.Join(' ', Domains)}";
    }

    /// <summary>SetLinkDefaultRoute.</summary>
    internal sealed record SetDefaultRoute(bool Enabled) : LinkCall
    {
        public override string ToString() => $"default-route {(Enabled ? "yes" : "no")}";
    }

    /// <summary>SetLinkDNSSEC.</summary>
    internal sealed record SetDnssec(string Mode) : LinkCall
    {
        public override string ToString() => $"dnssec {Mode}";
    }

    /// <summary>SetLinkDNSOverTLS.</summary>
    internal sealed record SetDnsOverTls(string Mode) : LinkCall
    {
        public override string ToString() => $"dns-over-tls {Mode}";
    }
}
