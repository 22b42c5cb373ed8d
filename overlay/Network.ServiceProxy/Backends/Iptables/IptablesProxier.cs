using System.Text.RegularExpressions;
using Network.Iptables;
using Network.ServiceProxy.Backends.Iptables.Stores;
using Network.ServiceProxy.Model;

namespace Network.ServiceProxy.Backends.Iptables;

/// <summary>
/// Brings the kernel's rules to a set of services. After the first, full pass only services that changed are written, in
/// one transaction.
/// </summary>
internal sealed partial class IptablesProxier(ProxySettings settings, IRuleStore store)
{
    private const int ChunkServices = 500;

    // As kube-proxy's "large cluster" mode: the kernel looks through every rule at every change, and comments are a good part of them.
    private const int MostCommentedEndpoints = 1000;
    private readonly Dictionary<string, string> _refused = new(StringComparer.Ordinal);
    private Dictionary<string, (ServicePort Service, ServiceRules Rules)> _programmed = new(StringComparer.Ordinal);
    private int _endpoints;
    private bool _complete;

    /// <summary>Chains written by the last pass, for tests and metrics.</summary>
    internal int WrittenChains { get; private set; }

    /// <summary>Rules of ours in the kernel.</summary>
    internal int Rules => _programmed.Values.Sum(pair => pair.Rules.Count);

    /// <summary>Services that iptables refused, with its words. Their former rules stay.</summary>
    internal IReadOnlyDictionary<string, string> Refused => _refused;

    /// <summary>All services; what is not among them goes.</summary>
    internal Task ProgramAsync(IReadOnlyCollection<ServicePort> services, CancellationToken cancel)
    {
        var wanted = services.Select(service => service.Key).ToHashSet(StringComparer.Ordinal);
        return ChangeAsync(services, _programmed.Keys.Where(key => !wanted.Contains(key)).ToList(), cancel);
    }

    /// <summary>Some services, new or changed, and the keys of some that are gone.</summary>
    internal async Task ChangeAsync(IReadOnlyCollection<ServicePort> services, IReadOnlyCollection<string> removed, CancellationToken cancel)
    {
        // Rules keep the form they were made in until their service changes; either means the same.
        var large = Math.Max(services.Sum(service => service.Endpoints.Count), _endpoints) > MostCommentedEndpoints;
        var changed = services.DistinctBy(service => service.Key)
            .Where(service => !_programmed.TryGetValue(service.Key, out var known) || !known.Service.Equals(service))
            .ToDictionary(service => service.Key, service => (Service: service, Rules: Large(ServiceRules.For(service, settings), large)), StringComparer.Ordinal);
        foreach (var key in changed.Keys.Concat(removed))
            _refused.Remove(key);
        while (true)
        {
            try
            {
                await WriteAsync(changed, removed, cancel).ConfigureAwait(false);
                return;
            }
            catch (IptablesException e) when (Culprit(e.Message, changed) is { } key)
            {
                // One service that this kernel cannot do must not keep the others from theirs.
                _refused[key] = e.Message;
                changed.Remove(key);
            }
        }
    }

    /// <summary>Everything is written again with the next pass.</summary>
    internal void Forget() => _complete = false;

    /// <summary>False when somebody flushed tables or chains, or took rules of ours away.</summary>
    internal async Task<bool> IsIntactAsync(CancellationToken cancel)
    {
        var actual = await store.ReadAsync(cancel).ConfigureAwait(false);
        return BaseRules.CanaryTables.All(table => actual.HasChain(table, Chains.Canary))
            && BaseRules.Jumps.All(jump => actual.Has(jump.Table, jump.Chain, jump.Rule))
            && ExpectedCounts().All(chain => actual.Count(chain.Table, chain.Name) == chain.Rules);
    }

    /// <summary>Takes every rule and chain of ours away.</summary>
    internal async Task RemoveAsync(CancellationToken cancel)
    {
        var actual = await store.ReadAsync(cancel).ConfigureAwait(false);
        var transaction = new IptablesTransaction();
        foreach (var (table, chain, rule) in BaseRules.Jumps.Where(jump => actual.Has(jump.Table, jump.Chain, jump.Rule)))
            transaction.Delete(table, chain, rule);
        // Kubelets own chains named KUBE- as well.
        var ours = actual.Chains.Where(pair => BaseRules.Owns(pair.Table, pair.Chain)).ToList();
        foreach (var (table, chain) in ours)
            transaction.Chain(table, chain);
        foreach (var (table, chain) in ours)
            transaction.DeleteChain(table, chain);
        await store.ApplyAsync(transaction, cancel).ConfigureAwait(false);
        _programmed = new(StringComparer.Ordinal);
        _endpoints = 0;
        _complete = false;
    }

