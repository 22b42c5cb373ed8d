using Network.Iptables;

namespace Network.ServiceProxy.Backends.Iptables.Stores;

/// <summary>By the programs iptables-restore and iptables-save: the way of the old iptables, whose rules are not in nf_tables.</summary>
internal sealed class RestoreStore(IptablesRestore iptables) : IRuleStore
{
    public IptablesFamily Family => iptables.Family;

    public bool TellsOfChanges => false;

    public async Task<IRuleView> ReadAsync(CancellationToken cancel) => new View(await iptables.SaveAsync(cancel: cancel).ConfigureAwait(false));

    public Task ApplyAsync(IptablesTransaction change, CancellationToken cancel) => iptables.ApplyAsync(change, cancel);

    private sealed class View(IptablesSnapshot snapshot) : IRuleView
    {
        public IEnumerable<(string Table, string Chain)> Chains => snapshot.Chains;

        public bool HasChain(string table, string chain) => snapshot.HasChain(table, chain);

        public bool Has(string table, string chain, IptablesRule rule) => snapshot.Rules(table, chain).Contains(rule.ToString());

        public int Count(string table, string chain) => snapshot.Rules(table, chain).Count;
    }
}
