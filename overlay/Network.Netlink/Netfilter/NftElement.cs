namespace Network.Netlink.Netfilter;

/// <summary>An element of a set or map.</summary>
public readonly record struct NftElement(NftValue Key)
{
    /// <summary>Last key of a range, in sets of concatenated ranges.</summary>
    public NftValue KeyEnd { get; init; }

    /// <summary>The element ends a range (is the first key behind it), in sets of plain ranges.</summary>
    public bool EndsInterval { get; init; }

    public NftValue Data { get; init; }

    public NftVerdict? Verdict { get; init; }

    /// <summary>Zero for the set's own.</summary>
    public TimeSpan Timeout { get; init; }

    /// <summary>What is left of the time-out.</summary>
    public TimeSpan Expires { get; init; }

    public string? Comment { get; init; }

    /// <summary>Packets that hit the element, where the set counts.</summary>
    public ulong Packets { get; init; }

    public ulong Bytes { get; init; }
}