    // Numbers, not texts: iptables-save rewrites some matches (probabilities) in words of its own.
    private IEnumerable<(string Table, string Name, int Rules)> ExpectedCounts()
    {
        var rules = _programmed.Values.Select(pair => pair.Rules).ToList();
        var nat = BaseRules.Nat().Concat(BaseRules.NodePortJumps(settings, store.Family)).Concat(rules.SelectMany(r => r.OwnRules)).Concat(rules.SelectMany(r => r.NatEntries));
        var filter = BaseRules.Filter(settings).Concat(rules.SelectMany(r => r.FilterEntries));
        return nat.CountBy(rule => rule.Chain).Select(chain => ("nat", chain.Key, chain.Value))
            .Concat(filter.CountBy(rule => rule.Chain).Select(chain => ("filter", chain.Key, chain.Value)));
    }

    private void AddBase(IptablesTransaction transaction, IRuleView actual)
    {
        foreach (var table in BaseRules.CanaryTables)
            transaction.Chain(table, Chains.Canary);
        foreach (var chain in BaseRules.NatChains)
            transaction.Chain("nat", chain);
        foreach (var chain in BaseRules.FilterChains)
            transaction.Chain("filter", chain);
        foreach (var rule in BaseRules.Nat())
            transaction.Append("nat", rule.Chain, rule.Rule);
        foreach (var rule in BaseRules.Filter(settings))
            transaction.Append("filter", rule.Chain, rule.Rule);
        foreach (var (table, chain, rule) in BaseRules.Jumps.Where(jump => !actual.Has(jump.Table, jump.Chain, jump.Rule)))
            transaction.Insert(table, chain, rule);
    }

    private async Task WriteAsync(Dictionary<string, (ServicePort Service, ServiceRules Rules)> changed, IReadOnlyCollection<string> removed, CancellationToken cancel)
    {
        var transaction = new IptablesTransaction();
        var desired = _programmed;
        if (_complete)
            AddChanges(transaction, changed, removed);
        else
        {
            desired = _programmed.Where(pair => !changed.ContainsKey(pair.Key) && !removed.Contains(pair.Key) && !_refused.ContainsKey(pair.Key)).Concat(changed)
                .ToDictionary(pair => pair.Key, pair => pair.Value, StringComparer.Ordinal);
            var actual = await store.ReadAsync(cancel).ConfigureAwait(false);
            var ahead = desired.Count > ChunkServices;
            if (ahead)
                await WriteChunksAsync(desired.Values.Select(pair => pair.Rules), cancel).ConfigureAwait(false);
            AddBase(transaction, actual);
            AddAll(transaction, desired, actual, withOwn: !ahead);
        }

        await store.ApplyAsync(transaction, cancel).ConfigureAwait(false);
        if (_complete)
        {
            foreach (var key in removed)
                Drop(key);
            foreach (var (key, pair) in changed)
            {
                Drop(key);
                _programmed[key] = pair;
                _endpoints += pair.Service.Endpoints.Count;
            }
        }
        else
            _programmed = desired;
        if (!_complete)
            _endpoints = _programmed.Values.Sum(pair => pair.Service.Endpoints.Count);
        _complete = true;
    }

    private static ServiceRules Large(ServiceRules rules, bool large) =>
        large ? rules with { OwnRules = rules.OwnRules.Select(placed => placed with { Rule = placed.Rule.WithoutComment() }).ToList() } : rules;

    private void Drop(string key)
    {
        if (_programmed.Remove(key, out var known))
            _endpoints -= known.Service.Endpoints.Count;
    }

