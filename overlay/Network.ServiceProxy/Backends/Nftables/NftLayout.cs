using System.Net;
using Network.Netlink.Netfilter;
using Network.Netlink.Netfilter.Expressions;

namespace Network.ServiceProxy.Backends.Nftables;

/// <summary>The sets and maps; their number does not depend on the number of services.</summary>
internal enum NftMap
{
    Endpoints,
    LocalEndpoints,
    AffinityTimeouts,
    Hairpins,
    LocalServices,
    ShortCircuits,
    FirewallAllow,
    Firewalled,
    ClusterIps,
    Services,
}

/// <summary>
/// The standing part of the rule set of one family: the sets, the base chains, and how the chain of a class looks. Pure.
/// <code>
///  address . protocol . port ->(services) class ->(dispatch) chain of the class: address . protocol . port . random ->(endpoints) dnat
/// </code>
/// </summary>
internal sealed class NftLayout
{
    internal const string TableName = "podnet-proxy";
    internal const string Services = "services", Masquerade = "mark-for-masquerade", Affinity = "affinity", Dispatch = "dispatch";
    private const string DispatchFirewalled = "dispatch-firewalled", DispatchLocal = "dispatch-local", RememberMap = "remember";

    /// <summary>Bit 14 of the packet mark: to be masqueraded.</summary>
    internal const uint Mark = 0x4000;

    // Written into the table: rules of another build are replaced, not adopted.
    private const string Version = "service proxy of podnet, layout 1";
    private const uint MostClients = 1 << 20;
    private readonly ProxySettings _settings;
    private readonly NftPick _pick;

    internal NftLayout(NftFamily family, ProxySettings settings)
    {
        (Family, _settings) = (family, settings);
        AddressType = family == NftFamily.Ip6 ? NftTypes.Ip6 : NftTypes.Ip;
        Table = new NftTable(family, TableName) { Comment = Version };
        _pick = new NftPick(family);
        uint[] front = [AddressType, NftTypes.Protocol, NftTypes.Port], endpoint = [AddressType, NftTypes.Port];
        Sets = new Dictionary<NftMap, NftSet>
        {
            [NftMap.Endpoints] = Set("endpoints", [.. front, NftTypes.Mark], endpoint, "who answers an address, by number"),
            [NftMap.LocalEndpoints] = Set("local-endpoints", [.. front, NftTypes.Mark], endpoint, "who answers on this node, by number"),
            [NftMap.AffinityTimeouts] = Set("affinity-timeouts", front, [NftTypes.ClassId], "seconds that clients of an address stay with their endpoint"),
            [NftMap.Hairpins] = Set("hairpin-connections", [AddressType, AddressType], [], "pods that reach themselves through a service"),
            [NftMap.LocalServices] = Set("local-services", front, [NftTypes.ClassId], "class of an address for strangers, external policy Local"),
            [NftMap.ShortCircuits] = Set("short-circuits", front, [NftTypes.ClassId], "class of an address for pods and the node, external policy Local"),
            [NftMap.FirewallAllow] = Set("firewall-allow", [.. front, AddressType], [], "who may use a load balancer") with { Interval = true },
            [NftMap.Firewalled] = Set("firewalled", front, [NftTypes.ClassId], "class of an address behind the firewall"),
            [NftMap.ClusterIps] = Set("cluster-ips", [AddressType], [], "addresses that only services answer"),
            [NftMap.Services] = Set("services", front, [NftTypes.ClassId], "class of an address") with { Counter = true },
        };
        // Several, because the kernel sees a loop in a chain that a map leads to and that asks the same map again.
        DispatchMaps =
        [
            Set(Dispatch, [NftTypes.ClassId], [NftTypes.Verdict], "chain of a class"),
            Set(DispatchFirewalled, [NftTypes.ClassId], [NftTypes.Verdict], "chain of a class, behind the firewall"),
            Set(DispatchLocal, [NftTypes.ClassId], [NftTypes.Verdict], "chain of a class, once external policy Local has decided"),
            Set(RememberMap, [NftTypes.ClassId], [NftTypes.Verdict], "chain that notes clients, by seconds"),
        ];
        AffinityMap = Set(Affinity, [AddressType, .. front], endpoint, "the endpoint a client stays with") with { HasTimeout = true, Dynamic = true, Size = MostClients };
    }

    internal NftFamily Family { get; }

    internal uint AddressType { get; }

    internal NftTable Table { get; }

    internal IReadOnlyDictionary<NftMap, NftSet> Sets { get; }

    internal IReadOnlyList<NftSet> DispatchMaps { get; }

    internal IEnumerable<NftSet> AllSets => Sets.Values.Append(AffinityMap).Concat(DispatchMaps);

    internal NftSet AffinityMap { get; }

