using Network.Netlink.Netfilter;

namespace Network.ServiceProxy.Backends.Iptables.Stores;

/// <summary>The kernel's own chains of iptables' tables, as iptables-nft makes them.</summary>
internal static class Builtins
{
    private static readonly Dictionary<(string Table, string Chain), (string Type, NftHook Hook, int Priority)> s_all = new()
    {
        [("nat", "PREROUTING")] = ("nat", NftHook.Prerouting, -100),
        [("nat", "INPUT")] = ("nat", NftHook.Input, 100),
        [("nat", "OUTPUT")] = ("nat", NftHook.Output, -100),
        [("nat", "POSTROUTING")] = ("nat", NftHook.Postrouting, 100),
        [("filter", "INPUT")] = ("filter", NftHook.Input, 0),
        [("filter", "FORWARD")] = ("filter", NftHook.Forward, 0),
        [("filter", "OUTPUT")] = ("filter", NftHook.Output, 0),
    };

    internal static bool Has(string table, string chain) => s_all.ContainsKey((table, chain));

    internal static NftChain Make(NftFamily family, string table, string chain)
    {
        var (type, hook, priority) = s_all[(table, chain)];
        return new NftChain(family, table, chain) { Type = type, Hook = hook, Priority = priority };
    }
}
