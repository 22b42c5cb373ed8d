namespace Network.Iptables;

/// <summary>What iptables-save printed: chains and rules by table.</summary>
public sealed class IptablesSnapshot
{
    private readonly Dictionary<(string Table, string Chain), List<string>> _chains = [];

    private IptablesSnapshot()
    {
    }

    /// <summary>Number of rules in all tables.</summary>
    public int RuleCount => _chains.Values.Sum(rules => rules.Count);

    public IEnumerable<(string Table, string Chain)> Chains => _chains.Keys;

    public static IptablesSnapshot Parse(string text)
    {
        var snapshot = new IptablesSnapshot();
        var table = "";
        foreach (var raw in text.Split('\n'))
        {
            var line = raw.Trim();
            if (line.StartsWith('*'))
                table = line[1..];
            else if (line.StartsWith(':') && line.IndexOf(' ', StringComparison.Ordinal) is > 1 and var end)
                snapshot._chains.TryAdd((table, line[1..end]), []);
            else if (line.StartsWith("-A ", StringComparison.Ordinal))
                snapshot.Add(table, line[3..]);
        }

        return snapshot;
    }

    public bool HasChain(string table, string chain) => _chains.ContainsKey((table, chain));

    /// <summary>The rules of a chain, without the leading <c>-A CHAIN</c>; empty when there is no such chain.</summary>
    public IReadOnlyList<string> Rules(string table, string chain) => _chains.TryGetValue((table, chain), out var rules) ? rules : [];

    /// <summary>Rules in a chain that jump to another.</summary>
    public int Jumps(string table, string chain, string target) =>
        Rules(table, chain).Count(rule => rule.EndsWith($"-j {target}", StringComparison.Ordinal)
            || rule.Contains($"-j {target} ", StringComparison.Ordinal));

    private void Add(string table, string rule)
    {
        var end = rule.IndexOf(' ', StringComparison.Ordinal);
        if (end <= 0)
            return;
        if (!_chains.TryGetValue((table, rule[..end]), out var rules))
            _chains[(table, rule[..end])] = rules = [];
        rules.Add(rule[(end + 1)..]);
    }
}
