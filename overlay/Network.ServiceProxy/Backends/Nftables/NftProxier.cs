using System.Net;
using Network.Linux;
using Network.Netlink.Netfilter;
using Network.ServiceProxy.Model;

namespace Network.ServiceProxy.Backends.Nftables;

/// <summary>
/// Keeps the nf_tables of one family equal to the services. What was committed is remembered, so a change costs what the change
/// is: a few elements in one transaction, tied to the generation they were computed against. Rules of a former process are
/// compared and adopted; only what differs is written.
/// </summary>
internal sealed class NftProxier(NftFamily family, ProxySettings settings, NftSocket socket, NftLedger ledger)
{
    // Elements in one transaction. More are written in several, endpoints before the services that need them, because packets and
    // other writers wait for none of them.
    private const int MostElements = 100_000;
    private const int Attempts = 5;

    // A service whose endpoints come and go needs the same chains again; they are kept until so many stand for nothing.
    private const int MostIdleChains = 32;
    private readonly NftLayout _layout = new(family, settings);
    private readonly Dictionary<NftMap, ElementTable> _tables = NewTables(new NftLayout(family, settings));
    private readonly Dictionary<string, Programmed> _services = new(StringComparer.Ordinal);
    private readonly HashSet<ServiceClass> _chains = [];
    private readonly HashSet<ServiceClass> _newChains = [];
    private readonly Dictionary<ServiceClass, int> _users = [];
    private NftView _view = new(family, settings, settings.NodeAddresses);
    private State _state = State.Unknown;

    // Endpoints of a service whose clients stay have changed, or may have while nobody looked.
    private bool _clientsMayBeStale = true;

    private enum State
    {
        Unknown,
        Absent,
        Programmed,
    }

    /// <summary>Elements that the last pass added or removed.</summary>
    internal int WrittenElements { get; private set; }

    internal int Elements => _tables.Values.Sum(table => table.Count);

    /// <summary>Addresses and ports that two services want.</summary>
    internal IEnumerable<(string Loser, string Winner)> Conflicts() =>
        _tables[NftMap.Services].Conflicts().Select(conflict => (conflict.Loser, conflict.Winner)).Distinct();

    /// <summary>All services; what is not among them goes.</summary>
    internal void Program(IReadOnlyCollection<ServicePort> services, IReadOnlyList<IPAddress>? nodeAddresses = null)
    {
        if (nodeAddresses is not null && !nodeAddresses.SequenceEqual(_view.NodeAddresses))
        {
            _view = _view with { NodeAddresses = nodeAddresses };
            foreach (var known in _services.Values)
                known.Service = null;
        }

        var wanted = services.Select(service => service.Key).ToHashSet(StringComparer.Ordinal);
        Change(services, _services.Keys.Where(key => !wanted.Contains(key)).ToList());
    }

    /// <summary>Some services, new or changed, and the keys of some that are gone.</summary>
    internal void Change(IEnumerable<ServicePort> changed, IEnumerable<string> removed)
    {
        foreach (var key in removed)
            Remove(key);
        foreach (var service in changed)
            Put(service);
        Commit();
    }

    /// <summary>The rules are read again before the next change.</summary>
    internal void Forget() => _state = State.Unknown;

    /// <summary>True when nothing of ours was changed; what was is written again with the next pass.</summary>
    internal bool Audit()
    {
        _state = Adopt() ? State.Programmed : State.Absent;
        return _state == State.Programmed && _tables.Values.All(table => table.Pending == 0);
    }

    /// <summary>Takes our table away.</summary>
    internal static void Remove(NftFamily family, NftSocket socket)
    {
        if (socket.Tables().Any(table => table.Family == family && table.Name == NftLayout.TableName))
            socket.Execute(new NftBatch().TableDelete(family, NftLayout.TableName));
    }

    private void Put(ServicePort service)
    {
        if (_services.TryGetValue(service.Key, out var known) && service.Equals(known.Service))
            return;
        _clientsMayBeStale |= service.Affinity is not null || known?.Service?.Affinity is not null;
        var own = service.Of(_view.Family == NftFamily.Ip6 ? System.Net.Sockets.AddressFamily.InterNetworkV6 : System.Net.Sockets.AddressFamily.InterNetwork);
        var elements = own is null ? null : ServiceElements.For(own, _view);
        IReadOnlyList<Wanted> wanted = elements?.Elements ?? [];
        var kept = wanted.Select(element => (element.Map, element.Key)).ToHashSet();
        foreach (var (map, key) in known?.Keys ?? [])
        {
            if (!kept.Contains((map, key)))
                _tables[map].Release(service.Key, key);
        }

        foreach (var element in wanted)
            _tables[element.Map].Claim(service.Key, element);
        IReadOnlyList<ServiceClass> classes = elements is null ? [] : [.. elements.Classes];
        foreach (var needed in classes)
        {
            if (!_chains.Contains(needed))
                _newChains.Add(needed);
        }

        Count(classes, known?.Classes ?? []);
        _services[service.Key] = new Programmed { Service = service, Classes = classes, Keys = wanted.Select(element => (element.Map, element.Key)).ToArray() };
    }

