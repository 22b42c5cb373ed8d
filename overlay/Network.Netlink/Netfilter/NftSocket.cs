using Network.Linux;
using Network.Netlink.Interop;
using Network.Netlink.Protocol;
using Network.Netlink.Transport;

namespace Network.Netlink.Netfilter;

/// <summary>
/// nf_tables of one network namespace. Opened inside it once, then used from any thread (one at a time) without entering it
/// again.
/// </summary>
public sealed class NftSocket : IDisposable
{
    private readonly NetlinkSocket _socket;

    /// <summary>Over a transport of the caller's: the in-memory one in tests.</summary>
    public NftSocket(INetlinkTransport transport) => _socket = new NetlinkSocket(transport);

    private NftSocket(NetlinkSocket socket) => _socket = socket;

    /// <param name="netNs">Namespace name or path; null means the calling thread's.</param>
    public static NftSocket Open(string? netNs = null) => new(NetlinkSocket.Open(NfnetlinkH.NETLINK_NETFILTER, netNs));

    /// <summary>All changes or none; throws the first refusal.</summary>
    /// <param name="generation">
    /// The generation the changes were computed against; when others have committed since, the kernel refuses with ERESTART. 0 to
    /// go ahead in any case.
    /// </param>
    public void Execute(NftBatch batch, uint generation = 0)
    {
        if (TryExecute(batch, generation) is [var first, ..])
            throw first.Error;
    }

    /// <summary>All changes or none; returns every refusal, by index of the change (0 for the whole).</summary>
    public IReadOnlyList<NetlinkRefusal> TryExecute(NftBatch batch, uint generation = 0)
    {
        if (batch.IsEmpty)
            return [];
        batch.Seal(generation);
        return _socket.TryTransact(batch);
    }

    public NftGeneration Generation()
    {
        var request = new NetlinkBatch();
        Ask(request, NfTablesH.NFT_MSG_GETGEN, NetlinkH.NLM_F_REQUEST, 0, "get nf_tables generation").Dispose();
        return _socket.TryGet<NftGeneration>(request, NftParser.TryParse, out var generation)
            ? generation
            : throw new LinuxException("get nf_tables generation", Errno.EIO, "the answer makes no sense");
    }

    public IReadOnlyList<NftTable> Tables() =>
        _socket.Dump<NftTable>(request => Ask(request, NfTablesH.NFT_MSG_GETTABLE, Dump, 0, "list tables").Dispose(), NftParser.TryParse);

    public IReadOnlyList<NftChain> Chains(NftFamily family, string table) => _socket.Dump(
        request => Ask(request, NfTablesH.NFT_MSG_GETCHAIN, Dump, family, $"list chains of {table}").Dispose(),
        (NetlinkMessage message, out NftChain chain) => NftParser.TryParse(message, out chain) && chain.Table == table);

    public IReadOnlyList<NftRule> Rules(NftFamily family, string table, string? chain = null) => _socket.Dump(
        request =>
        {
            using var message = Ask(request, NfTablesH.NFT_MSG_GETRULE, Dump, family, $"list rules of {table}");
            message.Put(NfTablesH.NFTA_RULE_TABLE, table);
            if (chain is not null)
                message.Put(NfTablesH.NFTA_RULE_CHAIN, chain);
        },
        (NetlinkMessage message, out NftRule rule) => NftParser.TryParse(message, out rule) && rule.Table == table && (chain is null || rule.Chain == chain));

    /// <summary>How many rules each chain of a table has; chains without are not named. Cheaper than <see cref="Rules"/>.</summary>
    public IReadOnlyDictionary<string, int> RuleCounts(NftFamily family, string table) => _socket.Dump(
        request =>
        {
            using var message = Ask(request, NfTablesH.NFT_MSG_GETRULE, Dump, family, $"count rules of {table}");
            message.Put(NfTablesH.NFTA_RULE_TABLE, table);
        },
        (NetlinkMessage message, out string chain) => NftParser.TryParseChainOf(message, table, out chain)).CountBy(chain => chain).ToDictionary(StringComparer.Ordinal);

    public IReadOnlyList<NftSet> Sets(NftFamily family, string table) => _socket.Dump<NftSet>(
        request =>
        {
            using var message = Ask(request, NfTablesH.NFT_MSG_GETSET, Dump, family, $"list sets of {table}");
            message.Put(NfTablesH.NFTA_SET_TABLE, table);
        },
        NftParser.TryParse);

    public IReadOnlyList<NftElement> Elements(NftFamily family, string table, string set)
    {
        var lists = _socket.Dump<NftElementList>(
            request =>
            {
                using var message = Ask(request, NfTablesH.NFT_MSG_GETSETELEM, Dump, family, $"list elements of {table} {set}");
                message.Put(NfTablesH.NFTA_SET_ELEM_LIST_TABLE, table);
                message.Put(NfTablesH.NFTA_SET_ELEM_LIST_SET, set);
            },
            NftParser.TryParse);
        return lists.Count == 1 ? lists[0].Elements : lists.SelectMany(list => list.Elements).ToList();
    }

    public void Dispose() => _socket.Dispose();

    private const ushort Dump = NetlinkH.NLM_F_REQUEST | NetlinkH.NLM_F_DUMP;

    private static NetlinkWriter Ask(NetlinkBatch request, ushort message, ushort flags, NftFamily family, string operation)
    {
        var writer = request.Begin(NftBatch.TypeOf(message), flags, operation);
        writer.Header(new nfgenmsg { nfgen_family = (byte)family, version = NfnetlinkH.NFNETLINK_V0 });
        return writer;
    }
}
