using System.Net;
using Network.Dns.Wire;

namespace Network.Dns.Plugins;

/// <summary>A query with who asked it.</summary>
public sealed record DnsRequest(DnsQuery Query, IPAddress Client, bool OverTcp)
{
    /// <summary>The message as it came; empty for questions the server asks itself.</summary>
    public ReadOnlyMemory<byte> Packet { get; init; }

    /// <summary>How many aliases were followed to get here.</summary>
    public int Depth { get; init; }
}

/// <summary>
/// One link of the chain. It answers, or hands on with <c>next</c>; null from the end of the chain means that
/// nobody is responsible (the server then refuses). A plugin throws only for its own bugs; the errors plugin turns that
/// into SERVFAIL.
/// </summary>
public interface IDnsPlugin
{
    string Name { get; }

    ValueTask<DnsAnswer?> HandleAsync(DnsRequest request, Func<DnsRequest, CancellationToken, ValueTask<DnsAnswer?>> next, CancellationToken cancel);
}
