namespace Network.Netlink.Netfilter;

/// <summary>A table: the namespace of chains and sets.</summary>
public sealed record NftTable(NftFamily Family, string Name)
{
    /// <summary>Kept, but its chains see no packet.</summary>
    public bool Dormant { get; init; }

    public string? Comment { get; init; }

    public ulong Handle { get; init; }

    public override string ToString() => $"{Family.ToString().ToLowerInvariant()} {Name}";
}
