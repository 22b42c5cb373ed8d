using System.Net;
using Network.ServiceProxy.Model;

namespace Network.ServiceProxy.Walk;

/// <summary>The first packet of a connection as it reaches a node.</summary>
/// <param name="FromNode">A program on the node sends it; else it comes in by an interface.</param>
public sealed record Packet(IPAddress Source, IPAddress Destination, TransportProtocol Protocol, int Port, bool FromNode = false)
{
    public override string ToString() => $"{Protocol.ToString().ToLowerInvariant()} {Source}{(FromNode ? " (node)" : "")} > {new IPEndPoint(Destination, Port)}";
}

public enum OutcomeKind
{
    /// <summary>Goes on as it came.</summary>
    Pass,

    /// <summary>Goes to an endpoint.</summary>
    Forward,

    /// <summary>Ends here, and its sender is told.</summary>
    Reject,

    /// <summary>Ends here silently.</summary>
    Drop,
}

/// <summary>What can become of a packet.</summary>
/// <param name="Endpoints">Where it may go, each with whether its source is rewritten to the node's; in order.</param>
public sealed record Outcome(OutcomeKind Kind, IReadOnlyList<(IPEndPoint Endpoint, bool Masqueraded)> Endpoints)
{
    public static Outcome Of(OutcomeKind kind) => new(kind, []);

    public static Outcome To(IEnumerable<(IPEndPoint Endpoint, bool Masqueraded)> endpoints) =>
        new(OutcomeKind.Forward, endpoints.Distinct().OrderBy(pair => pair.Endpoint.ToString(), StringComparer.Ordinal).ToList());

    public bool Equals(Outcome? other) => other is not null && Kind == other.Kind && Endpoints.SequenceEqual(other.Endpoints);

    public override int GetHashCode() => HashCode.Combine(Kind, Endpoints.Count);

    public override string ToString() => Kind == OutcomeKind.Forward
        ? string.Join(", ", Endpoints.Select(pair => $"{pair.Endpoint}{(pair.Masqueraded ? " masqueraded" : "")}"))
        : Kind.ToString().ToLowerInvariant();
}