    /// <summary>Chains that stand whether or not there are services.</summary>
    internal IEnumerable<NftChain> BaseChains() =>
    [
        Chain("nat-prerouting") with { Type = "nat", Hook = NftHook.Prerouting, Priority = -100 },
        Chain("nat-output") with { Type = "nat", Hook = NftHook.Output, Priority = -100 },
        Chain("nat-postrouting") with { Type = "nat", Hook = NftHook.Postrouting, Priority = 100 },
        Chain("filter-forward") with { Type = "filter", Hook = NftHook.Forward, Priority = 0 },
        Chain("filter-input") with { Type = "filter", Hook = NftHook.Input, Priority = 0 },
        Chain("filter-postrouting") with { Type = "filter", Hook = NftHook.Postrouting, Priority = 99 },
        Chain(Services), Chain(Masquerade), Chain("reject-chain"), Chain("external-local"), Chain("firewall"),
    ];

    internal IEnumerable<NftRule> BaseRules()
    {
        yield return Rule("nat-prerouting", null, new NftImmediate(NftVerdict.Jump(Services)));
        yield return Rule("nat-output", null, new NftImmediate(NftVerdict.Jump(Services)));
        yield return Rule(Services, null, [.. _pick.Front(0), .. GoBy("services", Dispatch)]);
        yield return Rule(Services, "no such port", NftPayload.DestinationAddress(Family, 0), new NftLookup("cluster-ips", 0), new NftImmediate(NftVerdict.Goto("reject-chain")));
        foreach (var range in _settings.ServiceCidrs.Where(range => range.BaseAddress.AddressFamily == _pick.AddressFamily))
        {
            // What the node itself has of the range stays reachable: its DNS server's address is one.
            yield return Rule(Services, "no such service", [NftPayload.DestinationAddress(Family, 0), .. Within(range),
                new NftFib(NftFibFlags.Destination, NftFibResult.AddressType, 0), new NftCompare(0, NftComparison.NotEqual, NftValue.Host(NftPick.Local)), new NftImmediate(NftVerdict.Drop)]);
        }

        yield return Rule(Masquerade, null, new NftMeta(NftMetaKey.Mark, 0), new NftBitwise(0, 0, NftValue.Host(~Mark), NftValue.Host(Mark)), new NftMeta(NftMetaKey.Mark, 0, Sets: true));
        yield return Rule("reject-chain", null, NftReject.PortUnreachable(Family));
        foreach (var rule in Policies())
            yield return rule;
        yield return Rule("nat-postrouting", "a pod that reaches itself", NftPayload.SourceAddress(Family, 0), NftPayload.DestinationAddress(Family, _pick.AddressWords),
            new NftLookup("hairpin-connections", 0), new NftMasquerade(NftNatFlags.FullyRandom));
        yield return Rule("nat-postrouting", null, new NftMeta(NftMetaKey.Mark, 0), new NftBitwise(0, 0, NftValue.Host(Mark), NftValue.Host(0)),
            new NftCompare(0, NftComparison.NotEqual, NftValue.Host(0)),
            // The mark goes off again, so that a packet that is encapsulated and passes here a second time is not rewritten twice.
            new NftMeta(NftMetaKey.Mark, 0), new NftBitwise(0, 0, NftValue.Host(~Mark), NftValue.Host(0)), new NftMeta(NftMetaKey.Mark, 0, Sets: true),
            new NftMasquerade(NftNatFlags.FullyRandom));
        // Before the source is masqueraded: the client counts, not the node.
        foreach (var chain in new[] { "filter-input", "filter-postrouting" })
        {
            yield return Rule(chain, "clients that stay", [.. InState(NftConntrack.New), .. _pick.FormerFront(0), .. GoBy("affinity-timeouts", RememberMap)]);
        }

        if (!_settings.TcpBeLiberal)
        {
            yield return Rule("filter-forward", "late packets that conntrack would not rewrite", [.. InState(NftConntrack.Invalid), new NftCounter(), new NftImmediate(NftVerdict.Drop)]);
        }
    }

    /// <summary>Classes that have their place whatever the services.</summary>
    internal static IReadOnlyList<ServiceClass> BaseClasses { get; } =
        [new(ClassKind.ExternalLocal), new(ClassKind.Firewalled), new(ClassKind.Reject), new(ClassKind.Drop)];

    internal static NftElement DispatchOf(ServiceClass service) => new(NftValue.Host(service.Id))
    {
        Verdict = service.Kind == ClassKind.Drop ? NftVerdict.Drop : NftVerdict.Goto(service.Chain),
    };

    /// <summary>Whether a dispatch map knows a class.</summary>
    internal static bool Knows(NftSet map, ServiceClass service) => map.Name switch
    {
        Dispatch => service.Kind is not (ClassKind.Local or ClassKind.Remember),
        DispatchFirewalled => service.Kind is ClassKind.External or ClassKind.ExternalLocal,
        RememberMap => service.Kind == ClassKind.Remember,
        _ => service.Kind is ClassKind.Plain or ClassKind.Local or ClassKind.Drop,
    };

