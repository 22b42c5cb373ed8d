using Network.Iptables;
using Network.ServiceProxy.Model;

namespace Network.ServiceProxy.Backends.Iptables;

/// <summary>
/// Brings the kernel's rules to a set of services. After the first, full pass only services that changed are written, in
/// one iptables-restore run; the two entry chains are rewritten with it because their order matters.
/// </summary>
internal sealed class IptablesProxier(ProxySettings settings, IptablesRestore iptables)
{
    private Dictionary<string, (ServicePort Service, ServiceRules Rules)> _programmed = [];
    private bool _complete;

    /// <summary>Chains written by the last pass, for tests and metrics.</summary>
    internal int WrittenChains { get; private set; }

    internal async Task ProgramAsync(IReadOnlyCollection<ServicePort> services, CancellationToken cancel)
    {
        var desired = services.DistinctBy(Key).ToDictionary(Key, service =>
            _programmed.TryGetValue(Key(service), out var known) && known.Service.Equals(service) ? known : (service, ServiceRules.For(service, settings)));
        var transaction = new IptablesTransaction();
        IptablesSnapshot? actual = null;
        if (!_complete)
        {
            actual = await iptables.SaveAsync(cancel: cancel).ConfigureAwait(false);
            AddBase(transaction, actual);
        }

        var stale = StaleChains(desired, actual);
        AddServices(transaction, desired, stale);
        await iptables.ApplyAsync(transaction, cancel).ConfigureAwait(false);
        _programmed = desired;
        _complete = true;
    }

    /// <summary>Everything is written again with the next pass.</summary>
    internal void Forget() => _complete = false;

    /// <summary>False when somebody flushed tables or chains, or took rules of ours away.</summary>
    internal async Task<bool> IsIntactAsync(CancellationToken cancel)
    {
        var actual = await iptables.SaveAsync(cancel: cancel).ConfigureAwait(false);
        return BaseRules.CanaryTables.All(table => actual.HasChain(table, Chains.Canary))
            && BaseRules.Jumps.All(jump => actual.Rules(jump.Table, jump.Chain).Contains(jump.Rule.ToString()))
            && ExpectedCounts().All(chain => actual.Rules(chain.Table, chain.Name).Count == chain.Rules);
    }

    /// <summary>Takes every rule and chain of ours away.</summary>
    internal async Task RemoveAsync(CancellationToken cancel)
    {
        var actual = await iptables.SaveAsync(cancel: cancel).ConfigureAwait(false);
        var transaction = new IptablesTransaction();
        foreach (var (table, chain, rule) in BaseRules.Jumps.Where(jump => actual.Rules(jump.Table, jump.Chain).Contains(jump.Rule.ToString())))
            transaction.Delete(table, chain, rule);
        // Kubelets own chains named KUBE- as well.
        var ours = actual.Chains.Where(pair => BaseRules.Owns(pair.Table, pair.Chain)).ToList();
        foreach (var (table, chain) in ours)
            transaction.Chain(table, chain);
        foreach (var (table, chain) in ours)
            transaction.DeleteChain(table, chain);
        await iptables.ApplyAsync(transaction, cancel).ConfigureAwait(false);
        _programmed = [];
        _complete = false;
    }

    private static string Key(ServicePort service) => $"{service.Id}/{service.ProtocolName}";

    // Numbers, not texts: iptables-save rewrites some matches (probabilities) in words of its own.
    private IEnumerable<(string Table, string Name, int Rules)> ExpectedCounts()
    {
        var rules = _programmed.Values.Select(pair => pair.Rules).ToList();
        var nat = BaseRules.Nat().Append(BaseRules.NodePortJump).Concat(rules.SelectMany(r => r.OwnRules)).Concat(rules.SelectMany(r => r.NatEntries));
        var filter = BaseRules.Filter().Concat(rules.SelectMany(r => r.FilterEntries));
        return nat.CountBy(rule => rule.Chain).Select(chain => ("nat", chain.Key, chain.Value))
            .Concat(filter.CountBy(rule => rule.Chain).Select(chain => ("filter", chain.Key, chain.Value)));
    }

    private void AddBase(IptablesTransaction transaction, IptablesSnapshot actual)
    {
        foreach (var table in BaseRules.CanaryTables)
            transaction.Chain(table, Chains.Canary);
        foreach (var chain in BaseRules.NatChains)
            transaction.Chain("nat", chain);
        foreach (var chain in BaseRules.FilterChains)
            transaction.Chain("filter", chain);
        foreach (var rule in BaseRules.Nat())
            transaction.Append("nat", rule.Chain, rule.Rule);
        foreach (var rule in BaseRules.Filter())
            transaction.Append("filter", rule.Chain, rule.Rule);
        foreach (var (table, chain, rule) in BaseRules.Jumps.Where(jump => !actual.Rules(jump.Table, jump.Chain).Contains(jump.Rule.ToString())))
            transaction.Insert(table, chain, rule);
    }

    private void AddServices(IptablesTransaction transaction, Dictionary<string, (ServicePort Service, ServiceRules Rules)> desired, List<string> stale)
    {
        var changed = desired.Values.Where(pair => !_complete || !_programmed.TryGetValue(Key(pair.Service), out var known)
            || !ReferenceEquals(known.Rules, pair.Rules)).ToList();
        WrittenChains = changed.Sum(pair => pair.Rules.OwnChains.Count);
        if (_complete && changed.Count == 0 && stale.Count == 0 && desired.Count == _programmed.Count)
            return;
        foreach (var chain in changed.SelectMany(pair => pair.Rules.OwnChains).Concat(stale).Distinct())
            transaction.Chain("nat", chain);
        if (_complete)
        {
            transaction.Chain("nat", Chains.Services).Chain("nat", Chains.NodePorts);
            transaction.Chain("filter", Chains.Services).Chain("filter", Chains.ExternalServices);
        }

        foreach (var rule in changed.SelectMany(pair => pair.Rules.OwnRules))
            transaction.Append("nat", rule.Chain, rule.Rule);
        foreach (var rule in desired.Values.SelectMany(pair => pair.Rules.NatEntries))
            transaction.Append("nat", rule.Chain, rule.Rule);
        transaction.Append("nat", BaseRules.NodePortJump.Chain, BaseRules.NodePortJump.Rule);
        foreach (var rule in desired.Values.SelectMany(pair => pair.Rules.FilterEntries))
            transaction.Append("filter", rule.Chain, rule.Rule);
        foreach (var chain in stale)
            transaction.DeleteChain("nat", chain);
    }

    // Chains of services and endpoints that are gone: known from the last pass, or found in the kernel after a restart.
    private List<string> StaleChains(Dictionary<string, (ServicePort Service, ServiceRules Rules)> desired, IptablesSnapshot? actual)
    {
        var wanted = desired.Values.SelectMany(pair => pair.Rules.OwnChains).ToHashSet();
        var present = actual is null
            ? _programmed.Values.SelectMany(pair => pair.Rules.OwnChains)
            : actual.Chains.Where(pair => pair.Table == "nat" && Chains.IsPerService(pair.Chain)).Select(pair => pair.Chain);
        return present.Where(chain => !wanted.Contains(chain)).Distinct().ToList();
    }
}