    private void Remove(string key)
    {
        if (!_services.Remove(key, out var known))
            return;
        _clientsMayBeStale |= known.Service?.Affinity is not null;
        Count([], known.Classes);
        foreach (var (map, element) in known.Keys)
            _tables[map].Release(key, element);
    }

    private void Count(IReadOnlyList<ServiceClass> more, IReadOnlyList<ServiceClass> less)
    {
        foreach (var needed in more)
            _users[needed] = _users.GetValueOrDefault(needed) + 1;
        foreach (var left in less)
        {
            if (--_users[left] == 0)
                _users.Remove(left);
        }
    }

    private void Commit()
    {
        for (var attempt = 1; ; attempt++)
        {
            if (_state == State.Unknown)
                Audit();
            try
            {
                Write();
                return;
            }
            catch (LinuxException e) when (e.Errno == Errno.ERESTART && attempt < Attempts)
            {
                // Somebody else has committed. To another table it does not matter.
                var now = socket.Generation().Id;
                if (ledger.OthersTouched(family, now))
                    _state = State.Unknown;
                else
                    ledger.Generation = now;
            }
            catch (LinuxException)
            {
                _state = State.Unknown;
                throw;
            }
        }
    }

    private void Write()
    {
        WrittenElements = _tables.Values.Sum(table => table.Pending);
        var batch = new NftBatch();
        if (_state == State.Absent)
            WriteBase(batch);
        foreach (var needed in _state == State.Absent ? _chains.Concat(_newChains) : _newChains)
            WriteChain(batch, needed);
        if (WrittenElements > MostElements)
            batch = WriteParts(batch);
        foreach (var table in _tables.Values.Where(table => table.Pending > 0))
            table.Write(batch);
        Execute(batch);
        _state = State.Programmed;
        _chains.UnionWith(_newChains);
        _newChains.Clear();
        foreach (var table in _tables.Values)
            table.Commit();
        RemoveIdleChains();
        if (_clientsMayBeStale)
            ForgetClients();
        _clientsMayBeStale = false;
    }

    // In two transactions: before Linux 6.2 a chain cannot go in the one that takes away what leads to it.
    private void RemoveIdleChains()
    {
        var idle = _chains.Where(chain => !_users.ContainsKey(chain)).ToList();
        if (idle.Count <= MostIdleChains)
            return;
        var (dispatch, chains) = (new NftBatch(), new NftBatch());
        foreach (var service in idle)
        {
            foreach (var map in _layout.DispatchMaps.Where(map => NftLayout.Knows(map, service)))
                dispatch.ElementsDelete(map, [NftLayout.DispatchOf(service)]);
            var chain = _layout.ChainOf(service).Name;
            chains.RulesFlush(family, NftLayout.TableName, chain).ChainDelete(family, NftLayout.TableName, chain);
        }

        Execute(dispatch);
        _chains.ExceptWith(idle);
        Execute(chains);
    }

    // A client must not stay with an endpoint that its service has no more. Notes also end by themselves, at any moment.
    private void ForgetClients()
    {
        for (var attempt = 1; _tables[NftMap.AffinityTimeouts].Count > 0; attempt++)
        {
            var stale = socket.Elements(family, NftLayout.TableName, NftLayout.Affinity).Where(client => !IsEndpoint(client)).ToList();
            try
            {
                Execute(new NftBatch().ElementsDelete(_layout.AffinityMap, stale));
                return;
            }
            catch (LinuxException e) when (e.Errno == Errno.ENOENT && attempt < Attempts)
            {
            }
        }
    }

    private bool IsEndpoint(NftElement client)
    {
        var front = new NftValue(client.Key.Bytes[(family == NftFamily.Ip6 ? 16 : 4)..]);
        return new[] { NftMap.Endpoints, NftMap.LocalEndpoints }.Any(map => Has(_tables[map], front));

        bool Has(ElementTable table, NftValue address)
        {
            for (var i = 0u; table.DataOf(NftValue.Concat(address, NftValue.Host(i))) is { } endpoint; i++)
            {
                if (endpoint == client.Data)
                    return true;
            }

            return false;
        }
    }