    // Chains of what changed are written anew; lines in the chains that all services share are taken out and put in one by one,
    // because writing those whole costs what the number of services is.
    private void AddChanges(IptablesTransaction transaction, Dictionary<string, (ServicePort Service, ServiceRules Rules)> changed, IReadOnlyCollection<string> removed)
    {
        var former = changed.Keys.Concat(removed).Distinct().Where(_programmed.ContainsKey).Select(key => _programmed[key].Rules).ToList();
        var chains = changed.Values.SelectMany(pair => pair.Rules.OwnChains).ToHashSet();
        var stale = former.SelectMany(rules => rules.OwnChains).Where(chain => !chains.Contains(chain)).Distinct().ToList();
        WrittenChains = chains.Count;
        foreach (var chain in chains.Concat(stale))
            transaction.Chain("nat", chain);
        foreach (var rule in changed.Values.SelectMany(pair => pair.Rules.OwnRules))
            transaction.Append("nat", rule.Chain, rule.Rule);
        Exchange(transaction, "nat", former.SelectMany(rules => rules.NatEntries), changed.Values.SelectMany(pair => pair.Rules.NatEntries));
        Exchange(transaction, "filter", former.SelectMany(rules => rules.FilterEntries), changed.Values.SelectMany(pair => pair.Rules.FilterEntries));
        foreach (var chain in stale)
            transaction.DeleteChain("nat", chain);
    }

    // At the beginning: the jump to the node ports stays last.
    private static void Exchange(IptablesTransaction transaction, string table, IEnumerable<PlacedRule> former, IEnumerable<PlacedRule> wanted)
    {
        HashSet<PlacedRule> before = [.. former], after = [.. wanted];
        foreach (var rule in before.Where(rule => !after.Contains(rule)))
            transaction.Delete(table, rule.Chain, rule.Rule);
        foreach (var rule in after.Where(rule => !before.Contains(rule)))
            transaction.Insert(table, rule.Chain, rule.Rule);
    }

    // The time iptables takes grows with the square of the chains in one run, and a transaction is held in memory whole. A service's own chains can go ahead of the line that
    // leads to them; what leads to all services is written in one piece after them.
    private async Task WriteChunksAsync(IEnumerable<ServiceRules> services, CancellationToken cancel)
    {
        foreach (var chunk in services.Chunk(ChunkServices))
        {
            var transaction = new IptablesTransaction().Chain("nat", Chains.MarkMasquerade);
            foreach (var chain in chunk.SelectMany(rules => rules.OwnChains))
                transaction.Chain("nat", chain);
            foreach (var rule in BaseRules.Nat().Where(rule => rule.Chain == Chains.MarkMasquerade).Concat(chunk.SelectMany(rules => rules.OwnRules)))
                transaction.Append("nat", rule.Chain, rule.Rule);
            await store.ApplyAsync(transaction, cancel).ConfigureAwait(false);
        }
    }

    private void AddAll(IptablesTransaction transaction, Dictionary<string, (ServicePort Service, ServiceRules Rules)> desired, IRuleView actual, bool withOwn)
    {
        var chains = desired.Values.SelectMany(pair => pair.Rules.OwnChains).ToHashSet();
        // Of services and endpoints that are gone, also while nobody was here to see it.
        var stale = actual.Chains.Where(pair => pair.Table == "nat" && Chains.IsPerService(pair.Chain) && !chains.Contains(pair.Chain)).Select(pair => pair.Chain).ToList();
        WrittenChains = chains.Count;
        foreach (var chain in (withOwn ? chains : []).Concat(stale))
            transaction.Chain("nat", chain);
        foreach (var rule in desired.Values.SelectMany(pair => (withOwn ? pair.Rules.OwnRules : []).Concat(pair.Rules.NatEntries)))
            transaction.Append("nat", rule.Chain, rule.Rule);
        foreach (var rule in BaseRules.NodePortJumps(settings, store.Family))
            transaction.Append("nat", rule.Chain, rule.Rule);
        foreach (var rule in desired.Values.SelectMany(pair => pair.Rules.FilterEntries))
            transaction.Append("filter", rule.Chain, rule.Rule);
        foreach (var chain in stale)
            transaction.DeleteChain("nat", chain);
    }

    // iptables names the line or the chain that the kernel refused; both lead to the service.
    private static string? Culprit(string words, Dictionary<string, (ServicePort Service, ServiceRules Rules)> changed)
    {
        var chains = PerServiceChain().Matches(words).Select(match => match.Value).ToHashSet();
        return chains.Count == 0 ? null : changed.FirstOrDefault(pair => pair.Value.Rules.OwnChains.Any(chains.Contains)).Key;
    }

    [GeneratedRegex("KUBE-(SVC|SVL|SEP|EXT|FW)-[A-Z2-7]{16}")]
    private static partial Regex PerServiceChain();
}