    /// <summary>The class that an element of a dispatch map is for.</summary>
    internal static ServiceClass ClassOf(NftSet map, NftElement element)
    {
        var id = BitConverter.ToUInt32(element.Key.Bytes);
        return map.Name == RememberMap ? new ServiceClass(ClassKind.Remember, (int)id) : ServiceClass.Of(id);
    }

    internal static bool HasOwnChain(ServiceClass service) => service.Kind is ClassKind.Plain or ClassKind.ClusterIp or ClassKind.External or ClassKind.Local or ClassKind.Remember;

    internal NftChain ChainOf(ServiceClass service) => Chain(service.Chain);

    internal IEnumerable<NftRule> RulesOf(ServiceClass service)
    {
        if (service.Kind == ClassKind.Remember)
        {
            yield return Rule(service.Chain, null, [.. ClearPriority(), .. _pick.Remember(TimeSpan.FromSeconds(service.Count))]);
            yield break;
        }

        yield return Rule(service.Chain, null, ClearPriority());
        var mark = new NftImmediate(NftVerdict.Jump(Masquerade));
        if (service.Kind == ClassKind.External || (service.Kind == ClassKind.ClusterIp && _settings.MasqueradeAll))
            yield return Rule(service.Chain, null, mark);
        else if (service.Kind == ClassKind.ClusterIp && PodCidr is { } pods)
            yield return Rule(service.Chain, "not from a pod", [NftPayload.SourceAddress(Family, 0), .. Within(pods, NftComparison.NotEqual), mark]);
        foreach (var step in _pick.Steps(service))
            yield return Rule(service.Chain, null, step);
    }

    private IPNetwork? PodCidr => _settings.ClusterCidr is { } pods && pods.BaseAddress.AddressFamily == _pick.AddressFamily ? pods : null;

    private IEnumerable<NftRule> Policies()
    {
        if (PodCidr is { } pods)
        {
            yield return Rule("external-local", "pods choose from all",
                [NftPayload.SourceAddress(Family, 0), .. Within(pods), .. _pick.Front(0), .. GoBy("short-circuits", DispatchLocal)]);
        }

        NftExpression[] fromHere = [new NftFib(NftFibFlags.Source, NftFibResult.AddressType, 0), new NftCompare(0, NftComparison.Equal, NftValue.Host(NftPick.Local))];
        yield return Rule("external-local", "so does the node itself", [.. fromHere, new NftImmediate(NftVerdict.Jump(Masquerade))]);
        yield return Rule("external-local", null, [.. fromHere, .. _pick.Front(0), .. GoBy("short-circuits", DispatchLocal)]);
        yield return Rule("external-local", "strangers stay on this node", [.. _pick.Front(0), .. GoBy("local-services", DispatchLocal)]);
        yield return Rule("firewall", "source ranges", [.. _pick.Front(0), NftPayload.SourceAddress(Family, _pick.FrontWords), new NftLookup("firewall-allow", 0, Inverted: true), new NftImmediate(NftVerdict.Drop)]);
        yield return Rule("firewall", null, [.. _pick.Front(0), .. GoBy("firewalled", DispatchFirewalled)]);
    }

    // nft 1.0.6 aborts on the result of one map as the key of another, so the class goes by way of the packet's priority, which
    // routing sets anew for what is forwarded. It is of the first packet of a connection only, and each chain clears it.
    private static NftExpression[] GoBy(string classes, string chains) =>
        [new NftLookup(classes, 0, 0), new NftMeta(NftMetaKey.Priority, 0, Sets: true), new NftMeta(NftMetaKey.Priority, 0), new NftLookup(chains, 0, Decides: true)];

    private static NftExpression[] ClearPriority() => [new NftImmediate(0, NftValue.Host(0)), new NftMeta(NftMetaKey.Priority, 0, Sets: true)];

    private static NftExpression[] InState(uint state) =>
        [new NftConntrack(NftConntrackKey.State, 0), new NftBitwise(0, 0, NftValue.Host(state), NftValue.Host(0)), new NftCompare(0, NftComparison.NotEqual, NftValue.Host(0))];

    private static NftExpression[] Within(IPNetwork range, NftComparison comparison = NftComparison.Equal)
    {
        var mask = new byte[range.BaseAddress.GetAddressBytes().Length];
        for (var bit = 0; bit < range.PrefixLength; bit++)
            mask[bit / 8] |= (byte)(0x80 >> (bit % 8));
        return [new NftBitwise(0, 0, new NftValue(mask), new NftValue(new byte[mask.Length])), new NftCompare(0, comparison, NftValue.Of(range.BaseAddress))];
    }

    private NftChain Chain(string name) => new(Family, TableName, name);

    private NftRule Rule(string chain, string? comment, params NftExpression[] expressions) => new(Family, TableName, chain, expressions) { Comment = comment };

    private NftSet Set(string name, uint[] key, uint[] data, string comment) => new(Family, TableName, name) { Key = key, Data = data, Comment = comment };
}
