using Network.Netlink.Netfilter;
using Network.ServiceProxy.Backends.Nftables;

namespace Network.ServiceProxy.Walk;

/// <summary>The rules of our table, as the kernel has them or as they would be written.</summary>
internal sealed record NftRuleSet(NftFamily Family, IReadOnlyList<NftChain> Chains, ILookup<string, NftRule> Rules, IReadOnlyDictionary<string, NftSetContent> Sets)
{
    internal static NftRuleSet Read(NftSocket socket, NftFamily family) => new(
        family,
        socket.Chains(family, NftLayout.TableName),
        socket.Rules(family, NftLayout.TableName).ToLookup(rule => rule.Chain),
        socket.Sets(family, NftLayout.TableName).ToDictionary(set => set.Name, set => new NftSetContent(set, socket.Elements(family, NftLayout.TableName, set.Name))));

    /// <summary>What a fresh start would write.</summary>
    internal static NftRuleSet Compile(NftView view, IEnumerable<Model.ServicePort> services)
    {
        var layout = new NftLayout(view.Family, view.Settings);
        var elements = services.OrderBy(service => service.Key, StringComparer.Ordinal).Select(service => ServiceElements.For(service, view)).ToList();
        var classes = elements.SelectMany(service => service.Classes).Distinct().ToList();
        var contents = layout.Sets.ToDictionary(
            pair => pair.Value.Name,
            pair => new NftSetContent(pair.Value, elements.SelectMany(service => service.Elements).Where(wanted => wanted.Map == pair.Key).DistinctBy(wanted => wanted.Key)
                .Select(wanted => new NftElement(wanted.Key) { Data = wanted.Data, KeyEnd = wanted.KeyEnd, Comment = wanted.Comment })));
        foreach (var map in layout.DispatchMaps)
            contents[map.Name] = new NftSetContent(map, NftLayout.BaseClasses.Concat(classes).Where(known => NftLayout.Knows(map, known)).Select(NftLayout.DispatchOf));
        contents[layout.AffinityMap.Name] = new NftSetContent(layout.AffinityMap, []);
        return new NftRuleSet(view.Family, [.. layout.BaseChains(), .. classes.Select(layout.ChainOf)],
            layout.BaseRules().Concat(classes.SelectMany(layout.RulesOf)).ToLookup(rule => rule.Chain), contents);
    }
}

/// <summary>A set and what is in it.</summary>
internal sealed class NftSetContent
{
    private readonly NftSet _set;
    private readonly Dictionary<NftValue, NftElement> _elements = [];
    private readonly List<NftElement> _ranges = [];

    internal NftSetContent(NftSet set, IEnumerable<NftElement> elements)
    {
        _set = set;
        foreach (var element in elements)
        {
            if (element.KeyEnd.Length > 0)
                _ranges.Add(element);
            else
                _elements[element.Key] = element;
        }
    }

    internal int KeyLength => _set.KeyLength;

    internal NftElement? Find(ReadOnlySpan<byte> key)
    {
        if (_elements.TryGetValue(new NftValue(key), out var found))
            return found;
        foreach (var range in _ranges)
        {
            if (Holds(range, key))
                return range;
        }

        return null;
    }

    private bool Holds(NftElement range, ReadOnlySpan<byte> key)
    {
        var at = 0;
        foreach (var field in _set.Key)
        {
            var length = NftTypes.SizeOf(field);
            if (key.Slice(at, length).SequenceCompareTo(range.Key.Bytes.Slice(at, length)) < 0 || key.Slice(at, length).SequenceCompareTo(range.KeyEnd.Bytes.Slice(at, length)) > 0)
                return false;
            at += (length + 3) & ~3;
        }

        return true;
    }
}
