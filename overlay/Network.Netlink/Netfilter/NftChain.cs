using Network.Netlink.Interop;

namespace Network.Netlink.Netfilter;

/// <summary>Where a packet meets a base chain.</summary>
public enum NftHook : uint
{
    Prerouting = NetfilterH.NF_INET_PRE_ROUTING,
    Input = NetfilterH.NF_INET_LOCAL_IN,
    Forward = NetfilterH.NF_INET_FORWARD,
    Output = NetfilterH.NF_INET_LOCAL_OUT,
    Postrouting = NetfilterH.NF_INET_POST_ROUTING,
}

/// <summary>A chain of rules; a base chain when it has a hook.</summary>
/// <param name="Table">Name of its table.</param>
public sealed record NftChain(NftFamily Family, string Table, string Name)
{
    /// <summary><c>filter</c>, <c>nat</c> or <c>route</c>; of base chains only.</summary>
    public string? Type { get; init; }

    public NftHook? Hook { get; init; }

    /// <summary>Lower comes first; -100 is DNAT, 0 filter, 100 SNAT.</summary>
    public int Priority { get; init; }

    /// <summary>False lets through what no rule decided, true drops it.</summary>
    public bool DropsByDefault { get; init; }

    public string? Comment { get; init; }

    public ulong Handle { get; init; }

    public override string ToString() => $"{Family.ToString().ToLowerInvariant()} {Table} {Name}";
}
