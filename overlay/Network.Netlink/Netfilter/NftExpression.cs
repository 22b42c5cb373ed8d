using Network.Netlink.Protocol;

namespace Network.Netlink.Netfilter;

/// <summary>
/// One step of a rule. Registers are the sixteen words of four bytes (0 to 15) that the expressions of one rule share; a
/// value takes as many as it needs.
/// </summary>
public abstract record NftExpression
{
    internal abstract string Name { get; }

    /// <summary>Writes the expression's own attributes.</summary>
    internal abstract void Write(NetlinkWriter writer);

    /// <summary>Equal but for what the kernel counts.</summary>
    internal virtual bool SameAs(NftExpression other) => Equals(other);
}
