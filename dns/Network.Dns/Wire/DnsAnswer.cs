namespace Network.Dns.Wire;

/// <summary>What a query is answered with. Sections in the order of the wire.</summary>
public sealed record DnsAnswer(ResponseCode Code)
{
    /// <summary>Says nothing at all to the asker.</summary>
    public static readonly DnsAnswer None = new(ResponseCode.Refused);

    public bool Authoritative { get; init; }

    public IReadOnlyList<ResourceRecord> Answers { get; init; } = [];

    public IReadOnlyList<ResourceRecord> Authorities { get; init; } = [];

    public IReadOnlyList<ResourceRecord> Additionals { get; init; } = [];

    /// <summary>A finished message from elsewhere (a forwarder's upstream) without its OPT record, sent as it is but for the id.</summary>
    public byte[]? Raw { get; init; }

    /// <summary>Finished messages, several of them, that are sent as they are: a zone transfer.</summary>
    public IEnumerable<byte[]>? Messages { get; init; }

    /// <summary>Which plugin answered, from where, and the object behind the record; told to who asks for it.</summary>
    public string? Source { get; init; }

    /// <summary>Has signatures, for askers that want them.</summary>
    public bool Signed { get; init; }

    /// <summary>Proves the finished message; null for most.</summary>
    internal IAnswerSigner? Signer { get; init; }

    /// <summary>Why the answer is less than it should be (RFC 8914), for askers with EDNS.</summary>
    public ExtendedError? Error { get; init; }
}
