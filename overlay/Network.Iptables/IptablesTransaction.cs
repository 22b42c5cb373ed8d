using System.Text;

namespace Network.Iptables;

/// <summary>What is done in one step of a change.</summary>
public enum IptablesVerb
{
    Append,
    Insert,
    Delete,
    DeleteChain,
}

/// <summary>One step of a change of a table.</summary>
/// <param name="Rule">Null for a chain's removal.</param>
public readonly record struct IptablesStep(IptablesVerb Verb, string Chain, IptablesRule? Rule);

/// <summary>A change of one table: first its declared chains, then the steps in their order.</summary>
/// <param name="Chains">Own chains: created when absent, emptied when present.</param>
public sealed record IptablesTableChange(string Table, IReadOnlyList<string> Chains, IReadOnlyList<IptablesStep> Steps);

/// <summary>
/// A change of iptables' tables. As text it is the input of one iptables-restore run: each table is replaced in one kernel
/// transaction, so no packet sees half a chain. With --noflush a declared chain is emptied and refilled; everything not named stays.
/// </summary>
public sealed class IptablesTransaction
{
    private readonly List<(string Name, List<string> Chains, List<IptablesStep> Steps)> _tables = [];

    public bool IsEmpty => _tables.Count == 0;

    /// <summary>The tables concerned, in the order in which they were first named.</summary>
    public IEnumerable<IptablesTableChange> Tables => _tables.Select(table => new IptablesTableChange(table.Name, table.Chains, table.Steps));

    /// <summary>Declares an own chain: created when absent, emptied when present.</summary>
    public IptablesTransaction Chain(string table, string chain)
    {
        Of(table).Chains.Add(chain);
        return this;
    }

    /// <summary>Adds a rule at the end of a chain.</summary>
    public IptablesTransaction Append(string table, string chain, IptablesRule rule) => Step(table, IptablesVerb.Append, chain, rule);

    /// <summary>Adds a rule at the beginning of a chain.</summary>
    public IptablesTransaction Insert(string table, string chain, IptablesRule rule) => Step(table, IptablesVerb.Insert, chain, rule);

    /// <summary>Removes a rule that is there; the whole transaction fails when it is not.</summary>
    public IptablesTransaction Delete(string table, string chain, IptablesRule rule) => Step(table, IptablesVerb.Delete, chain, rule);

    /// <summary>Removes an own chain, which must exist and no longer be referenced.</summary>
    public IptablesTransaction DeleteChain(string table, string chain) => Step(table, IptablesVerb.DeleteChain, chain, null);

    public override string ToString()
    {
        var text = new StringBuilder();
        foreach (var (name, chains, steps) in _tables)
        {
            text.Append('*').Append(name).Append('\n');
            foreach (var chain in chains)
                text.Append(':').Append(chain).Append(" - [0:0]\n");
            foreach (var step in steps)
            {
                text.Append(step.Verb switch { IptablesVerb.Append => "-A ", IptablesVerb.Insert => "-I ", IptablesVerb.Delete => "-D ", _ => "-X " }).Append(step.Chain);
                if (step.Rule is { } rule)
                    text.Append(' ').Append(rule);
                text.Append('\n');
            }

            text.Append("COMMIT\n");
        }

        return text.ToString();
    }

    private IptablesTransaction Step(string table, IptablesVerb verb, string chain, IptablesRule? rule)
    {
        Of(table).Steps.Add(new IptablesStep(verb, chain, rule));
        return this;
    }

    private (string Name, List<string> Chains, List<IptablesStep> Steps) Of(string table)
    {
        var found = _tables.Find(candidate => candidate.Name == table);
        if (found.Name is not null)
            return found;
        found = (table, [], []);
        _tables.Add(found);
        return found;
    }
}
