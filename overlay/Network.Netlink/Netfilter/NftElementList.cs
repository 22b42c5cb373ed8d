namespace Network.Netlink.Netfilter;

/// <summary>Elements of one set, as one message carries them.</summary>
public sealed record NftElementList(NftFamily Family, string Table, string Set, IReadOnlyList<NftElement> Elements);
