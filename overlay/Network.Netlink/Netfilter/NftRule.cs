namespace Network.Netlink.Netfilter;

/// <summary>A rule: expressions from left to right, until one of them does not match.</summary>
public sealed record NftRule(NftFamily Family, string Table, string Chain, IReadOnlyList<NftExpression> Expressions)
{
    public string? Comment { get; init; }

    /// <summary>
    /// Protocol number that the rule's <see cref="Expressions.NftExtension"/>s may count on (NFTA_RULE_COMPAT): xtables' port matches are
    /// refused without. Written only; the kernel does not tell it.
    /// </summary>
    public byte? CompatProtocol { get; init; }

    /// <summary>The kernel's name for it; 0 before it is there.</summary>
    public ulong Handle { get; init; }

    /// <summary>Counts of packets and bytes are no part of what a rule is.</summary>
    public bool SameAs(NftRule other) => Family == other.Family && Table == other.Table && Chain == other.Chain && Comment == other.Comment
        && Expressions.Count == other.Expressions.Count && Expressions.Zip(other.Expressions).All(pair => pair.First.SameAs(pair.Second));

    public override string ToString() => string.Join(' ', Expressions);
}