    // The order of the maps is the order in which they can come to be: what refers to others comes last.
    private NftBatch WriteParts(NftBatch batch)
    {
        foreach (var table in _tables.Values.Take(_tables.Count - 1).Where(table => table.Pending > 0))
        {
            table.Write(batch);
            Execute(batch);
            _state = State.Programmed;
            table.Commit();
            batch = new NftBatch();
        }

        return batch;
    }

    private void Execute(NftBatch batch)
    {
        if (batch.IsEmpty)
            return;
        socket.Execute(batch, ledger.Generation);
        ledger.Committed();
    }

    private void WriteBase(NftBatch batch)
    {
        // Whatever was there, of us or not, goes in the same transaction: no packet sees a moment without rules.
        batch.TableAdd(_layout.Table).TableDelete(family, NftLayout.TableName).TableAdd(_layout.Table);
        foreach (var set in _layout.AllSets)
            batch.SetAdd(set);
        foreach (var chain in _layout.BaseChains())
            batch.ChainAdd(chain);
        foreach (var rule in _layout.BaseRules())
            batch.RuleAdd(rule);
        foreach (var service in NftLayout.BaseClasses)
            WriteDispatch(batch, service);
    }

    private void WriteChain(NftBatch batch, ServiceClass needed)
    {
        batch.ChainAdd(_layout.ChainOf(needed));
        foreach (var rule in _layout.RulesOf(needed))
            batch.RuleAdd(rule);
        WriteDispatch(batch, needed);
    }

    private void WriteDispatch(NftBatch batch, ServiceClass service)
    {
        foreach (var map in _layout.DispatchMaps.Where(map => NftLayout.Knows(map, service)))
            batch.ElementsAdd(map, [NftLayout.DispatchOf(service)]);
    }

    // False when the table is not there, or not as we would have written it: then it is written anew.
    private bool Adopt()
    {
        _clientsMayBeStale = true;
        ledger.Generation = socket.Generation().Id;
        var standing = socket.Tables().Any(table => table.Family == family && table.Name == NftLayout.TableName && table.Comment == _layout.Table.Comment && !table.Dormant)
            && HasStructure();
        foreach (var (map, table) in _tables)
            table.Adopt(standing ? socket.Elements(family, NftLayout.TableName, _layout.Sets[map].Name) : []);
        return standing;
    }

    private bool HasStructure()
    {
        var sets = socket.Sets(family, NftLayout.TableName).Select(set => set with { Handle = 0 }).ToHashSet();
        if (!sets.SetEquals(_layout.AllSets))
            return false;
        var dispatch = _layout.DispatchMaps.ToDictionary(map => map, map => socket.Elements(family, NftLayout.TableName, map.Name).ToHashSet());
        var classes = dispatch.SelectMany(pair => pair.Value.Select(element => NftLayout.ClassOf(pair.Key, element))).Where(NftLayout.HasOwnChain).Distinct().ToList();
        var chains = socket.Chains(family, NftLayout.TableName).Select(chain => chain with { Handle = 0 }).ToHashSet();
        var rules = socket.Rules(family, NftLayout.TableName);
        if (!chains.SetEquals(_layout.BaseChains().Concat(classes.Select(_layout.ChainOf))) || !SameRules(rules, _layout.BaseRules().Concat(classes.SelectMany(_layout.RulesOf)))
            || !dispatch.All(pair => pair.Value.SetEquals(NftLayout.BaseClasses.Concat(classes).Where(service => NftLayout.Knows(pair.Key, service)).Select(NftLayout.DispatchOf))))
            return false;
        _newChains.UnionWith(_chains.Except(classes));
        _chains.Clear();
        _chains.UnionWith(classes);
        _newChains.ExceptWith(classes);
        return true;
    }

    private static bool SameRules(IEnumerable<NftRule> actual, IEnumerable<NftRule> wanted)
    {
        var left = actual.GroupBy(rule => rule.Chain).ToDictionary(group => group.Key, group => group.ToList());
        var right = wanted.GroupBy(rule => rule.Chain).ToDictionary(group => group.Key, group => group.ToList());
        return left.Count == right.Count && right.All(pair => left.TryGetValue(pair.Key, out var rules) && rules.Count == pair.Value.Count
            && rules.Zip(pair.Value).All(both => both.First.SameAs(both.Second)));
    }

    private static Dictionary<NftMap, ElementTable> NewTables(NftLayout layout) =>
        Enum.GetValues<NftMap>().ToDictionary(map => map, map => new ElementTable(layout.Sets[map]));

    private sealed class Programmed
    {
        /// <summary>Null when it has to be computed again although it did not change.</summary>
        internal ServicePort? Service { get; set; }

        internal required (NftMap Map, NftValue Key)[] Keys { get; init; }

        internal required IReadOnlyList<ServiceClass> Classes { get; init; }
    }
}
