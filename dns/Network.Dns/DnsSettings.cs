using System.Net;
using System.Net.Security;
using Network.Dns.Plugins.Cache;
using Network.Dns.Plugins.Forward;

namespace Network.Dns;

/// <summary>What a DNS server is told.</summary>
public sealed record DnsSettings(IReadOnlyList<IPEndPoint> Listen)
{
    /// <summary>A Corefile that says what is served instead of <see cref="Forward"/> and <see cref="Cache"/>; followed while the server runs.</summary>
    public string? Corefile { get; init; }

    public ForwardSettings Forward { get; init; } = new();

    public CacheSettings Cache { get; init; } = new();

    /// <summary>Folder for what outlives a restart: serials and journals of zones; null for memory only.</summary>
    public string? StateDirectory { get; init; }

    /// <summary>Sockets, each with a thread, that share an address for UDP.</summary>
    public int UdpSockets { get; init; } = Environment.ProcessorCount;

    /// <summary>Where DNS over TLS (RFC 7858) is served; needs <see cref="Tls"/>.</summary>
    public IReadOnlyList<IPEndPoint> ListenTls { get; init; } = [];

    /// <summary>Where DNS over HTTPS (RFC 8484) is served, at /dns-query; needs <see cref="Tls"/>.</summary>
    public IReadOnlyList<IPEndPoint> ListenHttps { get; init; } = [];

    public SslServerAuthenticationOptions? Tls { get; init; }

    /// <summary>How long a connection may say nothing (RFC 7766 6.2.3).</summary>
    public TimeSpan StreamIdle { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Connections a listener keeps; one more closes the one that was silent longest.</summary>
    public int MostConnections { get; init; } = 16_384;
}
