using Network.Iptables;
using Network.Linux;
using Network.Netlink.Netfilter;

namespace Network.ServiceProxy.Backends.Iptables.Stores;

/// <summary>
/// The rules of iptables-nft straight in nf_tables, in its own form, without its programs: they read every chain there is before they
/// change one, which at ten thousand services takes longer than anybody wants to wait.
/// </summary>
/// <param name="nativePorts">See <see cref="RuleEncoding.NativePorts"/>.</param>
internal sealed class DirectStore(IptablesFamily family, NftSocket socket, NftLedger ledger, bool nativePorts = false) : IRuleStore
{
    private const int Attempts = 20;
    private static readonly string[] s_tables = ["nat", "filter", "mangle"];
    private readonly NftFamily _family = family == IptablesFamily.V4 ? NftFamily.Ip : NftFamily.Ip6;

    public IptablesFamily Family => family;

    public bool TellsOfChanges => true;

    /// <summary>True where the kernel has nf_tables with xtables' extensions in it, as iptables-nft needs it.</summary>
    internal static bool IsUsable(NftSocket socket)
    {
        const string name = "podnet-probe";
        var rule = RuleEncoding.Encode(NftFamily.Ip, name, name, IptablesRule.New.Comment("probe").Jump("DROP"), nativePorts: false);
        return socket.TryExecute(new NftBatch().TableAdd(new NftTable(NftFamily.Ip, name)).ChainAdd(new NftChain(NftFamily.Ip, name, name)).RuleAdd(rule)
            .TableDelete(NftFamily.Ip, name)).Count == 0;
    }

    /// <summary>Whether a change of somebody's may have damaged rules of ours.</summary>
    internal static bool Concerns(NftEvent change) => change.Family is NftFamily.Ip or NftFamily.Ip6 && s_tables.Contains(change.Table) && change.Object switch
    {
        NftEventObject.Table => change.IsRemoval,
        NftEventObject.Chain or NftEventObject.Rule => Builtins.Has(change.Table, change.Chain) ? change.IsRemoval : BaseRules.Owns(change.Table, change.Chain),
        _ => false,
    };

    public Task<IRuleView> ReadAsync(CancellationToken cancel) => Task.FromResult<IRuleView>(new View(_family, socket, nativePorts));

    public Task ApplyAsync(IptablesTransaction change, CancellationToken cancel)
    {
        if (change.IsEmpty)
            return Task.CompletedTask;
        var batch = new NftBatch();
        var tables = socket.Tables().Where(table => table.Family == _family).Select(table => table.Name).ToHashSet(StringComparer.Ordinal);
        foreach (var table in change.Tables)
        {
            if (!tables.Contains(table.Table))
                batch.TableAdd(new NftTable(_family, table.Table));
            Write(batch, table);
        }

        Execute(batch);
        return Task.CompletedTask;
    }

    private void Write(NftBatch batch, IptablesTableChange table)
    {
        // Naming one that is there would reset its policy.
        var builtins = table.Steps.Select(step => step.Chain).Where(chain => Builtins.Has(table.Table, chain)).Distinct().ToList();
        if (builtins.Count > 0)
        {
            var present = socket.Chains(_family, table.Table).Select(chain => chain.Name).ToHashSet(StringComparer.Ordinal);
            foreach (var missing in builtins.Where(chain => !present.Contains(chain)))
                batch.ChainAdd(Builtins.Make(_family, table.Table, missing));
        }

        foreach (var chain in table.Chains)
            batch.ChainAdd(new NftChain(_family, table.Table, chain)).RulesFlush(_family, table.Table, chain);
        var standing = new Dictionary<string, List<NftRule>>(StringComparer.Ordinal);
        foreach (var step in table.Steps)
        {
            if (step.Rule is not { } rule)
                batch.ChainDelete(_family, table.Table, step.Chain);
            else if (RuleEncoding.Encode(_family, table.Table, step.Chain, rule, nativePorts) is var wanted && step.Verb == IptablesVerb.Delete)
                batch.RuleDelete(Take(standing, wanted) ?? throw new IptablesException($"rule \"{rule}\" is no longer in chain {step.Chain} of table {table.Table}"));
            else if (step.Verb == IptablesVerb.Insert)
                batch.RuleInsert(wanted);
            else
                batch.RuleAdd(wanted);
        }
    }

    private NftRule? Take(Dictionary<string, List<NftRule>> standing, NftRule wanted)
    {
        if (!standing.TryGetValue(wanted.Chain, out var rules))
            standing[wanted.Chain] = rules = [.. socket.Rules(_family, wanted.Table, wanted.Chain)];
        var at = rules.FindIndex(wanted.SameAs);
        if (at < 0)
            return null;
        var found = rules[at];
        rules.RemoveAt(at);
        return found;
    }

    private void Execute(NftBatch batch)
    {
        for (var attempt = 1; ; attempt++)
        {
            // Tied to a generation so that our own commits are known by their number.
            ledger.Generation = socket.Generation().Id;
            var refusals = socket.TryExecute(batch, ledger.Generation);
            if (refusals.Count == 0)
            {
                ledger.Committed();
                return;
            }

            if (refusals[0].Error.Errno != Errno.ERESTART || attempt == Attempts)
                throw new IptablesException($"nf_tables refused: {refusals.FirstOrDefault(refusal => refusal.Index > 0, refusals[0]).Error.Message}");
        }
    }

    // Read as it is asked for: most questions are about a few chains.
    private sealed class View(NftFamily family, NftSocket socket, bool nativePorts) : IRuleView
    {
        private readonly Lazy<HashSet<(string Table, string Chain)>> _chains = new(() =>
            [.. s_tables.SelectMany(table => socket.Chains(family, table).Select(chain => (table, chain.Name)))]);

        private readonly Dictionary<(string Table, string Chain), IReadOnlyList<NftRule>> _rules = [];
        private readonly Dictionary<string, IReadOnlyDictionary<string, int>> _counts = new(StringComparer.Ordinal);

        public IEnumerable<(string Table, string Chain)> Chains => _chains.Value;

        public bool HasChain(string table, string chain) => _chains.Value.Contains((table, chain));

        public bool Has(string table, string chain, IptablesRule rule)
        {
            if (!_rules.TryGetValue((table, chain), out var rules))
                _rules[(table, chain)] = rules = socket.Rules(family, table, chain);
            var wanted = RuleEncoding.Encode(family, table, chain, rule, nativePorts);
            return rules.Any(wanted.SameAs);
        }

        public int Count(string table, string chain)
        {
            if (!_counts.TryGetValue(table, out var counts))
                _counts[table] = counts = socket.RuleCounts(family, table);
            return counts.GetValueOrDefault(chain);
        }
    }
}
