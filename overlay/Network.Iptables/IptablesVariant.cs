namespace Network.Iptables;

/// <summary>Debian ships two implementations with separate rule sets; a node's rules must all be in one of them.</summary>
public enum IptablesVariant
{
    /// <summary>Whatever the alternatives system chose.</summary>
    Default,
    Nft,
    Legacy,
}
