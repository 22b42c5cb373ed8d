namespace Network.Dns.Transport;

/// <summary>How messages come in at an address.</summary>
internal enum DnsTransport
{
    /// <summary>UDP and TCP (RFC 1035, 7766).</summary>
    Plain,

    /// <summary>TLS (RFC 7858).</summary>
    Tls,

    /// <summary>HTTPS (RFC 8484).</summary>
    Https,
}
