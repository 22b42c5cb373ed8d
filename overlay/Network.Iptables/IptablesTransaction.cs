using System.Text;

namespace Network.Iptables;

/// <summary>
/// The text of one iptables-restore run. Each table is replaced in one kernel transaction, so no packet sees half a
/// chain. With --noflush a declared chain is emptied and refilled; everything not named stays.
/// </summary>
public sealed class IptablesTransaction
{
    private readonly List<(string Name, List<string> Chains, List<string> Rules)> _tables = [];

    public bool IsEmpty => _tables.Count == 0;

    /// <summary>Declares an own chain: created when absent, emptied when present.</summary>
    public IptablesTransaction Chain(string table, string chain)
    {
        Of(table).Chains.Add($":{chain} - [0:0]");
        return this;
    }

    /// <summary>Adds a rule at the end of a chain.</summary>
    public IptablesTransaction Append(string table, string chain, IptablesRule rule)
    {
        Of(table).Rules.Add($"-A {chain} {rule}");
        return this;
    }

    /// <summary>Adds a rule at the beginning of a chain.</summary>
    public IptablesTransaction Insert(string table, string chain, IptablesRule rule)
    {
        Of(table).Rules.Add($"-I {chain} {rule}");
        return this;
    }

    /// <summary>Removes a rule that is there; the whole transaction fails when it is not.</summary>
    public IptablesTransaction Delete(string table, string chain, IptablesRule rule)
    {
        Of(table).Rules.Add($"-D {chain} {rule}");
        return this;
    }

    /// <summary>Removes an own chain, which must exist and no longer be referenced.</summary>
    public IptablesTransaction DeleteChain(string table, string chain)
    {
        Of(table).Rules.Add($"-X {chain}");
        return this;
    }

    public override string ToString()
    {
        var text = new StringBuilder();
        foreach (var (name, chains, rules) in _tables)
        {
            text.Append('*').Append(name).Append('\n');
            foreach (var chain in chains)
                text.Append(chain).Append('\n');
            foreach (var rule in rules)
                text.Append(rule).Append('\n');
            text.Append("COMMIT\n");
        }

        return text.ToString();
    }

    private (string Name, List<string> Chains, List<string> Rules) Of(string table)
    {
        var found = _tables.Find(candidate => candidate.Name == table);
        if (found.Name is not null)
            return found;
        found = (table, [], []);
        _tables.Add(found);
        return found;
    }
}
