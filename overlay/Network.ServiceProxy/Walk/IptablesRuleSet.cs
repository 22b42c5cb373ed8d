namespace Network.ServiceProxy.Walk;

/// <summary>Tables, chains and rules as iptables-restore makes them of its input, without a kernel.</summary>
internal sealed class IptablesRuleSet
{
    private readonly Dictionary<(string Table, string Chain), List<string[]>> _chains = [];

    /// <summary>Rules of a chain, each as its words; none for an absent chain.</summary>
    internal IReadOnlyList<string[]> Rules(string table, string chain) => _chains.GetValueOrDefault((table, chain)) ?? [];

    /// <summary>Applies the text of one iptables-restore --noflush run, or of iptables-save.</summary>
    internal void Apply(string text)
    {
        var table = "";
        foreach (var line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line[0] == '*')
                table = line[1..];
            else if (line[0] == ':')
                _chains[(table, line[1..].Split(' ')[0])] = [];
            else if (line[0] == '-')
                Change(table, Words(line));
        }
    }

    private void Change(string table, List<string> words)
    {
        var key = (table, words[1]);
        var rule = words[2..].ToArray();
        if (words[0] == "-X")
        {
            if (_chains.Any(pair => pair.Key.Table == table && pair.Value.Any(other => other.Contains(words[1]))))
                throw new InvalidOperationException($"chain {words[1]} is in use");
            _chains.Remove(key);
            return;
        }

        if (!_chains.TryGetValue(key, out var rules))
            _chains[key] = rules = [];
        if (words[0] == "-A")
            rules.Add(rule);
        else if (words[0] == "-I")
            rules.Insert(0, rule);
        else if (rules.FindIndex(other => other.SequenceEqual(rule)) is var at and >= 0)
            rules.RemoveAt(at);
        else
            throw new InvalidOperationException($"no such rule: {string.Join(' ', words)}");
    }

    private static List<string> Words(string line)
    {
        var words = new List<string>();
        for (var at = 0; at < line.Length; at++)
        {
            if (line[at] == ' ')
                continue;
            var quoted = line[at] == '"';
            var end = quoted ? line.IndexOf('"', at + 1) : line.IndexOf(' ', at) is var space and >= 0 ? space : line.Length;
            words.Add(quoted ? line[(at + 1)..end] : line[at..end]);
            at = end;
        }

        return words;
    }
}
