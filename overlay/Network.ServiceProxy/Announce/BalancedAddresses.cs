using System.Net;
using System.Net.Sockets;
using Network.Linux;
using Network.Netlink.Netfilter;
using Network.Netlink.Netfilter.Expressions;

namespace Network.ServiceProxy.Announce;

/// <summary>
/// What the kernel does with packets to load balancers' addresses that no service port takes: echo requests are answered, anything else is
/// refused, where a router would send it back to the segment it came from.
/// </summary>
public sealed class BalancedAddresses(string? netNs)
{
    private const string TableName = "podnet-balanced", SetName = "addresses";
    private const byte Icmp = 1, EchoRequest = 8, Icmp6 = 58, EchoRequest6 = 128;
    private static readonly NftFamily[] s_families = [NftFamily.Ip, NftFamily.Ip6];
    private HashSet<IPAddress>? _written;

    /// <summary>Makes the kernel's sets equal; nothing is written when they are already.</summary>
    public void Program(IReadOnlyCollection<IPAddress> addresses)
    {
        if (_written?.SetEquals(addresses) == true || (_written is null && addresses.Count == 0 && !Exists()))
            return;
        using var socket = NftSocket.Open(netNs);
        var batch = new NftBatch();
        foreach (var family in s_families)
        {
            var own = addresses.Where(address => address.AddressFamily == (family == NftFamily.Ip ? AddressFamily.InterNetwork : AddressFamily.InterNetworkV6)).ToList();
            if (family == NftFamily.Ip6 && own.Count == 0 && _written?.Any(address => address.AddressFamily == AddressFamily.InterNetworkV6) == false)
                continue;
            var table = new NftTable(family, TableName) { Comment = "load balancers' addresses" };
            batch.TableAdd(table).TableDelete(family, TableName);
            if (own.Count > 0)
                Add(batch.TableAdd(table), family, own);
        }

        socket.Execute(batch);
        _written = [.. addresses];
    }

    public static void Remove(string? netNs)
    {
        try
        {
            using var socket = NftSocket.Open(netNs);
            foreach (var family in s_families)
                socket.TryExecute(new NftBatch().TableDelete(family, TableName));
        }
        catch (LinuxException)
        {
            // A kernel without nf_tables has nothing of ours.
        }
    }

    private bool Exists()
    {
        using var socket = NftSocket.Open(netNs);
        return socket.Tables().Any(table => s_families.Contains(table.Family) && table.Name == TableName);
    }

    private static void Add(NftBatch batch, NftFamily family, IReadOnlyCollection<IPAddress> addresses)
    {
        var set = new NftSet(family, TableName, SetName) { Key = [family == NftFamily.Ip ? NftTypes.Ip : NftTypes.Ip6], Comment = "addresses of load balancers" };
        batch.SetAdd(set).ElementsAdd(set, addresses.Select(address => new NftElement(NftValue.Of(address))));
        NftExpression[] toThem = [NftPayload.DestinationAddress(family, 0), new NftLookup(SetName, 0)];
        batch.ChainAdd(new NftChain(family, TableName, "echo") { Type = "nat", Hook = NftHook.Prerouting, Priority = -95 });
        batch.RuleAdd(new NftRule(family, TableName, "echo",
        [
            .. toThem, new NftMeta(NftMetaKey.TransportProtocol, 0), new NftCompare(0, NftComparison.Equal, new NftValue([family == NftFamily.Ip ? Icmp : Icmp6])),
            new NftPayload(NftPayloadBase.Transport, 0, 1, 0), new NftCompare(0, NftComparison.Equal, new NftValue([family == NftFamily.Ip ? EchoRequest : EchoRequest6])), new NftRedirect(),
        ]) { Comment = "the node answers ping" });
        // What a service takes has another destination by then.
        batch.ChainAdd(new NftChain(family, TableName, "closed") { Type = "filter", Hook = NftHook.Forward, Priority = 10 });
        batch.RuleAdd(new NftRule(family, TableName, "closed", [.. toThem, NftReject.PortUnreachable(family)]) { Comment = "no service has the port" });
    }
}
