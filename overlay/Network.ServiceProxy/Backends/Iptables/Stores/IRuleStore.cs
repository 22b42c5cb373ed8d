using Network.Iptables;

namespace Network.ServiceProxy.Backends.Iptables.Stores;

/// <summary>Where iptables' rules of one family are kept, and how they are changed.</summary>
internal interface IRuleStore
{
    IptablesFamily Family { get; }

    /// <summary>Every change of the rules by others is told as it happens; else they have to be looked at from time to time.</summary>
    bool TellsOfChanges { get; }

    Task<IRuleView> ReadAsync(CancellationToken cancel);

    /// <summary>All or nothing of each table.</summary>
    /// <exception cref="IptablesException">Refused; the message names the chain.</exception>
    Task ApplyAsync(IptablesTransaction change, CancellationToken cancel);
}

/// <summary>What a store held at one moment.</summary>
internal interface IRuleView
{
    IEnumerable<(string Table, string Chain)> Chains { get; }

    bool HasChain(string table, string chain);

    bool Has(string table, string chain, IptablesRule rule);

    /// <summary>Number of rules; 0 for an absent chain.</summary>
    int Count(string table, string chain);
}
