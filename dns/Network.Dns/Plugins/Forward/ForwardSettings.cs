using System.Net;

namespace Network.Dns.Plugins.Forward;

/// <summary>Which upstream is asked first.</summary>
public enum ForwardPolicy
{
    Random,
    RoundRobin,
    Sequential,
}

/// <summary>An upstream server.</summary>
/// <param name="TlsName">Asked by DNS over TLS (RFC 7858), which proves to be this name; null for UDP and TCP.</param>
public sealed record Upstream(IPEndPoint Address, string? TlsName = null)
{
    public override string ToString() => TlsName is null ? $"{Address}" : $"tls://{Address}";
}

/// <summary>How foreign names are asked on; defaults are CoreDNS's.</summary>
public sealed record ForwardSettings
{
    public IReadOnlyList<Upstream> Upstreams { get; init; } = [];

    public ForwardPolicy Policy { get; init; } = ForwardPolicy.Random;

    /// <summary>One question to one server.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Failures in a row that make a server count as down.</summary>
    public int MaxFails { get; init; } = 2;

    /// <summary>How often a server that is down is asked whether it is back.</summary>
    public TimeSpan HealthInterval { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>How long an idle connection is kept.</summary>
    public TimeSpan Expire { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Questions under way; one more is refused.</summary>
    public int MaxConcurrent { get; init; } = 1000;

    public bool ForceTcp { get; init; }

    /// <summary>Answers SERVFAIL at once when all servers are down, instead of trying one of them.</summary>
    public bool FailFast { get; init; }
}
